"""DJT501: another thread gets this thread's cursor or connection."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class ConnectionCrossesThreads(Rule):
    """A cursor, a `connections[...]` wrapper or an iterator under way is used by another thread than its own.

    What it finds
        A spawn whose code uses a cursor, a wrapper that was looked up in `connections[...]`, or a half-consumed
        `.iterator()` that the spawning thread made: given as an argument, closed over, kept in an attribute, a global
        or a queue. The global `connection`, model instances and lazy querysets may go to any thread.

    Why it matters
        A wrapper raises in any other thread: `DatabaseWrapper objects created in a thread can only be used in that same
        thread`. Cursors and iterators cross with no check at all: two threads then read from one connection at once,
        which loses rows, raises errors that mean something else and, on SQLite, can crash the interpreter.
    """

    code = "DJT501"
    name = "connection-crosses-threads"
    of_place = True
    fix_safety = "None: the other thread needs a cursor of its own, and which rows it is to read is the code's affair."
    known_gaps = (
        "An item that is put into a queue after the thread was made is not followed.",
        "The iterator of a custom queryset class is not followed.",
    )
    example = Example(
        bad="""
            import threading

            from django.db import connection


            def read(cursor):
                print(cursor.fetchall())


            def report(request):
                with connection.cursor() as cursor:
                    cursor.execute("select 1")
                    thread = threading.Thread(target=read, args=[cursor])
                    thread.start()
                    thread.join()
            """,
        good="""
            import threading

            from django.db import connection


            def read(rows):
                print(rows)


            def report(request):
                with connection.cursor() as cursor:
                    cursor.execute("select 1")
                    thread = threading.Thread(target=read, args=[cursor.fetchall()])
                    thread.start()
                    thread.join()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report the first value that crosses."""
        for crossing in site.around.crossings[:1]:
            text = f"{site.entry_name} runs in another thread and uses {crossing.what} of this one, got {crossing.how}"
            yield Finding(self.code, site.span, self.fitted([text]), site.trail)
