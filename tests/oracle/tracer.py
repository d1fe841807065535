"""Watches what a case hands to other threads: each thread or job is let run to its end, then the sessions are counted.

Nothing of Django or of the linter is replaced. The standard library's ways to start a thread are wrapped, so that each
start waits until what it started has ended (or has gone a few times round its endless loop), and no two run at once.
"""

from __future__ import annotations

import _thread
import asyncio
import functools
import inspect
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from itertools import islice, pairwise
from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import FrameType
from typing import Any

from oracle.instrument import Checkpoints, Enough, Site
from oracle.sessions import Sessions

Place = tuple[str, int, int, int]  # path, first line, last line, column
# Threads that these start serve a pool or a loop: what counts are the jobs that are given to it.
POOLS = ("concurrent.futures.", "multiprocessing.pool", "multiprocessing.queues", "apscheduler.", "asyncio.")
# Seconds for which nothing moves after which a start waits no longer for what it started: it waits for its starter.
PATIENCE = 1.0
# Seconds after which a start waits no longer at all; what lives on is looked at as it is then.
MOST_PATIENCE = 60.0
TASKS = Path("/proc/self/task")
# As many calls may a driver be deep in its own code, below Django's, when it waits for an answer.
DRIVERS_FRAMES = 12


@dataclass(eq=False)
class Observation:
    """One thread or one job: where the case handed it over, and whether it left a connection open."""

    places: set[Place]
    kind: str
    leaked: bool = False
    before: int = 0
    opened: int = 0
    reached: set[Site] = field(default_factory=set)
    raised: str = ""
    rounds: dict[Site, list[tuple[int, int]]] = field(default_factory=dict)
    endless: bool = False
    ended: bool = False
    # What it runs waits for this: threads that begin while the case is imported, until its tables are made.
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def kept(self) -> bool:
        """Whether two rounds of a loop without an end began with the same connection open."""
        return any(one == other and one[0] > 0 for rounds in self.rounds.values() for one, other in pairwise(rounds))


class Handed:
    """A callable that remembers where the case handed it to a library that will call it from elsewhere."""

    def __init__(self, function: Callable[..., Any], places: set[Place]) -> None:
        self.function, self.places = function, places

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


class Tracer:
    """The observations of one run."""

    def __init__(self, checkpoints: Checkpoints, sessions: Sessions, opened: dict[int, int]) -> None:
        self.checkpoints, self.sessions, self.opened = checkpoints, sessions, opened
        self.observations: list[Observation] = []
        self.ready = False
        self._pending: list[tuple[Observation, Callable[[], bool]]] = []
        self._one_at_a_time = threading.RLock()
        # What a scheduler was given: file and first line of a function -> where.
        self._kept: dict[tuple[str, int], set[Place]] = {}
        self._pools: weakref.WeakKeyDictionary[Any, set[Place]] = weakref.WeakKeyDictionary()
        # Of the thread that asks: the identity of the pool whose worker it is.
        self._worker = threading.local()

    def install(self) -> None:
        """Wrap what starts threads, for the rest of this process."""
        threading.excepthook = lambda _: None
        _wrap(threading.Thread, "__init__", self._thread_made)
        _wrap(threading.Thread, "start", self._thread_started)
        _wrap(_thread, "start_new_thread", self._bare_thread_started)
        _wrap(ThreadPoolExecutor, "__init__", self._pool_made)
        _wrap(ThreadPoolExecutor, "submit", self._job_submitted)
        for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
            _wrap(ThreadPool, name, self._jobs_mapped)
        _wrap(asyncio, "to_thread", self._handed_on)
        if find_spec("apscheduler"):
            _wrap(import_module("apscheduler.schedulers.base").BaseScheduler, "add_job", self._job_kept)
        self.checkpoints.look = self._look

    def places(self) -> set[Place]:
        """Where each function of the case on the stack stands now."""
        frame: FrameType | None = sys._getframe(1)
        found = set()
        while frame is not None:
            if frame.f_code.co_filename.startswith(self.checkpoints.root):
                path = frame.f_code.co_filename[len(self.checkpoints.root) :].lstrip("/")
                first, last, column, _ = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
                found.add((path, first or frame.f_lineno, last or frame.f_lineno, column or 0))
            frame = frame.f_back
        return found

    def _thread_made(self, original: Any, thread: threading.Thread, *args: Any, **kwargs: Any) -> None:
        thread._oracle_places = self.places()  # type: ignore[attr-defined]
        original(thread, *args, **kwargs)

    def _thread_started(self, original: Any, thread: threading.Thread) -> None:
        # multiprocessing.dummy stands between its pool and the thread.
        starters = [sys._getframe(2), sys._getframe(3)]
        if any(frame.f_globals.get("__name__", "").startswith(POOLS) for frame in starters):
            original(thread)
            return
        seen = self._observe("thread", self.places() | getattr(thread, "_oracle_places", set()))
        if isinstance(thread, threading.Timer):
            thread.interval = 0
        body = thread.run

        def run() -> None:
            del thread.run
            with self._inside(seen):
                body()

        thread.run = run  # type: ignore[method-assign]
        seen.before = self.sessions.count()
        original(thread)
        self._end(seen, lambda: not thread.is_alive())

    def _bare_thread_started(self, original: Any, function: Any, args: Any, kwargs: Any = None) -> int:
        seen = self._observe("thread", self.places())
        tasks: list[int] = []

        def run() -> None:
            tasks.append(threading.get_native_id())
            with self._inside(seen):
                try:
                    function(*args, **(kwargs or {}))
                except Exception as error:
                    seen.raised = repr(error)

        seen.before = self.sessions.count()
        number = original(run, ())
        # Nothing in Python shows the thread's last steps, after its function.
        self._end(seen, lambda: bool(tasks) and not (TASKS / str(tasks[0])).exists())
        return int(number)

    def _pool_made(self, original: Any, pool: ThreadPoolExecutor, *args: Any, **kwargs: Any) -> None:
        self._pools[pool] = self.places()
        original(pool, *args, **kwargs)

    def _job_submitted(
        self, original: Any, pool: ThreadPoolExecutor, function: Any, /, *args: Any, **kwargs: Any
    ) -> Any:
        if sys._getframe(2).f_globals.get("__name__") == "asgiref.sync":
            # async_to_sync runs its loop in a worker, and what that starts is what counts.
            return original(pool, function, *args, **kwargs)
        seen = self._observe("job", self.places() | _handed(function) | _handed(args))
        future = original(pool, self._job(seen, function, pool), *args, **kwargs)
        if getattr(self._worker, "pool", 0) != id(pool):
            self._end(seen, future.done)
        return future

    def _jobs_mapped(
        self, original: Any, pool: ThreadPool, func: Any, items: Any = (), *args: Any, **kwargs: Any
    ) -> Any:
        seen = self._observe("job", self.places())
        ended = []

        def job(*given: Any, **named: Any) -> Any:
            with self._one_at_a_time:
                try:
                    return self._job(seen, func, pool)(*given, **named)
                finally:
                    self._judge(seen)
                    ended.append(None)

        items = list(items)
        wanted = 1 if original.__name__ == "apply_async" else len(items)
        answer = original(pool, job, items, *args, **kwargs)
        _patiently(lambda: len(ended) >= wanted)
        return answer

    def _job(self, seen: Observation, function: Any, pool: Any) -> Callable[..., Any]:
        """The job as the worker runs it: what an earlier job left open there is closed first."""
        places, pool = self._pools.get(pool, set()), id(pool)

        def job(*args: Any, **kwargs: Any) -> Any:
            from django.db import connections

            if not hasattr(self._worker, "pool"):
                self._worker.pool = pool
                if any(one.connection is not None for one in connections.all(initialized_only=True)):
                    self._observe("initializer", places).leaked = True
            connections.close_all()
            seen.before = self.sessions.count()
            with self._inside(seen):
                return function(*args, **kwargs)

        return job

    def _handed_on(self, original: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        return original(Handed(function, self.places()), *args, **kwargs)

    def _job_kept(self, original: Any, scheduler: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is not None:
            self._kept.setdefault((code.co_filename, code.co_firstlineno), set()).update(self.places())
        return original(scheduler, function, *args, **kwargs)

    def _look(self) -> tuple[int, int]:
        seen = self.checkpoints.here.observation
        return self.sessions.count() - seen.before, self.opened.get(threading.get_ident(), 0)

    def _observe(self, kind: str, places: set[Place]) -> Observation:
        seen = Observation(places, kind)
        if self.ready:
            seen.gate.set()
        self.observations.append(seen)
        return seen

    def _end(self, seen: Observation, over: Callable[[], bool]) -> None:
        """Wait for the end of what was started, and count; what does not end now is looked at in the end."""
        if self.ready:
            _patiently(over)
        if seen.ended:
            self._judge(seen)
        else:
            self._pending.append((seen, over))

    def settle(self) -> None:
        """Let what waits begin and what still runs go on for a while, one after the other, and count then."""
        for seen, over in self._pending:
            if not seen.gate.is_set():
                seen.before = self.sessions.count()
                seen.gate.set()
            _patiently(over)
            self._judge(seen)
        self._pending.clear()

    def _judge(self, seen: Observation) -> None:
        seen.leaked |= seen.kept if seen.endless else self.sessions.count() > seen.before

    @contextmanager
    def _inside(self, seen: Observation) -> Iterator[None]:
        """What the thread does from here on belongs to the observation."""
        seen.gate.wait()
        here = self.checkpoints.here
        here.observation, here.reached, here.entry = seen, seen.reached, None
        here.rounds, here.waited = seen.rounds, False
        opened = self.opened.get(threading.get_ident(), 0)
        try:
            yield
        except Enough:
            seen.endless = True
        except BaseException as error:
            seen.raised = repr(error)
            raise
        finally:
            if here.entry is not None:
                path, first, last = here.entry
                seen.places.add((path, first, last, 0))
                seen.places |= self._kept.get((f"{self.checkpoints.root}/{path}", first), set())
            here.observation = here.reached = None
            here.entry = 0
            seen.opened += self.opened.get(threading.get_ident(), 0) - opened
            seen.ended = True


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return around(original, *args, **kwargs)

    setattr(owner, name, wrapper)


def _handed(given: Any) -> set[Place]:
    """The places that a callable remembers, however deep in partials and arguments it is."""
    if isinstance(given, Handed):
        return given.places
    if isinstance(given, functools.partial):
        return _handed(given.func) | _handed(given.args)
    return set().union(*map(_handed, given)) if isinstance(given, tuple) else set()


def _patiently(over: Callable[[], bool]) -> None:
    """Wait until it is over, or nothing in this process has moved for a while.

    Time alone would say nothing: on a busy machine a thread is late that only has to be given its turn.
    """
    moved = begun = time.monotonic()
    known: dict[str, str] = {}
    while not over() and (now := time.monotonic()) - moved < PATIENCE and now - begun < MOST_PATIENCE:
        told = _others()
        if told != known or _asks_the_database():
            moved, known = time.monotonic(), told
        time.sleep(0.001)


def _others() -> dict[str, str]:
    """What the system knows of each other thread of this process: whether it runs, and for how long it has run so far.

    What runs right now would not do: who asks holds Python's lock, for which the others wait meanwhile.
    """
    told = {}
    for task in TASKS.iterdir():
        with suppress(OSError):
            if int(task.name) != threading.get_native_id():
                told[task.name] = (task / "stat").read_text() + (task / "schedstat").read_text()
    return told


def _asks_the_database() -> bool:
    """Whether another thread waits for the database's answer."""
    me = threading.get_ident()
    return any(
        thread != me and "/django/db/backends/" in one.f_code.co_filename
        for thread, frame in sys._current_frames().items()
        for one, _ in islice(traceback.walk_stack(frame), DRIVERS_FRAMES)
    )
