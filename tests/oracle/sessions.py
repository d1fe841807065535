"""Counts the connections that this process holds open, as the database sees them."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable
from pathlib import Path
from threading import Lock, get_ident
from time import monotonic, sleep
from typing import Any, Protocol

# Seconds for the server to hear of a closed connection, which only a busy machine takes.
PATIENCE = 30.0


class Opened:
    """Django's connections as its own signal announced them: how many by each thread, and whether any is open still.

    Only a hint of how long to wait for the server: the objects are held weakly and never closed from here.
    """

    def __init__(self) -> None:
        self.by_thread: dict[int, int] = {}
        self._wrappers: weakref.WeakSet[Any] = weakref.WeakSet()

    def watch(self) -> None:
        from django.db.backends.signals import connection_created

        connection_created.connect(self._created, weak=False)

    def _created(self, connection: Any, **_: object) -> None:
        self.by_thread[get_ident()] = self.by_thread.get(get_ident(), 0) + 1
        self._wrappers.add(connection)

    @property
    def open(self) -> int:
        handles = (wrapper.connection for wrapper in list(self._wrappers))
        return sum(handle is not None and not getattr(handle, "closed", False) for handle in handles)


class Sessions(Protocol):
    """Whatever counts the open connections of this process."""

    def count(self) -> int: ...


class SqliteSessions:
    """Open file handles on the database's files, out of ``/proc/self/fd``."""

    def __init__(self, files: Iterable[Path], opened: Opened) -> None:
        self.files = {str(file.resolve()) for file in files}
        self._opened = opened

    def count(self) -> int:
        handles = sum(self._target(fd) in self.files for fd in Path("/proc/self/fd").iterdir())
        # A handle that is closed takes all locks of its process away, so SQLite keeps those of closed connections
        # open while another connection holds a lock.
        return min(handles, self._opened.open) if self._locked() else handles

    @staticmethod
    def _target(fd: Path) -> str:
        try:
            return str(fd.readlink())
        except OSError:
            return ""

    def _locked(self) -> bool:
        """Whether this process holds a lock on one of the files."""
        nodes = {str(file.stat().st_ino) for file in map(Path, self.files) if file.exists()}
        locks = (line.split() for line in Path("/proc/locks").read_text().splitlines())
        return any(
            lock[1] == "POSIX" and lock[4] == str(os.getpid()) and lock[5].rpartition(":")[2] in nodes
            for lock in locks
            if lock[1] != "->"
        )


class _OfAServer:
    """Counts over a connection that is none of Django's, and that bears another name."""

    def __init__(self, observer: Any, name: str, opened: Opened) -> None:
        self._lock = Lock()
        self._observer, self._name, self._opened = observer, name, opened

    def count(self) -> int:
        """The server's number, given time to hear of each connection that the client has closed already."""
        until = monotonic() + PATIENCE
        while (seen := self._read()) > self._opened.open and monotonic() < until:
            sleep(0.001)
        return seen

    def _read(self) -> int:
        with self._lock, self._observer.cursor() as cursor:
            cursor.execute(self.query, (self._name,))
            return int(cursor.fetchone()[0])

    query: str


class PostgresSessions(_OfAServer):
    """Rows of ``pg_stat_activity`` that bear this run's name."""

    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"


class MySQLSessions(_OfAServer):
    """Connections whose client gave this run's name as its program's."""

    query = (
        "SELECT count(*) FROM performance_schema.session_connect_attrs"
        " WHERE ATTR_NAME = 'program_name' AND ATTR_VALUE = %s"
    )
