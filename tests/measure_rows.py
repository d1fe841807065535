"""Runs rows in real threads on SQLite and prints what each did to the thread's connections, as JSON.

Started by ``state_rows.measured`` in a project's folder, in a process of its own, with "opens" or "leaks" to ask for.
A connection counts as open while the driver's own object is, whichever thread made it and whoever holds it; garbage is
collected between rows only, so that what reference counting leaves behind is seen.
"""

import gc
import importlib
import json
import os
import shutil
import sqlite3
import sys
import threading
import weakref
from pathlib import Path

sys.path.insert(0, "")
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
WRAPPERS = weakref.WeakSet()
FAILING = {"after": 0, "queries": 0, "raised": 0}


class QueryError(Exception):
    """What a query raises when a row is run to see what an exception leaves behind."""


def track(connection, **_):
    WRAPPERS.add(connection)
    if fail not in connection.execute_wrappers:
        connection.execute_wrappers.append(fail)


def fail(execute, sql, params, many, context):
    """Let the query run, then fail if it is the one that shall."""
    result = execute(sql, params, many, context)
    FAILING["queries"] += 1
    if FAILING["queries"] == FAILING["after"]:
        FAILING["raised"] += 1
        raise QueryError
    return result


def is_open(wrapper):
    if wrapper.connection is None:
        return False
    try:
        wrapper.connection.total_changes  # noqa: B018 - a closed sqlite3 connection refuses this
    except sqlite3.ProgrammingError:
        return False
    return True


def prepare():
    """Give both databases of the project their tables and rows: those that the first project filled."""
    from django.db import connections

    filled = Path("..", "filled.sqlite3")
    if not filled.exists():
        fill()
        connections.close_all()
        shutil.copy("default.sqlite3", filled)
    for name in ("default.sqlite3", "archive.sqlite3"):
        shutil.copy(filled, name)


def fill():
    from django.contrib.auth.models import User
    from django.contrib.contenttypes.models import ContentType
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sites.models import Site
    from django.core.management import call_command
    from library.models import Author, Book, Genre, Note, Remark

    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("createcachetable", verbosity=0)
    author = Author.objects.create(pk=1, name="Author")
    book = Book.objects.create(title="First", isbn="1", author=author)
    Genre.objects.create(pk=1, name="Genre")
    Note.objects.create(pk=1, text="Note")
    Remark.objects.create(pk=1, text="Remark", content_type=ContentType.objects.get_for_model(Book), object_id=book.pk)
    User.objects.create_user("reader", password="p")
    User.objects.create_superuser("admin", password="p")
    Site.objects.get_or_create(pk=1, defaults={"domain": "library.test", "name": "library"})
    SessionStore("abcdefghijklmnopqrstuvwxyzabcdef").save(must_create=True)


def cool():
    """Empty the caches that a process keeps, and close what the last row left."""
    from django.contrib.contenttypes.models import ContentType
    from django.contrib.sites.models import Site
    from django.core.cache import caches
    from django.db import connections

    ContentType.objects.clear_cache()
    Site.objects.clear_cache()
    caches["default"].clear()
    for wrapper in list(WRAPPERS):
        if wrapper is not connections[wrapper.alias] and wrapper.connection is not None:
            wrapper.inc_thread_sharing()
            wrapper.close()
    gc.collect()


def run(function, values):
    """Run the row in a thread; say whether a connection is left open, and what was raised."""
    from django.db import connections

    connections.close_all()
    WRAPPERS.clear()
    raised = []

    def body():
        try:
            function(*values)
        except BaseException as error:
            raised.append(type(error).__name__)

    gc.disable()
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    left = any(map(is_open, list(WRAPPERS)))
    gc.enable()
    return left, raised[0] if raised else ""


def main():
    import django
    from django.db.backends.signals import connection_created

    django.setup()
    connection_created.connect(track)
    prepare()
    kind, rows, answers = sys.argv[1], json.load(sys.stdin), {}
    made = importlib.import_module("made")
    for row in rows:
        cool()
        function = getattr(importlib.import_module(row["module"]), row["name"])
        left, raised = run(function, [getattr(made, name)() for name in row["parameters"]])
        answers[row["id"]] = {"meaning": kind if left else f"{kind} nothing", "raises": raised}
        if kind == "leaks" and not left:
            for after in range(1, 9):
                cool()
                values = [getattr(made, name)() for name in row["parameters"]]
                FAILING.update(after=after, queries=0, raised=0)
                if run(function, values)[0]:
                    answers[row["id"]]["meaning"] = "leaks if it raises"
                raised_one, FAILING["after"] = FAILING["raised"], 0
                if not raised_one:
                    break
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
