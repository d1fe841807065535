"""What astroid adds beyond the project's border: found leaks, resolved entries; and no package is ever imported."""

from __future__ import annotations

import importlib
import pydoc
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from flake8_django_threads.project.beyond import Beyond
from flake8_django_threads.project.sources import Sources

# A package whose import would be seen: it writes a file.
KIT = {
    "__init__.py": """
        import pathlib
        pathlib.Path(__file__).with_name("imported.txt").write_text("imported")
        from .tree import Node as Branch
        """,
    "tree.py": """
        from django.db import models

        class Abstract(models.Model):
            class Meta:
                abstract = True

        class Node(Abstract):
            pass

        class Plain:
            pass
        """,
    "workers.py": """
        import threading
        from concurrent.futures import ThreadPoolExecutor

        class Daemon(threading.Thread):
            def __init__(self, **options):
                super().__init__(daemon=True, **options)

        class Pool(ThreadPoolExecutor):
            pass

        class Stopwatch:
            def start(self):
                pass

        def make_pool():
            return Pool(max_workers=2)
        """,
    "closing.py": """
        import contextlib
        import functools
        from django.db import close_old_connections as done, connections

        def always(function):
            @functools.wraps(function)
            def inner(*args):
                try:
                    return function(*args)
                finally:
                    connections.close_all()
            return inner

        def sometimes(function):
            @functools.wraps(function)
            def inner(*args):
                result = function(*args)
                if result:
                    connections.close_all()
                return result
            return inner

        class Closing:
            def __enter__(self):
                return self
            def __exit__(self, *exc):
                connections.close_all()
        """,
    "marks.py": """
        def timed(function):
            def inner(*args):
                print(function.__name__)
                return function(*args)
            return inner

        def named(name):
            def decorator(function):
                function.name = name
                return function
            return decorator

        def register(function):
            return len(function.__name__)
        """,
}
PROJECT = """
    from threading import Thread

    from kit import Branch, closing, marks, workers
    from kit.tree import Plain


    class Folder(Branch):
        pass


    class NoModel(Plain):
        objects = Folder.__class__


    class Sync(workers.Daemon):
        def run(self):
            Folder.objects.count()


    class Watch(workers.Stopwatch):
        def run(self):
            Folder.objects.count()


    def count():
        return Folder.objects.count()


    @closing.always
    def closed():
        count()


    @closing.sometimes
    def perhaps_closed():
        count()


    def closed_by_a_block():
        with closing.Closing():
            count()


    @marks.timed
    def timed():
        count()


    @marks.named("x")
    def named():
        count()


    @marks.register
    def registered():
        count()


    def start():
        Sync().start()
        Watch().start()
        Thread(target=count).start()
        Thread(target=closed).start()
        Thread(target=perhaps_closed).start()
        Thread(target=closed_by_a_block).start()
        Thread(target=timed).start()
        Thread(target=named).start()
        Thread(target=registered).start()
        workers.make_pool().submit(count)
    """
LINT = """
import sys
sys.path[:0] = sys.argv[1:2]
from flake8_django_threads.engine import Engine
report = Engine(cwd=sys.argv[2]).analyse("jobs.py")
for finding in report.findings:
    print(finding.code, finding.message.partition(" ")[0])
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("kit", "django")))
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "environment" / "site-packages"
    (folder / "kit").mkdir(parents=True)
    for name, text in KIT.items():
        (folder / "kit" / name).write_text(textwrap.dedent(text))
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "jobs.py").write_text(textwrap.dedent(PROJECT))
    return folder


def lint(site: Path, *, installed: bool) -> list[str]:
    """Each finding as "code entry", then the modules of the package and of Django that were imported."""
    where = str(site) if installed else str(site.parent)
    command = [sys.executable, "-c", LINT, where, str(site.parents[1] / "project")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_what_is_found_with_the_package_and_without_it(site: Path) -> None:
    without, with_it = lint(site, installed=False), lint(site, installed=True)
    assert without == ["[]"]
    assert with_it == [
        "DJT001 Sync.run()",
        "DJT001 count()",
        "DJT001 timed()",
        "DJT001 named()",
        "DJT101 count()",
        "[]",
    ]


def test_the_package_is_read_and_never_imported(site: Path) -> None:
    assert lint(site, installed=True)[-1] == "[]"
    assert not (site / "kit" / "imported.txt").exists()


@pytest.mark.parametrize(
    ("name", "closes", "passes"),
    [("always", "sure", True), ("sometimes", "maybe", True), ("Closing", "sure", False), ("missing", "", False)],
)
def test_what_is_said_of_closers(site: Path, name: str, closes: str, passes: bool) -> None:
    beyond = Beyond(Sources(), [str(site)])
    assert (beyond.closes(f"kit.closing.{name}"), beyond.passes(f"kit.closing.{name}")) == (closes, passes)


def test_names_that_no_word_speaks_for_cost_no_module(site: Path) -> None:
    beyond = Beyond(Sources(), [str(site)])
    assert beyond.ancestors("kit.marks.timed") == ()
    assert beyond.ancestors("elsewhere.Thing") == ()
    assert beyond.ancestors("threading.Thread") == ()
    assert beyond.asked == 0


def test_the_budget_ends_the_asking(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "kit" / "late.py").write_text("from django.db import models\nclass Late(type(models.Model)):\n    pass\n")
    assert Beyond(Sources(), [str(site)]).ancestors("kit.tree.Node")[0] == "kit.tree.Abstract"
    monkeypatch.setattr("flake8_django_threads.project.beyond.MOST_ASKED", 0)
    beyond = Beyond(Sources(), [str(site)])
    assert (beyond.ancestors("kit.late.Late"), beyond.closes("kit.closing.always")) == ((), "")
    monkeypatch.setattr("flake8_django_threads.project.beyond.MOST_PARSED", 0)
    assert Beyond(Sources(), [str(site)]).ancestors("kit.tree.Node") == ()


@pytest.mark.parametrize("text", ["class Node(", "class Node(Node):\n    models = 1\n", "\0"])
def test_a_package_of_any_text_is_no_trouble(site: Path, text: str) -> None:
    (site / "kit" / "tree.py").write_text(text)
    assert Beyond(Sources(), [str(site)]).ancestors("kit.tree.Node") in ((), ("builtins.object",))


LIBRARIES = (
    "apscheduler.executors.pool",
    "apscheduler.schedulers.background",
    "django_thread",
    "dramatiq.worker",
    "huey.consumer",
    "rq.timeouts",
    "rq.worker.base",
)


def _is_pythons_own(klass: type) -> bool:
    return klass.__module__.partition(".")[0] in sys.stdlib_module_names


def test_says_of_installed_classes_what_importing_them_shows() -> None:
    """The differential test: the ancestors that are read against those that Python makes, in the same order."""
    beyond, agreed = Beyond(Sources()), 0
    for name in LIBRARIES:
        module = importlib.import_module(name)
        for klass in vars(module).values():
            if not isinstance(klass, type) or klass.__module__ != name:
                continue
            said = list(beyond.ancestors(f"{name}.{klass.__name__}"))
            found = [pydoc.locate(each) for each in said]
            # What a class of Python's own library derives from is left to the rows.
            own = [c for c in klass.__mro__[1:] if c in found or not _is_pythons_own(c)]
            assert found in ([], own), klass
            agreed += found == own
    assert agreed >= 8
