"""Measures the snippets and writes docs/what-leaks.md: ``python -m oracle.table`` adds this column of the matrix.

The figures stand in ``measured.json`` beside this file: version -> title of a section -> title of a snippet -> how many
connections the database counts when the snippet has ended, and how many when garbage has been collected after that.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from oracle import mysql, uwsgi
from oracle.databases import Database, Postgres, Sqlite
from oracle.scene import Scene
from oracle.snippets import CURES, SECTIONS, Snippet
from oracle.zygote import Zygote

FIGURES = Path(__file__).with_name("measured.json")
PAGE = Path(__file__).parents[2] / "docs" / "what-leaks.md"
RULE = Path(__file__).parents[2] / "fixtures" / "rules" / "DJT001"
WORDS = {
    (0, 0): "closed",
    (1, 0): "open until garbage happens to be collected",
    (1, 1): "open as long as the worker lives",
}
INTRO = """\
# What leaks, for how long, and what helps

Django gives each thread a connection of its own and closes it at the end of a request, in the request's thread. What
happens to the others was measured: each snippet ran in a process of its own, and the connections were counted where the
database counts them (`pg_stat_activity` on PostgreSQL, `session_connect_attrs` on MariaDB, open files on SQLite), when
the snippet had ended and after a `gc.collect()` that followed. This page is written by `python -m oracle.table` from
these runs.
"""
UWSGI = """\
Under uWSGI a thread may not run at all. Real servers with a master were asked: the thread sleeps once, for a tenth of a
second, and then notes that it has come to its end. `python -m oracle.uwsgi` writes this table.
"""
PREPARED = """
import _thread, asyncio, gc, os, time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import Process
from multiprocessing.pool import ThreadPool
from threading import Thread, Timer

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import close_old_connections, connection, connections, reset_queries

loop = asyncio.new_event_loop()

def work():
    list(Order.objects.all()[:1])

def fails():
    work()
    raise RuntimeError

def until_it_has_ended():
    while len(os.listdir("/proc/self/task")) > 1:
        time.sleep(0.001)

def keep(age):
    connection.settings_dict["CONN_MAX_AGE"] = age
"""

Figures = dict[str, dict[str, dict[str, list[int]]]]


def run_snippet(scene: Scene, heading: int, row: int) -> tuple[str, list[int]]:
    """What version this is, and the two numbers of one snippet."""
    import gc

    case = scene.load("target_keyword")
    gc.collect()
    gc.disable()
    snippet = SECTIONS[heading][2][row]
    names: dict[str, Any] = {"Order": case.Order}
    exec(PREPARED, names)
    if SECTIONS[heading][2] is CURES:
        body = textwrap.indent(snippet.code, "    ")
        exec(f"def target():\n{body}\n\nt = Thread(target=target)\nt.start()\nt.join()", names)
    else:
        exec(snippet.code, names)
    ended = scene.open()
    gc.collect()
    return _version(scene), [ended, scene.open()]


def render(figures: Figures) -> str:
    """The page."""
    parts = [INTRO]
    for heading, text, rows in SECTIONS:
        parts.append(f"## {heading}\n\n{text}\n")
        parts.append("| | code | the connection is |\n|---|---|---|")
        parts[-1] += "".join(f"\n| {one.title} | {_code(one.code)} | {_fate(figures, heading, one)} |" for one in rows)
        parts[-1] += "\n"
    parts.append(f"## What uWSGI runs\n\n{UWSGI}\n{uwsgi.render(uwsgi.read())}\n")
    versions = "\n".join(f"- {version}" for version in sorted(figures))
    return "\n".join([*parts, f"## Measured with\n\n{versions}\n"])


def write() -> None:
    """Write the page out of the figures that stand there."""
    PAGE.write_text(render(read()), encoding="utf-8")


def _fate(figures: Figures, heading: str, snippet: Snippet) -> str:
    """In words, what the figures say; where versions differ, each version's words."""
    found: dict[str, list[str]] = {}
    for version, sections in sorted(figures.items()):
        ended, collected = sections[heading][snippet.title]
        found.setdefault(WORDS.get((ended, collected), f"{ended}, then {collected}"), []).append(version)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{words} ({', '.join(versions)})" for words, versions in found.items())


def _code(text: str) -> str:
    return "<br>".join(f"`{line}`" for line in text.replace("    ", "  ").splitlines() if line)


def _version(scene: Scene) -> str:
    import django

    return f"Django {django.__version__}, Python {sys.version.partition(' ')[0]}, {scene.version}"


def measure(zygotes: Iterable[Zygote]) -> Figures:
    """The figures of this column, on each database."""
    figures: Figures = {}
    for zygote in zygotes:
        for number, (heading, _, rows) in enumerate(SECTIONS):
            for row, snippet in enumerate(rows):
                version, seen = zygote.snippet(number, row)
                figures.setdefault(version, {}).setdefault(heading, {})[snippet.title] = seen
    return figures


def read() -> Figures:
    """The figures of all columns so far."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    assert isinstance(figures, dict)
    return figures


def main() -> None:
    """Measure here, and write figures and page anew."""
    from conftest import server

    figures = read()
    with ExitStack() as stack:
        databases: list[Database] = [Sqlite(), Postgres(*stack.enter_context(server()))]
        if find_spec("pymysql") and not mysql.missing():
            databases.append(stack.enter_context(mysql.server()))
        figures |= measure([stack.enter_context(Zygote(one)) for one in databases])
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    write()


if __name__ == "__main__":
    main()
