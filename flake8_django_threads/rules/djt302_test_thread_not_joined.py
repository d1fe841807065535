"""DJT302: a test ends while its thread still uses the database."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class TestThreadNotJoined(Rule):
    """A test starts a thread that touches the database and waits for nothing.

    What it finds
        A spawn in a test whose code queries the database, where neither the test nor any other method of its class
        calls `join`, `shutdown`, `result`, `wait` or the like.

    Why it matters
        The test ends, and the suite with it, while the thread holds its connection: the test database cannot be dropped
        (`database "test_x" is being accessed by other users`), and the next tests see what the thread still writes.
    """

    code = "DJT302"
    name = "test-thread-not-joined"
    default = False
    of_place = True
    fix_safety = "None: where the test can wait depends on what it tests."
    known_gaps = ("Any wait in the test or its class counts, whichever thread it waits for.",)
    example = Example(
        bad="""
            import threading

            from django.db import connections
            from django.test import TransactionTestCase
            from shop.models import Order


            def count():
                try:
                    print(Order.objects.count())
                finally:
                    connections.close_all()


            class CountTest(TransactionTestCase):
                def test_count(self):
                    threading.Thread(target=count).start()
            """,
        good="""
            import threading

            from django.db import connections
            from django.test import TransactionTestCase
            from shop.models import Order


            def count():
                try:
                    print(Order.objects.count())
                finally:
                    connections.close_all()


            class CountTest(TransactionTestCase):
                def test_count(self):
                    thread = threading.Thread(target=count)
                    thread.start()
                    thread.join()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a spawn in a test that waits for nothing."""
        test = site.around.test
        if test is None or test.waits or site.touched is None:
            return
        text = self.message(
            site,
            site.touched,
            "runs in another thread and queries the database",
            f"and {test.name} never waits for it to end",
        )
        yield Finding(self.code, site.span, text, site.trail)
