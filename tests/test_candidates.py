"""The candidates: which calls are worth running the function around them, told by names, imports and words alone."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from flake8_django_threads.effects.candidates import MOST_ALIASES, Candidates
from flake8_django_threads.facts.records import ModuleFacts
from flake8_django_threads.models.load import load
from flake8_django_threads.project.beyond import Beyond
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources
from flake8_django_threads.project.store import Store
from flake8_django_threads.values.interpreter import Interpreter

# A line is marked where its call, or one of them, is a candidate; ``background`` is known as a helper.
CALLS = """\
    import functools
    import json
    import threading
    from threading import Thread, Thread as Fibre
    from concurrent.futures import ThreadPoolExecutor
    from shop import background, other
    from asgiref.sync import sync_to_async

    spawn = Thread
    again = spawn
    pool = ThreadPoolExecutor()

    class Worker(Thread):
        pass

    class Counter:
        pass

    def view(job, pool):
        Thread(target=job)  # candidate
        threading.Thread(target=job)  # candidate
        Fibre(target=job)  # candidate
        spawn(target=job)  # candidate
        again(target=job)  # candidate
        pool.submit(job)  # candidate
        background(job)  # candidate
        shop.background(job)  # candidate
        background.delay(job)
        other(job)
        Worker(job)  # candidate
        Counter()
        job.Thread()  # candidate
        print(job)
        json.dumps(job)
        json.submit(job)
        functools.partial(Thread, target=job)()  # candidate
        functools.partial(print, job)()
        functools.partial(background, job)()  # candidate
        functools.partial(Worker)()  # candidate
        job()()  # candidate
        sync_to_async(job)
        sync_to_async(job, thread_sensitive=False)  # candidate
        sync_to_async(job, **job)  # candidate
    """


@pytest.fixture
def run(tmp_path: Path) -> Interpreter:
    sources = Sources()
    models = load()
    resolver = Resolver(sources, str(tmp_path), {row.path.partition(".")[0] for row in models.rows()})
    return Interpreter(Store(sources), resolver, models, Beyond(sources))


def module(run: Interpreter, folder: Path, text: str) -> ModuleFacts:
    path = folder / "jobs.py"
    path.write_text(dedent(text), encoding="utf-8")
    facts = run.modules.facts(str(path))
    assert isinstance(facts, ModuleFacts)
    return facts


def lines(run: Interpreter, facts: ModuleFacts, text: str | None = None) -> set[int]:
    """The lines with a candidate."""
    candidates = Candidates(run)
    candidates.read(text)
    helpers = frozenset({"background"})
    return {call.at[0] for call, scope in facts.calls if candidates.may_spawn(facts, call, scope, helpers)}


def test_which_calls_are_candidates(run: Interpreter, tmp_path: Path) -> None:
    marked = {number for number, line in enumerate(CALLS.splitlines(), 1) if line.endswith("# candidate")}
    begin = next(number for number, line in enumerate(CALLS.splitlines(), 1) if "def view" in line)
    assert {line for line in lines(run, module(run, tmp_path, CALLS)) if line > begin} == marked


def test_a_name_counts_where_the_words_that_go_with_it_are_in_the_text(run: Interpreter, tmp_path: Path) -> None:
    facts = module(run, tmp_path, "def view(pool, job):\n    pool.submit(job)\n    pool.Thread(job)\n")
    assert lines(run, facts) == {2, 3}
    assert lines(run, facts, "Thread") == {3}
    assert lines(run, facts, "") == set()


def test_a_method_of_a_helper_counts_whatever_else_is_in_the_text(run: Interpreter, tmp_path: Path) -> None:
    """A pool that another module keeps under this name."""
    text = "def view(pool, job):\n    background.submit(job)\n    background.other(job)\n    pool.submit(job)\n"
    assert lines(run, module(run, tmp_path, text), "") == {2}


@pytest.mark.parametrize(("aliases", "found"), [(1, True), (MOST_ALIASES, True), (MOST_ALIASES + 1, False)])
def test_a_spawner_is_followed_through_so_many_names(
    run: Interpreter, tmp_path: Path, aliases: int, found: bool
) -> None:
    chain = [f"name_{i + 1} = name_{i}\n" for i in range(aliases)]
    text = f"from threading import Thread as name_0\n{''.join(chain)}name_{aliases}(target=print)\n"
    assert bool(lines(run, module(run, tmp_path, text))) == found


DECORATORS = """\
    from shop import unknown
    from huey import crontab
    from asgiref.sync import sync_to_async
    hidden = sync_to_async

    @unknown
    def a(): ...
    @sync_to_async
    def b(): ...
    @sync_to_async(thread_sensitive=False)
    def c(): ...
    @sync_to_async(thread_sensitive=True)
    def d(): ...
    @hidden
    def e(): ...
    @crontab()
    def f(): ...
    """


def test_which_decorators_are_candidates(run: Interpreter, tmp_path: Path) -> None:
    facts = module(run, tmp_path, DECORATORS)
    candidates = Candidates(run)
    candidates.read(None)
    found = {f.name for f in facts.functions for mark in f.decorators if candidates.may_decorate(facts, mark)}
    assert found == {"b", "c", "d", "e"}
