"""What a run shows to the outside: what its threads gave back, printed and wrote, and which sessions it left."""

from __future__ import annotations

import _thread
import gc
import io
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, redirect_stdout
from typing import Any
from unittest import mock

from asgiref.sync import SyncToAsync
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

STARTERS = ("/threading.py", "/concurrent/futures/thread.py", "/multiprocessing/pool.py", "/asyncio/base_events.py")
OWN = (*STARTERS, "/queue.py", "/selectors.py", "/stage/observe.py")
POOLS = ("concurrent.futures.thread", "multiprocessing.pool")
# Only a run that hangs waits so long.
PATIENCE_S = 60.0


class Boom(Exception):  # noqa: N818 - it stands for any exception
    """What no code handles by name."""


class Run:
    """One run of some code. With ``failing`` each query of another thread raises after it was sent."""

    def __init__(self, *, failing: bool) -> None:
        self._failing = failing
        self._main = threading.get_ident()
        self._inherited: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._raw: list[threading.Event] = []
        self._futures: list[Future[Any]] = []
        # Those whose callbacks have run too: they still do when the future is done already.
        self._over: set[Future[Any]] = set()
        self._pools: list[ThreadPoolExecutor] = []
        # Held, so that no garbage collection closes what the code has left open.
        self._wrappers: list[BaseDatabaseWrapper] = []
        self.returned: list[str] = []
        self.raised: list[str] = []
        self.printed = io.StringIO()

    def of(self, code: Callable[[], None]) -> dict[str, object]:
        """Run the code, wait for its threads, and give what was observed."""
        with ExitStack() as stack:
            self._watch(stack)
            stack.enter_context(redirect_stdout(self.printed))
            try:
                code()
            except Exception as error:
                self.raised.append(f"in the main thread: {_plain(error)}")
            self.wait()
        leaked = self._sessions()
        for future in self._futures:
            # Which jobs of a pool are taken back behind one that failed is a matter of time.
            if not future.cancelled() and (error := future.exception()) is not None:
                self.raised.append(f"in a future: {_plain(error)}")
        rows = sorted(_order().objects.values_list("name", "note", "user", "pushed"))
        seen = {
            "leaked": leaked,
            "inherited": sorted(self._inherited),
            "returned": sorted(self.returned),
            "raised": sorted(self.raised),
            "printed": sorted(self.printed.getvalue().splitlines()),
            "rows": [list(row) for row in rows],
        }
        self._clean()
        return seen

    def _watch(self, stack: ExitStack) -> None:
        start, start_raw, submit, call_back, pool, connect, execute, fork = (
            threading.Thread.start,
            _thread.start_new_thread,
            ThreadPoolExecutor.submit,
            Future._invoke_callbacks,
            ThreadPoolExecutor.__init__,
            BaseDatabaseWrapper.connect,
            CursorWrapper.execute,
            os.fork,
        )

        def started(thread: threading.Thread) -> None:
            if getattr(getattr(thread, "_target", None), "__module__", "") not in POOLS:
                self._threads.append(thread)
            start(thread)

        def started_raw(function: Callable[..., object], args: Sequence[Any] = (), kwargs: Any = None) -> int:
            done = threading.Event()
            self._raw.append(done)

            def run() -> None:
                try:
                    self.returned.append(_shown(function(*args, **(kwargs or {}))))
                except Exception as error:
                    self.raised.append(_plain(error))
                finally:
                    done.set()

            return start_raw(run, ())

        def submitted(executor: ThreadPoolExecutor, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = submit(executor, *args, **kwargs)
            self._futures.append(future)
            return future

        def called_back(future: Future[Any]) -> None:
            call_back(future)
            self._over.add(future)

        def made(executor: ThreadPoolExecutor, *args: Any, **kwargs: Any) -> None:
            self._pools.append(executor)
            pool(executor, *args, **kwargs)

        def connected(wrapper: BaseDatabaseWrapper) -> None:
            self._wrappers.append(wrapper)
            connect(wrapper)

        def executed(cursor: CursorWrapper, *args: Any) -> Any:
            result = execute(cursor, *args)
            if self._failing and threading.get_ident() != self._main:
                raise Boom
            return result

        def forked() -> int:
            self._inherited.update(own.alias for own in connections.all() if own.connection is not None)
            return fork()

        def died(args: threading.ExceptHookArgs) -> None:
            self.raised.append(_plain(args.exc_value))

        for owner, name, new in (
            (threading.Thread, "start", started),
            (_thread, "start_new_thread", started_raw),
            (ThreadPoolExecutor, "submit", submitted),
            (Future, "_invoke_callbacks", called_back),
            (ThreadPoolExecutor, "__init__", made),
            (BaseDatabaseWrapper, "connect", connected),
            (CursorWrapper, "execute", executed),
            (threading, "excepthook", died),
            (os, "fork", forked),
        ):
            stack.enter_context(mock.patch.object(owner, name, new))
        threading.setprofile(self._profile)
        stack.callback(threading.setprofile, None)

    def _profile(self, frame: Any, event: str, value: object) -> None:
        """Note what the code gives back to the library that started it."""
        # A destructor runs wherever the last reference goes.
        if event == "return" and frame.f_back is not None and frame.f_code.co_name != "__del__":
            starter, name = frame.f_back.f_code.co_filename, frame.f_code.co_filename
            # asyncio's callback runs in the worker or, for a job that is done already, in the caller.
            library = name.endswith(OWN) or "/multiprocessing/" in name or "/asyncio/" in name
            if starter.endswith(STARTERS) and not library:
                self.returned.append(_shown(value))

    def wait(self) -> None:
        """Wait for every job and every thread that ends; a pool's workers stay."""
        self._wait_until(lambda: False)

    def wait_in_transaction(self) -> None:
        """Wait for what ends before the transaction of this thread does; what needs a lock of it does not."""
        with connection.cursor() as cursor:

            def in_the_way() -> bool:
                cursor.execute(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
                )
                return bool(cursor.fetchone()[0])

            self._wait_until(in_the_way)

    def _wait_until(self, over: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while self._running() and not over():
            if time.monotonic() > end:
                raise TimeoutError("a thread does not end")
            time.sleep(0.002)

    def _running(self) -> bool:
        return (
            any(thread.is_alive() or thread.ident is None for thread in list(self._threads))
            or not self._over.issuperset(self._futures)
            or not all(done.is_set() for done in list(self._raw))
        )

    def _sessions(self) -> int:
        """How many sessions beside the main thread's the server has, once it has heard of all that were closed here."""
        for own in connections.all():
            if own is not connections["default"]:
                own.close()  # the main thread may keep what it opened
        held = sum(w.connection is not None for w in set(self._wrappers) - {connections["default"]})
        end = time.monotonic() + PATIENCE_S
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND application_name = current_setting('application_name')"
                    " AND pid <> pg_backend_pid()"
                )
                ((count,),) = cursor.fetchall()
            if count <= held or time.monotonic() > end:
                return int(count)
            time.sleep(0.002)

    def _clean(self) -> None:
        # Its thread outlives the run.
        SyncToAsync.single_thread_executor.submit(connections.close_all).result()
        for wrapper in self._wrappers:
            if wrapper.connection is not None and wrapper not in connections.all():
                wrapper.connection.close()
        for pool in self._pools:
            pool.shutdown()
        gc.collect()


def _order() -> Any:
    from orders.models import Order

    return Order


def _shown(value: object) -> str:
    """A value without addresses and without the names of what wraps a function."""
    return re.sub(r"0x[0-9a-f]+|\(\d+\)", "", repr(value))


def _plain(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}"
