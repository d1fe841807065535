"""DJT008: a thread that never ends waits with its connection open."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.sites import WAITING, SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class LoopKeepsConnection(Rule):
    """A thread that never ends queries the database, and then waits with the connection open.

    What it finds
        A `while True:` that nothing leaves, in whose rounds a connection is open while the code sleeps, or waits for a
        queue, an event, a client; and no round closes it.

    Why it matters
        One session is held as long as the process lives. The server, or a firewall between, may end it meanwhile; the
        next round then fails, and every later one, for nothing ever makes Django connect again.
    """

    code = "DJT008"
    name = "loop-keeps-connection"
    fix_safety = (
        "None is offered, for a `finally` around a loop that never ends never runs. Close in each round, before the "
        "wait."
    )
    known_gaps = (
        "A loop with a condition that may become false counts as one that ends.",
        "A wait that no row of the models knows is not seen; such a thread is then DJT001.",
    )
    example = Example(
        bad="""
            import threading
            import time

            from shop.models import Order


            def watch():
                while True:
                    print(Order.objects.filter(paid=False).count())
                    time.sleep(60)


            def start():
                threading.Thread(target=watch, daemon=True).start()
            """,
        good="""
            import threading
            import time

            from django.db import connections
            from shop.models import Order


            def watch():
                while True:
                    try:
                        print(Order.objects.filter(paid=False).count())
                    finally:
                        connections.close_all()
                    time.sleep(60)


            def start():
                threading.Thread(target=watch, daemon=True).start()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a connection with which an endless loop waits and which no round closes."""
        leak = site.leak
        if leak is None or leak.fault != WAITING:
            return
        waits = next((turn for turn in reversed(site.detour) if turn.what == "waits"), None)
        where = f" at {waits.place(site.root)}" if waits is not None else ""
        yield self.finding(site, leak, f"and waits{where} with the connection open, in every round")
