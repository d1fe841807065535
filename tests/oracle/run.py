"""Runs a case on a database, without exceptions and then with each call made to raise in turn."""

from __future__ import annotations

import functools
import gc
import os
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from oracle.cases import Case
from oracle.databases import Database
from oracle.instrument import Site
from oracle.process import ChildError, be_quiet, isolated
from oracle.roots import call, get, roots, tests
from oracle.stage import Stage

# Seconds for one run, and for all of a case: only what hangs takes so long, also on a busy machine.
SECONDS, CASE_SECONDS = 600.0, 3600.0
# Runs with exceptions of one case, at most.
MOST = 150


@dataclass(frozen=True)
class Seen:
    """One thread or job of one run, as plain data: places are (path, first line, last line, column)."""

    kind: str
    places: frozenset[tuple[str, int, int, int]]
    leaked: bool
    opened: int
    reached: frozenset[Site]
    raised: str
    ended: bool


@dataclass(frozen=True)
class Run:
    """What one run of one root came to: ``raises`` are the calls that were made to raise, ``error`` is a traceback."""

    root: str
    raises: frozenset[Site]
    seen: tuple[Seen, ...]
    error: str


@dataclass(frozen=True)
class Record:
    """All runs of a case; ``problem`` says why there are none."""

    runs: tuple[Run, ...] = ()
    problem: str = ""


def run_case(case: Case, database: Database) -> Record:
    """Run the case in processes of its own."""
    try:
        return isolated(lambda: _run_case(case, database), CASE_SECONDS)
    except ChildError as error:
        return Record(problem=str(error))


def _run_case(case: Case, database: Database) -> Record:
    be_quiet()
    with tempfile.TemporaryDirectory(prefix="djt-case-", ignore_cleanup_errors=True) as folder:
        stage = Stage(case, database, Path(folder))
        stage.set_up()
        # No run may be helped by a collection, and none needs to look at what is there already.
        gc.collect()
        gc.disable()
        gc.freeze()
        try:
            if stage.tracer.observations:
                # It starts its threads when it is imported, and a process with threads cannot be forked.
                return Record((_run(stage, "import", lambda: None, frozenset()),))
            runs = [run for name, root in _roots(stage) for run in _all_runs(stage, name, root)]
        finally:
            stage.clear()
        return Record(tuple(runs))


def _all_runs(stage: Stage, name: str, root: Callable[[], Any]) -> Iterator[Run]:
    """The run as it is; then, call by call, those in which a thread that closed so far has it raise.

    What is reached only because something raised, as a handler's calls are, raises together with that.
    """
    waiting: list[frozenset[Site]] = [frozenset()]
    known: set[Site] = set()
    while waiting and len(known) < MOST:
        raises = waiting.pop(0)
        run = isolated(lambda: _run(stage, name, root, raises), SECONDS)  # noqa: B023  It ends within the round.
        yield run
        reached = sorted({site for seen in run.seen if seen.ended and not seen.leaked for site in seen.reached} - known)
        known.update(reached)
        waiting += [raises | {site} for site in reached]


def _roots(stage: Stage) -> Iterator[tuple[str, Callable[[], Any]]]:
    for path, text in stage.case.runs:
        if text == "tests":
            yield from tests(stage.modules[path])
        else:
            yield text, functools.partial(_statement, stage, path, text)
    if not stage.case.runs:
        yield from roots(stage.modules, stage.case.files)


def _statement(stage: Stage, path: str, text: str) -> None:
    from asgiref.sync import async_to_sync

    given = {"request": get(), "get": get, "sync": async_to_sync, "call": call, "Namespace": SimpleNamespace}
    exec(compile(text, "<run>", "exec"), given | vars(stage.modules[path]))


def _run(stage: Stage, name: str, root: Callable[[], Any], raises: frozenset[Site]) -> Run:
    stage.reconnect()
    stage.fill()
    stage.checkpoints.raises = raises
    me, error = os.getpid(), ""
    stage.tracer.ready = True
    try:
        root()
    except Exception:
        error = traceback.format_exc()
    if os.getpid() != me:
        os._exit(0)
    stage.tracer.settle()
    seen = (
        Seen(one.kind, frozenset(one.places), one.leaked, one.opened, frozenset(one.reached), one.raised, one.ended)
        for one in stage.tracer.observations
    )
    return Run(name, raises, tuple(seen), error)
