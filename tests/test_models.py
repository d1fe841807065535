"""The models answer what a dotted path means, and a user's rows change the answer."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from flake8_django_threads.models.load import Models, load, load_file
from flake8_django_threads.models.schema import Row, Slot, read_tables
from flake8_django_threads.values.tables import HANDLERS

TABLES = """
[[type]]
path = "pool.Base"
same = ["pool.impl.Base", "old.Base"]
why = "Moved."

[[type]]
path = "pool.Kid"
bases = ["old.Base"]
why = "A kid."

[[type]]
path = "pool.Grandkid"
bases = ["pool.Kid", "pool.Other"]
why = "A grandkid."

[[spawn]]
path = "pool.Base().send"
callable = { position = 0, keyword = "job" }
args = "rest"
kind = "pool"
why = "Runs in a worker."

[[touch]]
path = "pool.Base()"
methods = ["read", "write"]
why = "Reads."

[[touch]]
path = "pool.Base()"
on = ["iter", "bool"]
returns = "row"
why = "Evaluates."

[[lazy]]
path = "pool.Kid().read"
why = "A kid's read is lazy."

[[touch]]
path = "pool.Other().more"
why = "Reads more."
"""


def models(*texts: str) -> Models:
    tables = [(f"rows-{number}.toml", tomllib.loads(text)) for number, text in enumerate(texts)]
    return Models([row for source, table in tables for row in read_tables(source, table)])


def found(known: Models, table: str, path: str, on: str = "call") -> Row:
    row = known.find(table, path, on)
    assert row is not None, path
    return row


@pytest.fixture(scope="module")
def shipped() -> Models:
    return load()


def test_other_spellings_lead_to_one_path() -> None:
    known = models(TABLES)
    assert known.canonical("old.Base().send") == "pool.Base().send"
    assert known.canonical("old.Baseline") == "old.Baseline"
    assert found(known, "spawn", "pool.impl.Base().send").callable == Slot(0, "job")


def test_the_longest_spelling_is_replaced_first_and_the_result_again() -> None:
    known = models(
        '[[type]]\npath = "b"\nsame = ["a"]\nwhy = "w"\n'
        '[[type]]\npath = "b.Y"\nsame = ["a.X", "b.X"]\nwhy = "w"\n'
        '[[type]]\npath = "c.Y"\nsame = ["b.Y"]\nwhy = "w"\n'
    )
    assert [known.canonical(path) for path in ("a.X().m", "a.Z", "b.X")] == ["c.Y().m", "b.Z", "c.Y"]


def test_two_paths_that_name_each_other_end() -> None:
    known = models('[[type]]\npath = "a"\nsame = ["b"]\nwhy = "w"\n[[type]]\npath = "b"\nsame = ["a"]\nwhy = "w"\n')
    assert known.canonical("a.x") in {"a.x", "b.x"}


def test_methods_spread_over_all_paths() -> None:
    known = models('[[quiet]]\npaths = ["a.A()", "b.B()"]\nmethods = ["x", "y"]\nwhy = "w"\n')
    assert {row.path for row in known.rows("quiet")} == {"a.A().x", "a.A().y", "b.B().x", "b.B().y"}


def test_a_method_is_looked_up_along_the_bases() -> None:
    known = models(TABLES)
    assert found(known, "spawn", "pool.Grandkid().send").path == "pool.Base().send"
    assert found(known, "touch", "pool.Grandkid().write").path == "pool.Base().write"
    assert found(known, "touch", "pool.Grandkid().more").path == "pool.Other().more"
    assert known.find("touch", "pool.Base().more") is None


def test_a_nearer_row_of_another_state_table_hides_that_of_the_base() -> None:
    known = models(TABLES)
    assert found(known, "touch", "pool.Base().read").why == "Reads."
    assert known.find("touch", "pool.Grandkid().read") is None
    assert found(known, "lazy", "pool.Grandkid().read").path == "pool.Kid().read"


def test_events_are_apart() -> None:
    known = models(TABLES)
    assert found(known, "touch", "pool.Kid()", "bool").returns == "row"
    assert known.find("touch", "pool.Kid()", "len") is None
    assert known.find("touch", "pool.Kid()") is None


def test_ancestry_follows_rows_and_ends_in_a_circle() -> None:
    circle = '[[type]]\npath = "x.A"\nbases = ["x.B"]\nwhy = "w"\n[[type]]\npath = "x.B"\nbases = ["x.A"]\nwhy = "w"\n'
    known = models(TABLES, circle)
    assert known.bases("pool.Kid") == ("pool.Base",)
    assert known.is_a("pool.Grandkid", "pool.impl.Base")
    assert not known.is_a("pool.Base", "pool.Kid")
    assert not known.is_a("x.A", "pool.Base")
    assert known.find("touch", "x.A().m") is None


def test_a_later_row_replaces_an_earlier_one() -> None:
    known = models(TABLES, '[[touch]]\npath = "old.Base().write"\nreturns = "self"\nwhy = "Mine."\n')
    row = found(known, "touch", "pool.Base().write")
    assert (row.returns, row.why, row.source) == ("self", "Mine.", "rows-1.toml")
    assert [row.path for row in known.rows("touch")].count("pool.Base().write") == 1


def test_a_later_row_for_one_event_leaves_the_others() -> None:
    known = models(TABLES, '[[touch]]\npath = "pool.Base()"\non = "iter"\nwhy = "Mine."\n')
    assert found(known, "touch", "pool.Base()", "iter").why == "Mine."
    assert found(known, "touch", "pool.Base()", "bool").why == "Evaluates."


def test_a_retired_row_is_gone_with_all_its_events() -> None:
    known = models(TABLES, '[[touch]]\npaths = ["pool.Base().write", "pool.Base()"]\nenabled = false\n')
    assert known.find("touch", "pool.Kid().write") is None
    assert known.find("touch", "pool.Base()", "iter") is None
    assert found(known, "touch", "pool.Base().read").enabled


def test_a_retired_spawn_leaves_the_gate() -> None:
    known = models(TABLES, '[[spawn]]\npath = "pool.Base().send"\nenabled = false\n')
    assert (models(TABLES).may_spawn("pool.send(x)"), known.may_spawn("pool.send(x)")) == (True, False)


def test_user_rows_join_the_shipped_ones() -> None:
    text = '[[spawn]]\npath = "shop.jobs.run_later"\ncallable = { position = 0 }\nkind = "thread"\nwhy = "w"\n'
    known = load([("mine.toml", tomllib.loads(text))])
    assert found(known, "spawn", "shop.jobs.run_later").source == "mine.toml"
    assert found(known, "spawn", "threading.Thread").source == "threads.toml"
    assert known.may_spawn("from shop.jobs import run_later")


def test_a_table_file_is_parsed(tmp_path: Path) -> None:
    (tmp_path / "rows.toml").write_text(TABLES, "utf-8")
    assert load_file(tmp_path / "rows.toml") == tomllib.loads(TABLES)


def test_every_result_that_a_shipped_row_names_is_known(shipped: Models) -> None:
    """A result that neither a row nor the interpreter speaks of is a slip of the pen."""
    spoken = {shipped.canonical(row.path) for row in shipped.rows()} | HANDLERS.keys()
    owners = {
        path[:end] for path in spoken for end in range(1, len(path) + 1) if path[end : end + 1] in set(".([") | {""}
    }
    named = {shipped.canonical(row.returns) for row in shipped.rows() if row.returns} - {"row", "rows", "self"}
    assert {path for path in named if not {path, path.removesuffix("()")} & owners} == set()


def test_every_spawn_row_gets_its_own_path_through_the_gate(shipped: Models) -> None:
    for row in (*shipped.rows("spawn"), *shipped.rows("subclass")):
        text = row.path.replace("()", "") + (f" {row.requires.keyword}=" if row.requires else "")
        assert shipped.may_spawn(text), row.path


@pytest.mark.parametrize(
    "text",
    [
        "from threading import Thread as T",
        "import threading\nthreading.Timer(1, f).start()",
        "self.executor.submit(work)",
        "loop.run_in_executor(None, work)",
        "await asyncio.to_thread(work)",
        "from multiprocessing.pool import ThreadPool",
        "from multiprocessing.dummy import Pool\nPool(4).map(work, items)",
        "sync_to_async(work, thread_sensitive=False)",
        "scheduler.add_job(tick, 'interval')",
        "class Server(socketserver.ThreadingMixIn): ...",
        "import gevent\ngevent.spawn(work)",
        "from apscheduler.schedulers.background import BackgroundScheduler as B\nadd = B().add_job",
    ],
)
def test_the_gate_lets_a_spawning_text_pass(shipped: Models, text: str) -> None:
    assert shipped.may_spawn(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "form.submit()",
        "Order.objects.filter(pk=1).delete()",
        "subprocess.run(['ls'])",
        "send_mail.apply_async((1,))",
        "list(map(str, items))",
        "await sync_to_async(work)()",
        "async_to_sync(work)()",
        "order.spawn()",
        "connection.close()",
        "order.scheduled_job = None\nuser.has_perm('shop.add_job')",
    ],
)
def test_the_gate_stops_other_texts(shipped: Models, text: str) -> None:
    assert not shipped.may_spawn(text)


def test_no_gate_group_is_implied_by_another(shipped: Models) -> None:
    for group in shipped.gate_words:
        text = "\n".join(group)
        assert [other for other in shipped.gate_words if all(word in text for word in other)] == [group]


@pytest.mark.parametrize(
    ("path", "bases"),
    [
        ("django.contrib.auth.models.User", "django.db.models.base.Model"),
        ("mptt.models.MPTTModel", "django.contrib.gis.db.models.Model"),
        ("wagtail.core.models.Page", "django.db.models.Model"),
        ("django.db.models.fields.related.RelatedManager", "django.db.models.manager.Manager"),
        ("http.server.ThreadingHTTPServer", "socketserver.ThreadingMixIn"),
        ("multiprocessing.dummy.Process", "threading.Thread"),
        ("rest_framework.test.APITestCase", "django.test.testcases.TestCase"),
    ],
)
def test_shipped_classes_have_their_ancestors(shipped: Models, path: str, bases: str) -> None:
    assert shipped.is_a(path, bases)


@pytest.mark.parametrize(
    ("path", "closes", "when"),
    [
        ("django.db.connection.close", "receiver", "always"),
        ("django.db.connections[].close", "receiver", "always"),
        ("django.db.connections.all()[].close", "receiver", "always"),
        ("django.db.connections.close_all", "all", "always"),
        ("django.db.close_old_connections", "all", "max-age-0"),
    ],
)
def test_closes_say_how_far_they_reach(shipped: Models, path: str, closes: str, when: str) -> None:
    row = found(shipped, "close", path)
    assert (row.closes, row.when) == (closes, when)


def test_a_process_is_no_thread(shipped: Models) -> None:
    assert shipped.find("spawn", "concurrent.futures.ProcessPoolExecutor().submit") is None
    assert shipped.find("spawn", "multiprocessing.Process") is None


def test_the_models_of_a_queryset_of_values_are_plain(shipped: Models) -> None:
    row = found(shipped, "lazy", "django.db.models.Manager().values_list")
    assert row.returns is not None
    assert found(shipped, "touch", row.returns, "iter").returns is None
    assert found(shipped, "lazy", f"{row.returns}.filter").returns == "self"
