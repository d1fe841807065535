"""Analyse files in several processes, which inherit what was learnt of the project before they were made."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .engine import Engine, Report

# A few files at a time: the files of one folder often ask for the same modules.
_CHUNK = 16


class Answer(NamedTuple):
    """A file's report, or in words what broke the analysis of this one file."""

    path: str
    report: Report | None
    error: str = ""


class _Inherited:
    """What the processes find when they begin; it is too large to be sent to them."""

    engine: Engine | None = None


def answers(engine: Engine, paths: Sequence[str], jobs: int) -> Iterator[Answer]:
    """Analyse the files, in ``jobs`` processes where the system can fork; the answers come in the order of paths."""
    if jobs < 2 or len(paths) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        for path in paths:
            yield _answer(engine, path)
        return
    engine.prepare(sorted({str(Path(path).parent) for path in paths}))
    _Inherited.engine = engine
    try:
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
            yield from pool.map(_inherited_answer, paths, chunksize=_CHUNK)
    finally:
        _Inherited.engine = None


def _inherited_answer(path: str) -> Answer:
    assert _Inherited.engine is not None
    return _answer(_Inherited.engine, path)


def _answer(engine: Engine, path: str) -> Answer:
    try:
        return Answer(path, engine.analyse(path))
    except Exception as error:
        return Answer(path, None, f"{type(error).__name__}: {' '.join(str(error).split())}")
