"""DJT001: code in a new thread opens a connection, and nothing closes it."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.sites import NEVER_CLOSED, SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class ThreadNeverCloses(Rule):
    """Code that a thread runs touches the database, and no path closes the connection.

    What it finds
        A `threading.Thread` target, `Thread.run`, `Timer`, `start_new_thread` or server handler whose code, followed
        through its calls, opens Django's connection and never closes it.

    Why it matters
        Django closes connections when a request ends, in the request's thread. Every other thread opens a connection
        of its own, which stays open until the garbage collector happens to run. Tests then end with
        `database "test_x" is being accessed by other users`, production with `too many clients already`.
    """

    code = "DJT001"
    name = "thread-never-closes"
    fix_safety = (
        "Safe: in place where the entry is only ever spawned, else a wrapper at the spawn; arguments, result and "
        "exceptions stay."
    )
    known_gaps = (
        "A parameter whose callers are not known and that has no annotation is not taken for a model instance.",
        "Whether a queryset was evaluated, or a related row cached, before is not tracked.",
    )
    example = Example(
        bad="""
            import threading

            from shop.models import Order


            def send_receipts():
                for order in Order.objects.filter(paid=True):
                    print(order)


            def checkout(request):
                threading.Thread(target=send_receipts).start()
            """,
        good="""
            import threading

            from django.db import connections
            from shop.models import Order


            def send_receipts():
                try:
                    for order in Order.objects.filter(paid=True):
                        print(order)
                finally:
                    connections.close_all()


            def checkout(request):
                threading.Thread(target=send_receipts).start()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a thread that leaves a connection open and has no close at all."""
        leak = site.leak
        if leak is not None and leak.fault == NEVER_CLOSED and site.kind == "thread":
            yield self.finding(site, leak, "but never closes its connection")
