"""The inventory of spawn sites: which calls of a file are one, where it stands, what its entry is called."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from flake8_django_threads.engine import Engine, Options, Report
from flake8_django_threads.values import interpreter
from flake8_django_threads.values.interpreter import Exhausted, Interpreter

HEAD = """\
import threading
from concurrent.futures import ThreadPoolExecutor
from django.db import connection, models

class Order(models.Model):
    pass

def recount(*args):
    Order.objects.count()

"""
START = HEAD.count("\n")


def analysed(folder: Path, text: str, options: Options | None = None) -> Report:
    """The report on a module that begins with ``HEAD``."""
    (folder / "jobs.py").write_text(HEAD + dedent(text), encoding="utf-8")
    report = Engine(options, cwd=str(folder)).analyse("jobs.py")
    assert report.problems == ()
    return report


def lines(report: Report) -> list[tuple[str, int]]:
    """The findings as code and line, counted from the end of ``HEAD``."""
    return [(finding.code, finding.span.line - START) for finding in report.findings]


SITES = {
    "a caller in the module knows the arguments": (
        """\
        def start(job):
            threading.Thread(target=job).start()

        def view():
            start(recount)
        """,
        [("DJT001", 5)],
    ),
    "a method of a class inside a function": (
        """\
        def view():
            class Inner:
                def go(self):
                    threading.Thread(target=recount).start()
            return Inner
        """,
        [("DJT001", 4)],
    ),
    "a spawn in the body of a class": (
        """\
        class Shop:
            threading.Thread(target=recount).start()
        """,
        [("DJT001", 2)],
    ),
    "a spawn in the body of a class inside a function": (
        """\
        def view():
            class Shop:
                threading.Thread(target=recount).start()
        """,
        [("DJT001", 3)],
    ),
    "a function inside a function that nobody calls": (
        """\
        def view():
            def outer():
                def inner():
                    threading.Thread(target=recount).start()
        """,
        [("DJT001", 4)],
    ),
    "a spawn inside a thread has its own line": (
        """\
        def first():
            threading.Thread(target=recount).start()

        def view():
            threading.Thread(target=first).start()
        """,
        [("DJT001", 2)],
    ),
    "a callback of the job runs in the worker": (
        """\
        def close(future):
            connection.close()

        def view(pool: ThreadPoolExecutor):
            job = pool.submit(recount)
            other = pool.submit(recount)
            other.add_done_callback(close)
        """,
        [("DJT101", 5), ("DJT102", 7)],
    ),
    "a callback given inside a thread belongs to the job there": (
        """\
        def close(future):
            connection.close()

        def first(pool: ThreadPoolExecutor):
            job = pool.submit(recount)
            job.add_done_callback(close)

        def view():
            threading.Thread(target=first, args=(ThreadPoolExecutor(),)).start()
        """,
        [("DJT102", 6)],
    ),
    "a flag of the object may have changed when the thread runs": (
        """\
        class Shop:
            def start(self):
                self.open = False
                threading.Thread(target=self.work).start()

            def work(self):
                if self.open:
                    recount()
        """,
        [("DJT001", 4)],
    ),
    "a flag of the module may have changed when the thread runs": (
        """\
        OPEN = False

        def start():
            global OPEN
            OPEN = False
            threading.Thread(target=work).start()

        def work():
            if OPEN:
                recount()
        """,
        [("DJT001", 6)],
    ),
    "a local flag is what it is when the thread runs": (
        """\
        def start():
            open_ = False

            def work():
                if open_:
                    recount()

            threading.Thread(target=work).start()
        """,
        [],
    ),
    "a thread class inside a function": (
        """\
        def view():
            class Job(threading.Thread):
                def run(self):
                    recount()
            Job().start()
        """,
        [("DJT001", 3)],
    ),
    "a thread class inside a class": (
        """\
        class Shop:
            class Job(threading.Thread):
                def run(self):
                    recount()
        """,
        [("DJT001", 3)],
    ),
    "a class with run that is no thread": (
        """\
        class Base: ...

        class Job(Base):
            def run(self):
                recount()

        class Bare:
            def run(self):
                recount()

        Job().run()
        """,
        [],
    ),
    "a class whose base is unknown": (
        """\
        from somewhere import Base

        class Job(Base):
            def run(self):
                recount()
        """,
        [],
    ),
    "a thread class that is started with a target of its own": (
        """\
        class Job(threading.Thread):
            pass

        def view():
            Job(target=recount).start()
        """,
        [("DJT001", 5)],
    ),
    "either of two entries is reported once": (
        """\
        def quiet():
            pass

        def view(kind):
            job = recount if kind else quiet
            threading.Thread(target=job).start()
        """,
        [("DJT001", 6)],
    ),
    "two callers with different entries are two findings": (
        """\
        def other():
            Order.objects.get()

        def start(job):
            threading.Thread(target=job).start()

        def view():
            start(recount)
            start(other)
        """,
        [("DJT001", 8), ("DJT001", 9)],
    ),
    "a spawner under a lower name": (
        """\
        from threading import Thread as go

        def view():
            go(target=recount).start()
        """,
        [("DJT001", 4)],
    ),
    "a thread object that is given other work before it starts": (
        """\
        class Job(threading.Thread):
            def __init__(self, job):
                super().__init__()
                self.job = job

            def run(self):
                self.job()

        def view():
            one = Job(recount)
            one.job = print
            one.start()
        """,
        [],
    ),
    "a spawner assigned to another name": (
        """\
        pool = ThreadPoolExecutor()
        later = pool.submit

        def view():
            later(recount)
        """,
        [("DJT101", 5)],
    ),
    "a spawning decorator has a thread of its own, too": (
        """\
        def audited(job):
            def start(*args):
                threading.Thread(target=job, args=args).start()
                threading.Thread(target=recount).start()
            return start

        @audited
        def ping():
            print("ping")

        @audited
        def count():
            recount()
        """,
        [("DJT001", 4), ("DJT001", 11)],
    ),
    "a mistake in an inner function that makes a thread too": (
        """\
        from django.db import connections

        def outer():
            def inner():
                threading.Thread(target=recount).start()
                for each in connections:
                    each.close()
            return inner
        """,
        [("DJT001", 5), ("DJT005", 7)],
    ),
    "a flag that may have changed may also be as it was": (
        """\
        OPEN = False

        def start():
            global OPEN
            OPEN = False
            threading.Thread(target=work).start()

        def work():
            if not OPEN:
                recount()
        """,
        [("DJT001", 6)],
    ),
    "a thread class inside a function knows the function's names": (
        """\
        def view():
            job = recount

            class Job(threading.Thread):
                def run(self):
                    job()

            Job().start()
        """,
        [("DJT001", 5)],
    ),
    "nothing is handed over": (
        """\
        def view():
            threading.Thread().start()
            threading.Thread(target=None).start()
        """,
        [],
    ),
}


@pytest.mark.parametrize(("text", "expected"), SITES.values(), ids=SITES)
def test_where_findings_stand(tmp_path: Path, text: str, expected: list[tuple[str, int]]) -> None:
    assert lines(analysed(tmp_path, text)) == expected


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("recount", "recount()"),
        ("lambda: recount()", "a lambda"),
        ("Shop().work", "Shop.work()"),
        ("Shop()", "Shop()"),
        ("Shop", "Shop()"),
        ("Order(name=1).save", "Order.save()"),
        ("functools.partial(recount, 1)", "recount()"),
        ("connection.cursor", "django.db.connection.cursor()"),
    ],
)
def test_what_a_message_calls_the_entry(tmp_path: Path, target: str, name: str) -> None:
    text = f"""\
        import functools

        class Shop:
            def __init__(self):
                recount()

            def work(self):
                recount()

            def __call__(self):
                recount()

        def view():
            threading.Thread(target={target}).start()
        """
    (finding,) = analysed(tmp_path, text).findings
    assert finding.message.startswith(f"{name} runs in a new thread")


def test_of_two_that_leak_the_first_is_told(tmp_path: Path) -> None:
    text = """\
        def other():
            Order.objects.get()

        def start(one, two):
            threading.Thread(target=one).start()
            threading.Thread(target=two).start()

        def view():
            start(recount, other)
        """
    (finding,) = analysed(tmp_path, text).findings
    assert finding.message.startswith("recount() runs")


def test_a_site_of_another_file_is_not_repeated_where_it_is_called(tmp_path: Path) -> None:
    spawn = "def start():\n    threading.Thread(target=recount).start()\n"
    (tmp_path / "starter.py").write_text("import threading\n\nfrom jobs import recount\n\n\n" + spawn, encoding="utf-8")
    text = """\
        from starter import start

        def view():
            start()
            threading.Thread(target=print).start()
        """
    report = analysed(tmp_path, text)
    assert lines(report) == []
    assert report.spawns == 1
    (finding,) = Engine(cwd=str(tmp_path)).analyse("starter.py").findings
    assert finding.span.short == "starter.py:7"


ELSEWHERE = {
    "a thread class": ("threading.Thread", "recount()", []),
    "one that leaks nothing": ("threading.Thread", "pass", []),
    "a class that is no thread": ("object", "recount()", [("DJT001", 4)]),
}


@pytest.mark.parametrize(("base", "body", "expected"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_the_run_of_a_thread_class_of_another_file_has_its_finding_there(
    tmp_path: Path, base: str, body: str, expected: list[tuple[str, int]]
) -> None:
    worker = f"class Worker({base}):\n    def run(self):\n        {body}\n"
    (tmp_path / "workers.py").write_text(f"import threading\n\nfrom jobs import recount\n\n\n{worker}")
    text = """\
        from workers import Worker

        def view():
            threading.Thread(target=Worker().run).start()
            threading.Thread(target=Worker().run).start()
        """
    twice = [(code, line + more) for code, line in expected for more in (0, 1)]
    assert lines(analysed(tmp_path, text)) == twice
    there = Engine(cwd=str(tmp_path)).analyse("workers.py").findings
    assert bool(there) == (base != "object" and body != "pass")


def test_the_caller_in_the_module_is_asked_without_an_index_too(tmp_path: Path) -> None:
    text, expected = SITES["a caller in the module knows the arguments"]
    assert lines(analysed(tmp_path, text, Options(survey=False))) == expected


GUARDED = "    try:\n        yield Order.objects.count()\n    finally:\n        connection.close()\n"
UNGUARDED = "    yield Order.objects.count()\n    connection.close()\n"
CAREFUL = "    try:\n        Order.objects.count()\n    except Exception:\n        connection.close()\n        raise\n"
ROUNDS = "    while True:\n        try:\n            yield 1\n        except GeneratorExit:\n            {}\n"
GENERATORS = {
    "it closes when it ends": (GUARDED, "        print(page)\n", []),
    "a break closes it": (GUARDED, "        break\n", []),
    "a return closes it": (GUARDED, "        return page\n", []),
    "an exception in the body closes it": (GUARDED, "        raise ValueError(page)\n", []),
    "a query in the body comes before its close": (GUARDED, "        Order.objects.get()\n", []),
    "a round that is cut short goes on with it": (
        GUARDED,
        "        if page:\n            continue\n        Order.objects.get()\n",
        [],
    ),
    "a query in else comes after its close": (
        GUARDED,
        "        print(page)\n    else:\n        Order.objects.get()\n",
        ["DJT003"],
    ),
    "a body that never ends rests in it": (
        GUARDED,
        "        while True:\n            Order.objects.get()\n",
        [],
    ),
    "a handler of its end leaves its loop and gets to the close": (
        f"{CAREFUL}{ROUNDS.format('break')}    connection.close()\n",
        "        break\n",
        [],
    ),
    "a handler of its end leaves its loop, and no close comes": (
        f"{CAREFUL}{ROUNDS.format('break')}",
        "        break\n",
        ["DJT002"],
    ),
    "a handler of its end that returns gets past the close": (
        f"{CAREFUL}{ROUNDS.format('return')}    connection.close()\n",
        "        break\n",
        ["DJT002"],
    ),
    "it never closes": ("    yield Order.objects.count()\n", "        print(page)\n", ["DJT001"]),
    "a break gets past a close that is not in finally": (UNGUARDED, "        break\n", ["DJT002"]),
    "a return gets past a close that is not in finally": (UNGUARDED, "        return\n", ["DJT002"]),
}


@pytest.mark.parametrize(("generator", "body", "codes"), GENERATORS.values(), ids=GENERATORS)
def test_a_loop_over_a_generator_of_the_project(tmp_path: Path, generator: str, body: str, codes: list[str]) -> None:
    text = f"def pages():\n{generator}\ndef job():\n    for page in pages():\n{body}\n"
    text += "threading.Thread(target=job).start()\n"
    assert [code for code, _ in lines(analysed(tmp_path, text))] == codes


EVERYTHING = """\
    import functools
    from contextlib import contextmanager

    class Job(threading.Thread):
        def run(self):
            recount()

    class Named(threading.Thread):
        pass

    def spawned(job):
        @functools.wraps(job)
        def start(*args):
            threading.Thread(target=job, args=args).start()
        return start

    @spawned
    def decorated():
        recount()

    def helper(job):
        threading.Thread(target=job).start()

    def pages(orders):
        for order in orders:
            yield order.save()

    def view(pool: ThreadPoolExecutor):
        helper(recount)
        Named(target=recount).start()
        pool.submit(recount).add_done_callback(print)
        thread = threading.Thread(target=recount)
        thread.start()
        for page in pages(Order.objects.all()):
            threading.Thread(target=recount).start()

    def outer():
        def inner():
            helper(recount)
    """


@pytest.mark.parametrize("budget", [*range(0, 12, 2), *range(13, 120, 12), *range(120, 600, 60)])
def test_when_the_budget_ends_early_nothing_is_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    """Whatever is left out where the steps of running functions end, what is still said is part of the full answer."""
    full = analysed(tmp_path, EVERYTHING)
    left = budget

    def step(run: Interpreter) -> None:
        nonlocal left
        left -= bool(run.active)
        if left < 0 and run.active:
            raise Exhausted("limit: steps")

    monkeypatch.setattr(Interpreter, "step", step)
    short = analysed(tmp_path, EVERYTHING)
    assert set(lines(short)) <= set(lines(full))
    assert len(lines(full)) == 8


def test_each_thread_class_has_a_budget_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many classes are looked at first: what one has spent is not taken from the next."""
    bases = ["Base"] * 60 + ["threading.Thread"] * 30
    text = "".join(f"class Job{i}({base}):\n    def run(self):\n        recount()\n" for i, base in enumerate(bases))
    monkeypatch.setattr(interpreter, "MOST_STEPS", 20)
    assert len(lines(analysed(tmp_path, f"class Base: ...\n{text}"))) == 30
