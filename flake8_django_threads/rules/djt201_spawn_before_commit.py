"""DJT201: a thread starts before the transaction that it belongs to has committed."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding, Remedy
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class SpawnBeforeCommit(Rule):
    """Code that touches the database is handed to another thread inside an atomic block.

    What it finds
        A thread or pool job that queries the database and is started while `transaction.atomic()` is open: in the
        block, in a function that it decorates, or in a function that is called there, from whatever file; where the
        settings say `ATOMIC_REQUESTS`, also in a view behind its first write. A thread counts where its `start` is
        called; `transaction.on_commit(thread.start)` is the right form. A test that waits inside the block for what it
        has started wants two transactions side by side, and is left alone.

    Why it matters
        The thread has a connection of its own. It does not see the rows that the block has not committed, so it fails
        with `DoesNotExist`, and only sometimes. What it writes stays when the block is rolled back. Where the block
        waits for the thread, both may wait for each other's locks for ever.
    """

    code = "DJT201"
    name = "spawn-before-commit"
    of_place = True
    fix_safety = (
        "Unsafe: `transaction.on_commit` starts the thread later, and not at all after a rollback. None where the "
        "function waits for the thread, or uses what the start gives."
    )
    known_gaps = (
        "Between a block of another file and the file with the thread no third file is followed.",
        "A request's transaction is known in the file of the view alone, and only by what the view itself writes.",
        "A block that a context manager of the project or an ExitStack opens is not seen.",
        "In a test any wait behind the start counts, whichever thread it waits for.",
        "Other code that waits inside the block is reported even if the thread needs none of its rows.",
    )
    example = Example(
        bad="""
            import threading

            from django.db import transaction
            from shop.models import Order


            def send_receipt(pk):
                try:
                    print(Order.objects.get(pk=pk))
                finally:
                    transaction.get_connection().close()


            def checkout(request):
                with transaction.atomic():
                    order = Order.objects.create()
                    threading.Thread(target=send_receipt, args=[order.pk]).start()
            """,
        good="""
            import threading

            from django.db import transaction
            from shop.models import Order


            def send_receipt(pk):
                try:
                    print(Order.objects.get(pk=pk))
                finally:
                    transaction.get_connection().close()


            def checkout(request):
                with transaction.atomic():
                    order = Order.objects.create()
                    thread = threading.Thread(target=send_receipt, args=[order.pk])
                    transaction.on_commit(thread.start)
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a spawn that starts in an open block on a database that its code touches."""
        if not site.around.blocks:
            return
        block = site.around.blocks[0]
        connections = [c for c in site.connections if c.alias == block.alias]
        connection = site.touched if site.touched in connections else connections[0]
        where = f"of line {block.span.line}" if block.span.path == site.span.path else f"at {block.span.short}"
        inside, it = f"the atomic block {where}", "the block"
        if block.request:
            inside, it = "a request's transaction (ATOMIC_REQUESTS)", "that"
        text = self.message(
            site,
            connection,
            f"starts in another thread inside {inside} and queries the database",
            f"before {it} commits",
        )
        remedy = Remedy("on-commit", site.entry, site.span, block.start, alias=block.alias)
        yield Finding(self.code, site.span, text, site.trail, remedy)
