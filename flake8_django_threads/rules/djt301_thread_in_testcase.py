"""DJT301: a thread in a test whose rows it cannot see."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding, Remedy
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class ThreadInTestcase(Rule):
    """A test that runs inside a transaction starts a thread that touches the database.

    What it finds
        A spawn in a method of a `django.test.TestCase` (or a class below it), or in a pytest test or fixture with
        `django_db` without `transaction=True` or with the `db` fixture, whose code writes rows, or reads some beside a
        test that writes.

    Why it matters
        The test's rows are in a transaction that never commits: the thread does not see them. What the thread writes is
        not rolled back, so the next tests see it. A connection that is left open keeps the test database from being
        dropped: `database "test_x" is being accessed by other users`.
    """

    code = "DJT301"
    name = "thread-in-testcase"
    of_place = True
    fix_safety = (
        "Unsafe: a TransactionTestCase commits, flushes every table after each test, and is slower. None for a "
        "fixture, and where `setUpTestData` or a base class of the project's own hangs on the TestCase."
    )
    known_gaps = (
        "A test that starts threads through the code it tests is not seen, nor is a mixin that only tests inherit.",
        "A pytest fixture of a library, or of a plugin of the project's, is taken to write no rows.",
    )
    example = Example(
        bad="""
            import threading

            from django.db import connections
            from django.test import TestCase
            from shop.models import Order


            def count():
                try:
                    print(Order.objects.count())
                finally:
                    connections.close_all()


            class CountTest(TestCase):
                def test_count(self):
                    Order.objects.create()
                    thread = threading.Thread(target=count)
                    thread.start()
                    thread.join()
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
                    Order.objects.create()
                    thread = threading.Thread(target=count)
                    thread.start()
                    thread.join()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a spawn in a test that is rolled back."""
        test = site.around.test
        if test is None or not test.rolled_back or site.touched is None:
            return
        kind = "a TestCase" if test.rolled_back == "TestCase" else "a django_db test without transaction=True"
        text = self.message(
            site,
            site.touched,
            "runs in another thread and queries the database",
            f"in {test.name}, {kind}: it does not see the test's rows, and what it writes stays",
        )
        kind = "transaction-test-case" if test.rolled_back == "TestCase" else "transaction-mark"
        yield Finding(self.code, site.span, text, site.trail, Remedy(kind, site.entry, site.span, None))
