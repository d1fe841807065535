"""Asks real uWSGI servers which threads they let run: ``python -m oracle.uwsgi FOLDER...`` adds their figures.

Each folder holds one release of ``pyuwsgi``, as ``pip install --target`` lays it; ``make test-uwsgi`` makes two. The
figures stand in ``uwsgi.json`` beside this file: release -> where the thread is started -> option -> what became of it.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

FIGURES = Path(__file__).with_name("uwsgi.json")
OPTIONS = ("", "enable-threads = true", "threads = 2")
PLACES = ("in a request", "at import")
RUNS, WAITS, NEVER = "runs", "runs only while a request is served", "never runs"
# Seconds without a request after which a thread counts as one that does not run, and for a server to begin or to end.
QUIET, PATIENCE = 3.0, 60.0
REQUESTS = 4
# The thread waits once, as each that asks a database does: until then any may come, in the time of its start.
APPLICATION = """\
import threading
import time
from pathlib import Path


def work(done):
    time.sleep(0.1)
    Path(done).touch()


def application(environ, start_response):
    if environ["PATH_INFO"] == "/start":
        threading.Thread(target=work, args=("in a request",)).start()
    else:
        time.sleep(0.3)
    start_response("200 OK", [])
    return [b""]


threading.Thread(target=work, args=("at import",)).start()
"""
SERVER = "[uwsgi]\nmodule = shop.wsgi\n"
# What is not asked about; only the rest is the file's.
OTHERS = ("--http-socket", "socket", "--need-app", "--master")

Fates = dict[str, str]
Figures = dict[str, dict[str, Fates]]


def fates(package: Path, option: str) -> Fates:
    """What becomes of the threads of each place under the release in ``package``. Raises TimeoutError, OSError."""
    return fates_by(package, f"{SERVER}{option}\n")


def fates_by(package: Path, configuration: str) -> Fates:
    """The same under the text of an ini file that serves the module ``shop.wsgi``."""
    with tempfile.TemporaryDirectory(prefix="djt-uwsgi-") as name:
        folder = Path(name)
        (folder / "shop").mkdir()
        (folder / "shop" / "wsgi.py").write_text(APPLICATION, encoding="utf-8")
        (folder / "uwsgi.ini").write_text(configuration, encoding="utf-8")
        with _served(package, folder):
            _get(folder, "/start")
            _patiently(lambda: _done(folder) == set(PLACES), QUIET)
            quiet = _done(folder)
            for _ in range(REQUESTS):
                _get(folder, "/")
            asked = _done(folder)
    return {place: RUNS if place in quiet else WAITS if place in asked else NEVER for place in PLACES}


def release(package: Path) -> str:
    """The release of uWSGI in a folder."""
    (found,) = package.glob("pyuwsgi-*.dist-info")
    return found.name.removesuffix(".dist-info").removeprefix("pyuwsgi-")


def read() -> Figures:
    """The figures of all releases so far."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    assert isinstance(figures, dict)
    return figures


def render(figures: Figures) -> str:
    """The section of the readers' page: a row for each place and option, a column for each release."""
    head = ["a thread that is started", "option", *(f"uWSGI {one}" for one in figures)]
    rows = [
        [place, f"`{option}`" if option else "none", *(by[place][option] for by in figures.values())]
        for place in PLACES
        for option in OPTIONS
    ]
    lines = [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines)


@contextmanager
def _served(package: Path, folder: Path) -> Iterator[None]:
    server = subprocess.Popen(
        [sys.executable, "-c", "import pyuwsgi, sys; sys.exit(pyuwsgi.run())", "--ini", "uwsgi.ini", *OTHERS],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(package)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        if not _patiently(lambda: _answers(folder), PATIENCE):
            raise TimeoutError(f"uWSGI {release(package)} does not answer")
        yield
    finally:
        # Asked to end, it would wait a minute for workers whose threads are on.
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _answers(folder: Path) -> bool:
    try:
        _get(folder, "/")
    except OSError:
        return False
    return True


def _get(folder: Path, path: str) -> None:
    connection = http.client.HTTPConnection("localhost")
    with socket.socket(socket.AF_UNIX) as connection.sock:
        connection.sock.settimeout(PATIENCE)
        connection.sock.connect(str(folder / "socket"))
        connection.request("GET", path)
        connection.getresponse().read()


def _done(folder: Path) -> set[str]:
    return {place for place in PLACES if (folder / place).exists()}


def _patiently(over: Callable[[], bool], seconds: float) -> bool:
    until = monotonic() + seconds
    while not (answer := over()) and monotonic() < until:
        sleep(0.05)
    return answer


def main() -> None:
    """Measure the releases in the folders given, and write figures and page anew."""
    from oracle import table

    figures = read() if FIGURES.exists() else {}
    for package in [Path(one).resolve() for one in sys.argv[1:]]:
        by_option = {option: fates(package, option) for option in OPTIONS}
        figures[release(package)] = {
            place: {option: found[place] for option, found in by_option.items()} for place in PLACES
        }
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    table.write()


if __name__ == "__main__":
    main()
