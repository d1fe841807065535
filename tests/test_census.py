"""The census: an entry is only spawned where nothing else in the project names it; doubt counts as a reference."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from textwrap import dedent

import pytest

from flake8_django_threads.engine import Engine, Options

MODELS = "from django.db import models\n\n\nclass Order(models.Model):\n    pass\n"
HEAD = "import threading\n\nfrom shop.models import Order\n\n\n"
RECOUNT = "def recount():\n    Order.objects.count()\n\n\n"
SPAWN = "threading.Thread(target=recount).start()\n"
ELSEWHERE = "import threading\n\nfrom shop.jobs import recount\n\n\n"


def project(folder: Path, **files: str) -> Path:
    """A package ``shop`` with models and these modules."""
    shop = folder / "shop"
    shop.mkdir()
    for name, text in {"__init__": "", "models": MODELS, **files}.items():
        (shop / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def counted(folder: Path, name: str = "jobs", engine: Engine | None = None) -> list[tuple[int, bool]]:
    """The line of each finding of a module, and whether its entry is only spawned."""
    engine = engine or Engine(Options(census=True), cwd=str(folder))
    report = engine.analyse(f"shop/{name}.py")
    assert report.problems == ()
    # Most of these modules start their threads at import, which is a finding of its own, without an edit.
    assert all((f.code, f.remedy is None) in {("DJT001", False), ("DJT401", True)} for f in report.findings)
    return [(f.span.line, f.remedy.only_spawned) for f in report.findings if f.remedy is not None]


def only_spawned(folder: Path, name: str = "jobs") -> bool:
    """The one answer for all findings of a module, of which there is at least one."""
    (answer,) = {only for _, only in counted(folder, name)}
    return answer


def test_one_spawn_is_the_only_reference(tmp_path: Path) -> None:
    assert only_spawned(project(tmp_path, jobs=HEAD + RECOUNT + SPAWN))


def test_without_a_census_nothing_is_claimed(tmp_path: Path) -> None:
    project(tmp_path, jobs=HEAD + RECOUNT + SPAWN)
    assert counted(tmp_path, engine=Engine(cwd=str(tmp_path))) == [(10, False)]


def test_several_spawns_in_several_files(tmp_path: Path) -> None:
    project(
        tmp_path,
        jobs=HEAD + RECOUNT + SPAWN + SPAWN,
        views=ELSEWHERE + "def view(request):\n    " + SPAWN,
        tasks="import threading\n\nfrom shop import jobs\n\nthreading.Timer(3, jobs.recount).start()\n",
    )
    assert counted(tmp_path) == [(10, True), (11, True)]
    assert counted(tmp_path, "views") == [(7, True)]
    assert counted(tmp_path, "tasks") == [(5, True)]


REFERENCES = {
    "call": "recount()",
    "call in a function": "def view():\n    return recount()",
    "alias": "again = recount",
    "attribute": "import shop.jobs\nshop.jobs.recount()",
    "text": "import shop.jobs\ngetattr(shop.jobs, 'recount')()",
    "in a list": "JOBS = [print, recount]",
    "in a dict": "JOBS = {'daily': recount}",
    "in a class body": "class Jobs:\n    daily = recount",
    "decorator": "@recount\ndef view(): ...",
    "argument of a decorator": "def on(f):\n    return lambda g: g\n\n\n@on(recount)\ndef view(): ...",
    "decorator of a class": "@recount\nclass View: ...",
    "base of a class": "class View(recount): ...",
    "keyword of a class": "class View(metaclass=recount): ...",
    "default of a parameter": "def view(job=recount): ...",
    "default of a lambda's parameter": "view = lambda job=recount: job()",
    "annotation of a parameter": "def view(job: recount): ...",
    "body of a lambda": "view = lambda: recount()",
    "comprehension": "jobs = [recount for _ in 'ab']",
    "inner function": "def view():\n    def inner():\n        recount()\n    return inner",
    "argument of the thread": "threading.Thread(target=print, args=(recount,)).start()",
    "method of the same name": "class Shop:\n    def refresh(self):\n        self.recount()",
    "branch": "if __debug__:\n    recount()",
    "yield": "def view():\n    yield recount",
    "delete": "del recount",
    "f-string": "print(f'{recount()}')",
    "dotted text": "JOBS = ['shop.jobs.recount']",
    "dotted text of an entry point": "JOBS = ['shop.jobs:recount']",
    "import under another name": "from shop.jobs import recount as again\nagain()",
    "name made of an f-string": "import shop.jobs\ngetattr(shop.jobs, f'rec{1}')()",
    "name made by a percent sign": "import shop.jobs\ngetattr(shop.jobs, 'rec%s' % 'ount')()",
    "name made of two": "import shop.jobs\ngetattr(shop.jobs, 're' + 'count')()",
    "name with a written end": "import shop.jobs\ngetattr(shop.jobs, f'{1}count')()",
    "name with an end added": "import shop.jobs\nkind = 're'\ngetattr(shop.jobs, kind + 'count')()",
}


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=REFERENCES)
def test_a_reference_in_another_file_counts(tmp_path: Path, reference: str) -> None:
    project(tmp_path, jobs=HEAD + RECOUNT + SPAWN, views=ELSEWHERE + reference + "\n")
    assert not only_spawned(tmp_path)


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=REFERENCES)
def test_a_reference_in_the_same_file_counts(tmp_path: Path, reference: str) -> None:
    text = HEAD + RECOUNT + SPAWN
    found = counted(project(tmp_path, jobs=text + reference + "\n"))
    assert found[0] == (10, False)


@pytest.mark.parametrize(
    "text",
    [
        "from shop.jobs import recount\n",
        "from shop.jobs import recount as again\n",
        "# recount()\n",
        '"""Calls recount at night."""\n',
        "def recount_all(): ...\n",
        "recounted = 1\n",
        "def view(recount): ...\n",
        "print(recount=1)\n",
        "from unittest.mock import patch\nwith patch('shop.jobs.recount'): ...\n",
        "import shop.jobs\ngetattr(shop.jobs, f'sync_{1}')()\n",
        "import shop.jobs\ngetattr(shop.jobs, f'{1}_sync')()\n",
        "TEXT = 'we shall recount'\n",
        "TEXT = 'recount.md'\n",
    ],
)
def test_what_is_no_reference(tmp_path: Path, text: str) -> None:
    assert only_spawned(project(tmp_path, jobs=HEAD + RECOUNT + SPAWN, views=text))


def test_a_definition_of_the_same_name_is_no_reference_but_its_calls_are(tmp_path: Path) -> None:
    project(tmp_path, jobs=HEAD + RECOUNT + SPAWN, other="def recount():\n    pass\n")
    assert only_spawned(tmp_path)
    (tmp_path / "shop" / "other.py").write_text("def recount():\n    pass\n\n\nrecount()\n", encoding="utf-8")
    assert not only_spawned(tmp_path)


def test_a_spawn_of_another_function_of_the_same_name_counts(tmp_path: Path) -> None:
    other = "import threading\n\n\ndef recount():\n    pass\n\n\n" + SPAWN
    assert not only_spawned(project(tmp_path, jobs=HEAD + RECOUNT + SPAWN, other=other))


def test_recursion_counts(tmp_path: Path) -> None:
    body = "def recount():\n    if Order.objects.count():\n        recount()\n\n\n"
    assert not only_spawned(project(tmp_path, jobs=HEAD + body + SPAWN))


def test_a_method(tmp_path: Path) -> None:
    text = HEAD + dedent("""\
        class Shop:
            def recount(self):
                Order.objects.count()

            def refresh(self):
                threading.Thread(target=self.recount).start()
        """)
    project(tmp_path, jobs=text)
    assert only_spawned(tmp_path)
    (tmp_path / "shop" / "other.py").write_text("def f(anything):\n    anything.recount()\n", encoding="utf-8")
    assert not only_spawned(tmp_path)


def test_a_partial_and_a_spawn_by_position_hold_the_reference(tmp_path: Path) -> None:
    text = HEAD + "from functools import partial\n\n\n" + RECOUNT
    text += "threading.Thread(None, recount).start()\nthreading.Thread(target=partial(recount)).start()\n"
    assert counted(project(tmp_path, jobs=text)) == [(13, True), (14, True)]


def test_an_entry_that_reaches_the_spawn_under_a_variable_counts(tmp_path: Path) -> None:
    """The variable's own line names the entry outside the spawn."""
    text = HEAD + RECOUNT + "job = recount\nthreading.Thread(target=job).start()\n"
    assert not only_spawned(project(tmp_path, jobs=text))


def test_a_job_handed_to_a_pool(tmp_path: Path) -> None:
    text = "from concurrent.futures import ThreadPoolExecutor\n\nfrom shop.models import Order\n\n\n" + RECOUNT
    text += "pool = ThreadPoolExecutor()\npool.submit(recount)\n"
    project(tmp_path, jobs=text)
    finding, at_import = Engine(Options(census=True), cwd=str(tmp_path)).analyse("shop/jobs.py").findings
    assert at_import.code == "DJT401"
    assert (finding.code, finding.span.line) == ("DJT101", 11)
    assert finding.remedy is not None
    assert finding.remedy.only_spawned


def test_an_argument_of_a_spawn_helper_counts_as_any_other_reference(tmp_path: Path) -> None:
    helper = "import threading\n\n\ndef background(job):\n    threading.Thread(target=job).start()\n"
    text = "from shop.helpers import background\nfrom shop.models import Order\n\n\n" + RECOUNT
    text += "def view(request):\n    background(recount)\n"
    project(tmp_path, helpers=helper, jobs=text)
    # A helper may also call what it is given at once (``if settings.EAGER: job()``), so nothing is edited in place.
    assert counted(tmp_path) == [(10, False)]


def test_a_lambda_has_no_name_to_count(tmp_path: Path) -> None:
    text = HEAD + "threading.Thread(target=lambda: Order.objects.count()).start()\n"
    assert not only_spawned(project(tmp_path, jobs=text))


NESTED = HEAD + dedent("""\
    def view(request):
        def recount():
            Order.objects.count()

        threading.Thread(target=recount).start()
    """)


def test_an_inner_function_is_only_named_in_its_own_file(tmp_path: Path) -> None:
    project(tmp_path, jobs=NESTED, other="def recount(): ...\n\n\nrecount()\n")
    assert only_spawned(tmp_path)


def test_an_inner_function_that_is_also_called(tmp_path: Path) -> None:
    assert not only_spawned(project(tmp_path, jobs=NESTED + "    recount()\n"))


def test_an_inner_function_is_counted_in_its_own_file_alone(tmp_path: Path) -> None:
    """A file that does not parse says nothing of a name that it cannot see."""
    project(tmp_path, jobs=NESTED, broken="recount = (\n")
    assert only_spawned(tmp_path)


def test_a_file_that_does_not_parse_and_holds_the_name(tmp_path: Path) -> None:
    project(tmp_path, jobs=HEAD + RECOUNT + SPAWN, broken="recount = (\n")
    assert not only_spawned(tmp_path)


def test_a_file_that_does_not_parse_and_does_not_hold_the_name(tmp_path: Path) -> None:
    assert only_spawned(project(tmp_path, jobs=HEAD + RECOUNT + SPAWN, broken="other = (\n"))


def test_a_file_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    project(tmp_path, jobs=HEAD + RECOUNT + SPAWN)
    (tmp_path / "shop" / "latin.py").write_bytes(b"recount()  # \xe9\n")
    assert only_spawned(tmp_path)


RUN = HEAD + "class Recount(threading.Thread):\n    def run(self):\n        Order.objects.count()\n\n\n"


def test_the_body_of_a_thread_class_is_run_by_the_thread(tmp_path: Path) -> None:
    project(tmp_path, jobs=RUN + "Recount().start()\n", other="def f(server):\n    server.run()\n")
    assert counted(tmp_path) == [(7, True)]


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("from shop.jobs import Recount\nRecount().run()\n", False),
        ("from shop import jobs\njobs.Recount(daemon=True).run()\n", False),
        ("from shop.jobs import Recount\ndef view():\n    return Recount().run()\n", False),
        ("class Server: ...\n\n\nServer().run()\n", True),
        ("import os\nos.Server().run()\n", True),
        ("def make(): ...\n\n\nmake()().run()\n", True),
        ("def run(): ...\n\n\nrun()\n", True),
        ("name = 'run'\n", True),
        ("from shop.jobs import Recount\nthread = Recount()\nthread.run()\n", False),
        ("from shop.jobs import Recount as Thread\nThread().run()\n", False),
        ("from shop.jobs import Recount\ndef view(thread=Recount()):\n    thread.run()\n", False),
        ("from shop.jobs import Recount\nfor thread in [Recount()]:\n    thread.run()\n", False),
        ("from shop.jobs import Recount\nclass Twice(Recount): ...\n\n\nTwice().run()\n", False),
        ("from shop.jobs import Recount\nclass Twice(Recount):\n    def now(self):\n        self.run()\n", False),
        (
            "from shop.jobs import Recount\nclass V:\n    def f(s):\n        s.t = Recount()\n        s.t.run()\n",
            False,
        ),
        ("import subprocess\nfrom shop.jobs import Recount\nsubprocess.run(Recount)\n", True),
        ("from shop.jobs import Recount\nserver = Server()\nserver.run(Recount)\n", True),
        ("from shop.jobs import Recount\nclass Other:\n    def now(self):\n        self.run(Recount)\n", True),
        ("from shop.jobs import Recount\nclass Twice(Recount):\n    def run(self):\n        super().run()\n", True),
        ("from shop.jobs import Recount\nx = Recount.run(\n", False),
    ],
)
def test_the_body_of_a_thread_class_called_without_a_thread(tmp_path: Path, call: str, answer: bool) -> None:
    assert only_spawned(project(tmp_path, jobs=RUN, other=call)) is answer


def test_tests_are_references_too(tmp_path: Path) -> None:
    project(tmp_path, jobs=HEAD + RECOUNT + SPAWN)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_jobs.py").write_text(ELSEWHERE + "recount()\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").touch()
    assert not only_spawned(tmp_path)


def test_the_answer_is_the_same_in_any_order(tmp_path: Path) -> None:
    view = "def view(request):\n    " + SPAWN
    project(tmp_path, jobs=HEAD + RECOUNT + SPAWN, a=ELSEWHERE + view, b=ELSEWHERE + view + "\n\nrecount()\n")
    alone = {name: counted(tmp_path, name) for name in ("jobs", "a", "b")}
    assert alone == {"jobs": [(10, False)], "a": [(7, False)], "b": [(7, False)]}
    for order in permutations(alone):
        engine = Engine(Options(census=True), cwd=str(tmp_path))
        assert {name: counted(tmp_path, name, engine) for name in order} == alone


def test_a_name_that_is_passed_on_under_another_counts(tmp_path: Path) -> None:
    project(
        tmp_path,
        jobs=HEAD + RECOUNT + SPAWN,
        api="from shop.jobs import recount as count_again\n",
        views="from shop.api import count_again as now\n\n\ndef view(request):\n    now()\n",
    )
    assert not only_spawned(tmp_path)


def test_a_spawn_under_another_name_is_one(tmp_path: Path) -> None:
    other = "import threading\n\nfrom shop.jobs import recount as again\n\n\nthreading.Thread(target=again).start()\n"
    assert only_spawned(project(tmp_path, jobs=HEAD + RECOUNT + SPAWN, other=other))


METHOD = HEAD + dedent("""\
    class Shop:
        def recount(self{more}):
            Order.objects.count()

        def start(self):
            threading.Thread(target=self.recount, args={args}).start()
    """)


@pytest.mark.parametrize(
    ("name", "text", "more", "answer"),
    [
        ("shop.html", "{{ shop.recount }}", "", False),
        ("shop.html", "{% if shop.recount %}", ", *now", False),
        ("shop.j2", "{{ shop.recount() }}", ", now=True", False),
        ("shop.html", "{{ shop.recount }}", ", now", True),
        ("shop.html", "{{ shop.recounted }} recount", "", True),
        ("shop.csv", "shop.recount", "", True),
    ],
)
def test_a_template_calls_a_method_without_parameters(
    name: str, text: str, more: str, answer: bool, tmp_path: Path
) -> None:
    args = "(1,)" if more == ", now" else "()"
    project(tmp_path, jobs=METHOD.format(more=more, args=args))
    (tmp_path / "shop" / "templates").mkdir()
    (tmp_path / "shop" / "templates" / name).write_text(text, encoding="utf-8")
    assert only_spawned(tmp_path) is answer
