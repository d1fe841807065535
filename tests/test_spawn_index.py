"""The spawn index: a project's own functions that hand what they are given to a thread make their calls spawns."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from textwrap import dedent

import pytest

from flake8_django_threads.engine import Engine, Options

MODELS = "from django.db import models\n\n\nclass Order(models.Model):\n    pass\n"
RECOUNT = "def recount(*args):\n    Order.objects.count()\n\n\n"
SILENT: list[tuple[str, int, int]] = []


def project(folder: Path, **files: str) -> Path:
    """A package ``shop`` with models and these modules; ``_IN_`` in a name stands for a folder."""
    for name, text in {"__init__": "", "models": MODELS, **files}.items():
        file = folder / "shop" / f"{name.replace('_IN_', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    return folder


def found(folder: Path, name: str, engine: Engine | None = None) -> list[tuple[str, int, int]]:
    """The findings of a module, as code, line and column."""
    report = (engine or Engine(cwd=str(folder))).analyse(f"shop/{name.replace('_IN_', '/')}.py")
    assert report.problems == ()
    return [(finding.code, finding.span.line, finding.span.col) for finding in report.findings]


def calling(helper: str, call: str) -> str:
    """A module that imports from ``shop.helpers`` and makes one call, on line 10."""
    return f"from shop.helpers import {helper}\nfrom shop.models import Order\n\n\n{RECOUNT}def view():\n    {call}\n"


HELPERS = {
    "function": ("def run(job):\n    threading.Thread(target=job).start()", "run", "run(recount)"),
    "by keyword": ("def run(*, job):\n    threading.Thread(target=job).start()", "run", "run(job=recount)"),
    "timer": ("def run(job):\n    threading.Timer(3, job).start()", "run", "run(recount)"),
    "with arguments": (
        "def run(job, *args, **kwargs):\n    threading.Thread(target=job, args=args, kwargs=kwargs).start()",
        "run",
        "run(recount, 1)",
    ),
    "closure": (
        "def run(job):\n    def work():\n        job()\n\n    threading.Thread(target=work).start()",
        "run",
        "run(recount)",
    ),
    "either": (
        "def run(job, now):\n    if now:\n        job()\n    else:\n        threading.Thread(target=job).start()",
        "run",
        "run(recount, False)",
    ),
    "inner function that spawns": (
        "def run(job):\n    def start():\n        threading.Thread(target=job).start()\n\n    start()",
        "run",
        "run(recount)",
    ),
    "init": (
        "class Runner:\n    def __init__(self, job):\n        threading.Thread(target=job).start()",
        "Runner",
        "Runner(recount)",
    ),
    "method": (
        "class Runner:\n    def go(self, job):\n        threading.Thread(target=job).start()",
        "Runner",
        "Runner().go(recount)",
    ),
    "static method": (
        "class Runner:\n    @staticmethod\n    def go(job):\n        threading.Thread(target=job).start()",
        "Runner",
        "Runner.go(recount)",
    ),
    "class method": (
        "class Runner:\n    @classmethod\n    def go(cls, job):\n        threading.Thread(target=job).start()",
        "Runner",
        "Runner.go(recount)",
    ),
    "partial": (
        "from functools import partial\n\n\ndef run(job):\n    threading.Thread(target=partial(job, 1)).start()",
        "run",
        "run(recount)",
    ),
    "each of many": (
        "def run(*jobs):\n    for job in jobs:\n        threading.Thread(target=job).start()",
        "run",
        "run(recount)",
    ),
    "lambda": ("def run(job):\n    threading.Thread(target=lambda: job()).start()", "run", "run(recount)"),
    "of a helper of a helper": (
        "def a(job):\n    threading.Thread(target=job).start()\n\n\ndef b(j):\n    a(j)\n\n\ndef run(j):\n    b(j)",
        "run",
        "run(recount)",
    ),
}
HEAD = "import threading\n\n\n"
RUN = HEAD + "def run(job):\n    threading.Thread(target=job).start()\n"


@pytest.mark.parametrize(("helper", "name", "call"), HELPERS.values(), ids=HELPERS)
def test_a_call_of_a_helper_is_a_spawn(tmp_path: Path, helper: str, name: str, call: str) -> None:
    project(tmp_path, helpers=HEAD + helper + "\n", views=calling(name, call))
    assert found(tmp_path, "views") == [("DJT001", 10, 4)]
    assert found(tmp_path, "helpers") == SILENT


@pytest.mark.parametrize("around", ["if True:\n    ", "class View:\n    job = "])
def test_a_helper_called_as_its_caller_is_imported(tmp_path: Path, around: str) -> None:
    text = f"from shop.helpers import run\nfrom shop.models import Order\n\n\n{RECOUNT}{around}run(recount)\n"
    project(tmp_path, helpers=RUN, views=text)
    assert found(tmp_path, "views") == [("DJT001", 10, len(around.rpartition("\n")[2]))]
    assert found(tmp_path, "helpers") == SILENT


def test_a_helper_in_its_third_round(tmp_path: Path) -> None:
    middle = "from shop.{0} import {1}\n\n\ndef {2}(job):\n    {1}(job)\n"
    project(
        tmp_path,
        helpers=RUN,
        second=middle.format("helpers", "run", "later"),
        third=middle.format("second", "later", "much_later"),
        views=calling("much_later", "much_later(recount)").replace("shop.helpers", "shop.third"),
    )
    assert found(tmp_path, "views") == [("DJT001", 10, 4)]
    assert [found(tmp_path, name) for name in ("helpers", "second", "third")] == [SILENT] * 3


def test_a_job_for_a_pool_of_the_project(tmp_path: Path) -> None:
    helper = """\
        from concurrent.futures import ThreadPoolExecutor

        POOL = ThreadPoolExecutor()


        def enqueue(job):
            return POOL.submit(job)
        """
    project(tmp_path, helpers=helper, views=calling("enqueue", "enqueue(recount)"))
    assert found(tmp_path, "views") == [("DJT101", 10, 4)]
    assert found(tmp_path, "helpers") == SILENT


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from shop import helpers", "helpers.run(recount)"),
        ("import shop.helpers", "shop.helpers.run(recount)"),
        ("import shop.helpers as h", "h.run(recount)"),
        ("from shop.helpers import *", "run(recount)"),
        ("from . import helpers", "helpers.run(recount)"),
        ("from .helpers import run", "run(recount)"),
    ],
)
def test_ways_to_name_a_helper(tmp_path: Path, imports: str, call: str) -> None:
    text = f"{imports}\nfrom shop.models import Order\n\n\n{RECOUNT}def view():\n    {call}\n"
    project(tmp_path, helpers=RUN, views=text)
    assert found(tmp_path, "views") == [("DJT001", 10, 4)]


def test_the_finding_names_the_entry_and_keeps_silent_of_the_helper(tmp_path: Path) -> None:
    project(tmp_path, helpers=RUN, views=calling("run", "run(recount)"))
    (finding,) = Engine(cwd=str(tmp_path)).analyse("shop/views.py").findings
    assert finding.message.startswith("recount() runs in a new thread")
    assert finding.remedy is not None
    assert finding.remedy.entry is not None
    assert finding.remedy.entry.span.short == "shop/views.py:5"


def test_a_helper_in_an_init_file_is_near_its_folders_name(tmp_path: Path) -> None:
    text = calling("run", "run(recount)").replace("shop.helpers", "shop.tools")
    project(tmp_path, tools_IN___init__=RUN, views=text)
    assert found(tmp_path, "views") == [("DJT001", 10, 4)]


def test_a_helper_of_a_helper_in_another_module(tmp_path: Path) -> None:
    later = "from shop.helpers import run\n\n\ndef later(job):\n    run(job)\n"
    text = calling("later", "later(recount)").replace("shop.helpers", "shop.scheduling")
    project(tmp_path, helpers=RUN, scheduling=later, views=text)
    assert found(tmp_path, "views") == [("DJT001", 10, 4)]
    assert found(tmp_path, "scheduling") == SILENT


def test_a_helper_that_calls_back_what_it_is_given_spawns_nothing(tmp_path: Path) -> None:
    helper = HEAD + "def run(job):\n    job()\n    threading.Thread(target=print).start()\n"
    project(tmp_path, helpers=helper, views=calling("run", "run(recount)"))
    assert found(tmp_path, "views") == SILENT


def test_a_helper_that_closes_is_silent(tmp_path: Path) -> None:
    helper = """\
        import threading

        from django.db import connection


        def run(job):
            def work():
                try:
                    job()
                finally:
                    connection.close()

            threading.Thread(target=work).start()
        """
    project(tmp_path, helpers=helper, views=calling("run", "run(recount)"))
    assert found(tmp_path, "views") == SILENT


DECORATORS = """\
import functools
import threading


def spawned(job):
    @functools.wraps(job)
    def start(*args, **kwargs):
        threading.Thread(target=job, args=args, kwargs=kwargs).start()

    return start


def named(name):
    def decorate(job):
        def start(*args, **kwargs):
            threading.Thread(target=job, name=name, args=args, kwargs=kwargs).start()

        return start

    return decorate


def guarded(job):
    def start(*args):
        def work():
            job(*args)

        threading.Thread(target=work).start()

    return start


class Tools:
    @staticmethod
    def spawned(job):
        def start(*args):
            threading.Thread(target=job, args=args).start()

        return start


def plain(job):
    return job
"""


@pytest.mark.parametrize(
    "decorator", ["spawned", "named('recount')", "named(name='recount')", "guarded", "Tools.spawned"]
)
def test_a_spawning_decorator_is_found_on_its_line(tmp_path: Path, decorator: str) -> None:
    text = f"""\
        from shop.helpers import Tools, guarded, named, spawned
        from shop.models import Order


        @{decorator}
        def recount(number):
            Order.objects.count()


        class Shop:
            @{decorator}
            def close(self):
                Order.objects.count()

            @{decorator}
            def quiet(self):
                print(self)
        """
    project(tmp_path, helpers=DECORATORS, views=text)
    assert found(tmp_path, "views") == [("DJT001", 5, 1), ("DJT001", 11, 5)]
    assert found(tmp_path, "helpers") == SILENT


def test_a_decorator_that_spawns_nothing_and_a_decorated_inner_function(tmp_path: Path) -> None:
    text = """\
        from shop.helpers import plain, spawned
        from shop.models import Order


        @plain
        def recount():
            Order.objects.count()


        def view():
            @spawned
            def inner():
                Order.objects.count()

            recount()
        """
    project(tmp_path, helpers=DECORATORS, views=text)
    assert found(tmp_path, "views") == SILENT


DUNDER = HEAD + dedent("""\
    class Runner:
        def __call__(self, job):
            threading.Thread(target=job).start()

        def __lshift__(self, job):
            threading.Thread(target=job).start()
    """)


def test_a_dunder_is_no_helper_by_name(tmp_path: Path) -> None:
    project(tmp_path, helpers=DUNDER, views=calling("Runner", "Runner()(recount)"))
    engine = Engine(cwd=str(tmp_path))
    assert found(tmp_path, "views", engine) == SILENT
    assert engine.analyse("shop/views.py").spawns == 0


def test_a_common_name_makes_no_findings_elsewhere(tmp_path: Path) -> None:
    """What is called ``set`` or ``get`` elsewhere is something else, whichever words stand beside it."""
    helper = HEAD + "def set(job):\n    threading.Thread(target=job).start()\n"
    text = """\
        # The helpers of the shop are not used here.
        from shop.models import Order


        def recount():
            Order.objects.count()


        def view(cache, helpers):
            cache.set(recount)
            helpers.set(recount)
            return set(recount())
        """
    project(tmp_path, helpers=helper, views=text, own=calling("set", "set(recount)"))
    assert found(tmp_path, "views") == SILENT
    assert found(tmp_path, "own") == [("DJT001", 10, 4)]


def test_a_method_of_an_unrelated_class_is_no_helper(tmp_path: Path) -> None:
    helper = HEAD + "class Runner:\n    def go(self, job):\n        threading.Thread(target=job).start()\n"
    text = """\
        from shop.helpers import Runner
        from shop.models import Order


        class Walker:
            def go(self, job):
                return Runner, job


        def recount():
            Order.objects.count()


        def view():
            Walker().go(recount)
        """
    project(tmp_path, helpers=helper, views=text)
    assert found(tmp_path, "views") == SILENT


def test_without_the_index_a_call_of_a_helper_is_silent(tmp_path: Path) -> None:
    project(tmp_path, helpers=RUN, views=calling("run", "run(recount)"))
    engine = Engine(Options(survey=False), cwd=str(tmp_path))
    assert found(tmp_path, "helpers", engine) == SILENT
    assert found(tmp_path, "views", engine) == SILENT


def test_a_file_with_the_helpers_name_but_not_its_modules_stays_unparsed(tmp_path: Path) -> None:
    project(tmp_path, helpers=RUN, broken="run(\n", near="helpers run(\n")
    engine = Engine(cwd=str(tmp_path))
    assert engine.analyse("shop/broken.py").problems == ()
    assert [problem.path for problem in engine.analyse("shop/near.py").problems] == ["shop/near.py"]


def test_files_that_cannot_be_read_or_parsed_are_passed_over(tmp_path: Path) -> None:
    project(tmp_path, helpers=RUN, views=calling("run", "run(recount)"), broken="import threading\nthreading.Thread(\n")
    (tmp_path / "shop" / "latin.py").write_bytes(b"from shop.helpers import run  # \xe9\n")
    assert found(tmp_path, "views") == [("DJT001", 10, 4)]


def test_unsaved_text_of_a_helper_counts(tmp_path: Path) -> None:
    project(tmp_path, helpers="def run(job):\n    job()\n", views=calling("run", "run(recount)"))
    assert found(tmp_path, "views") == SILENT
    engine = Engine(overlay={str(tmp_path / "shop" / "helpers.py"): RUN}, cwd=str(tmp_path))
    assert found(tmp_path, "views", engine) == [("DJT001", 10, 4)]


def test_the_answer_is_the_same_alone_and_in_any_order(tmp_path: Path) -> None:
    later = "from shop.helpers import run\n\n\ndef later(job):\n    run(job)\n"
    views = calling("later", "later(recount)").replace("shop.helpers", "shop.scheduling")
    project(tmp_path, helpers=RUN, scheduling=later, views=views, jobs=calling("run", "run(recount)"))
    expected = {
        "helpers": SILENT,
        "scheduling": SILENT,
        "views": [("DJT001", 10, 4)],
        "jobs": [("DJT001", 10, 4)],
    }
    for name, answer in expected.items():
        assert found(tmp_path, name) == answer
    for order in permutations(expected):
        engine = Engine(cwd=str(tmp_path))
        assert {name: found(tmp_path, name, engine) for name in order} == expected


def test_preparing_changes_no_answer(tmp_path: Path) -> None:
    project(tmp_path, helpers=RUN, views=calling("run", "run(recount)"))
    engine = Engine(cwd=str(tmp_path))
    engine.prepare(["shop", "shop/views.py"])
    assert found(tmp_path, "views", engine) == [("DJT001", 10, 4)]


@pytest.mark.parametrize(
    ("base", "head", "parsed"),
    [
        ("Base", "class Base:\n    pass\n", False),
        ("Base", "from django.views import View as Base\n", False),
        ("WorkerPool", "from somewhere import WorkerPool\n", True),
        ("Base", "from somewhere import WorkerPool as Base\n", True),
        ("Base", "from somewhere import WorkerPool\n\n\nclass Base(WorkerPool):\n    pass\n", True),
    ],
)
def test_a_class_is_parsed_for_its_making_only_if_it_may_be_a_thread(
    tmp_path: Path, base: str, head: str, parsed: bool
) -> None:
    """Going by the names of its bases, in all files."""
    helper = "from threading import Thread\nfrom shop.reports import Report\n\n\ndef run(job):\n    Report(job)\n"
    project(tmp_path, helpers=helper, reports=f"{head}\n\nclass Report({base}):\n    pass\n")
    engine = Engine(cwd=str(tmp_path))
    engine.prepare(["."])
    assert engine.loaded == 1 + parsed
