"""DJT004: what looks like the close keeps a healthy connection, by the project's own settings."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.sites import KEPT, SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class CloseOldKeepsConnection(Rule):
    """The only close is `close_old_connections()` or its like, and `CONN_MAX_AGE` makes it keep the connection.

    What it finds
        Code in another thread that closes by `close_old_connections()`, `close_if_unusable_or_obsolete()` or
        `request_finished.send()` alone, in a project whose settings give the database a `CONN_MAX_AGE` other than 0.

    Why it matters
        These calls shut what is broken or past its age. A connection that was opened a second ago is neither, so it
        stays open, and no later request can use it: it belongs to a thread that has ended.
    """

    code = "DJT004"
    name = "close-old-keeps-connection"
    fix_safety = "Unsafe: a connection that `CONN_MAX_AGE` was set to keep would be closed."
    known_gaps = (
        "Where settings modules disagree, or an age is not told by the text, the close counts as one.",
        "An age that the environment gives counts as its default.",
    )
    example = Example(
        settings="""
            DATABASES = {
                "default": {
                    "ENGINE": "django.db.backends.postgresql",
                    "CONN_MAX_AGE": 60,
                },
            }
            """,
        bad="""
            import threading

            from django.db import close_old_connections
            from shop.models import Order


            def recount():
                try:
                    print(Order.objects.count())
                finally:
                    close_old_connections()


            def refresh(request):
                threading.Thread(target=recount).start()
            """,
        good="""
            import threading

            from django.db import connections
            from shop.models import Order


            def recount():
                try:
                    print(Order.objects.count())
                finally:
                    connections.close_all()


            def refresh(request):
                threading.Thread(target=recount).start()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a connection that is left open only because a conditional close keeps it."""
        leak = site.leak
        if leak is not None and leak.fault == KEPT and leak.close is not None:
            what = ".".join(leak.close.leaf.what.split(".")[-2:])
            yield self.finding(site, leak, f"but {what} at {site.seen(leak.close)} keeps it, for CONN_MAX_AGE is not 0")
