"""Where a library runs what it is given: cases that put a row to use, and the two threads that are compared."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from flake8_django_threads.models.load import load

Job: TypeAlias = Callable[..., object]
Run: TypeAlias = Callable[[Job, Path], object]
SECONDS = 20
MODELS = load()


class Cases(dict[str, Run]):
    """How each row, by its path, is put to use: a function that gets a job to hand over, and a folder of its own."""

    def of(self, path: str, table: str = "spawn") -> Callable[[Run], Run]:
        """Register the function for the row of ``table`` with this path; it may return before the job has run."""
        assert MODELS.find(table, path) is not None, path

        def register(run: Run) -> Run:
            self[path] = run
            return run

        return register


def runs_elsewhere(run: Run, folder: Path) -> bool:
    """Whether the job that ``run`` hands over runs in another thread than the one that hands it over."""
    ran: Future[int] = Future()

    def job(*_: object, **__: object) -> None:
        """Note the thread."""
        if not ran.done():
            ran.set_result(threading.get_ident())

    with ThreadPoolExecutor(1) as caller:
        here = caller.submit(threading.get_ident).result()
        caller.submit(run, job, folder).result(SECONDS)
        return ran.result(SECONDS) != here
