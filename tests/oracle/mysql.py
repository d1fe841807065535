"""A MySQL or MariaDB server of our own, where the machine has one to start."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from oracle.databases import MySQL

PATIENCE = 120.0
# What the tests make need not outlive a crash of the machine; names and places are the server's own.
SETTINGS = (
    "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=64M", "--skip-log-bin",
    "--skip-networking", "--performance-schema=ON", "--max-connections=500",
)  # fmt: skip


def missing() -> str:
    """Why no server can be started; empty where one can."""
    return (
        "" if _program() else "neither mariadbd nor mysqld is there (Debian: mariadb-server-core, mariadb-client-core)"
    )


@contextmanager
def server() -> Iterator[MySQL]:
    """A server as long as the block runs. Raises subprocess.CalledProcessError, TimeoutError."""
    # A socket's path must stay under about 100 characters.
    with tempfile.TemporaryDirectory(prefix="djt-my-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        given = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        program = _program()
        if install := shutil.which("mariadb-install-db"):
            subprocess.run([install, *given, "--auth-root-authentication-method=normal"], check=True, **quiet)
        else:
            subprocess.run([program, *given, "--initialize-insecure"], check=True, **quiet)
        found = MySQL(str(folder / "socket"))
        files = [f"--socket={found.socket}", f"--pid-file={folder / 'pid'}"]
        process = subprocess.Popen([program, *given, *files, *SETTINGS], **quiet)
        try:
            until = monotonic() + PATIENCE
            while not _answers(found):
                if process.poll() is not None or monotonic() > until:
                    raise TimeoutError(f"{program} does not answer")
                sleep(0.1)
            yield found
        finally:
            process.kill()
            process.wait()


def _program() -> str:
    # Debian keeps it where only root's PATH leads.
    places = (shutil.which(name) or shutil.which(name, path="/usr/sbin") for name in ("mariadbd", "mysqld"))
    return next(filter(None, places), "")


def _answers(server: MySQL) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return not probe.connect_ex(server.socket)
