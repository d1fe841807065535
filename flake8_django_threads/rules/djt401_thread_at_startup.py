"""DJT401: a thread that every process of the project starts."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class ThreadAtStartup(Rule):
    """A thread or scheduler that touches the database is started when the project is loaded.

    What it finds
        A spawn in `AppConfig.ready()`, in a function that it calls, or at module level of an application's module,
        whose code queries the database. Code that first asks for `RUN_MAIN`, `sys.argv`, the environment or the
        settings decides for itself which process may start it, and is left alone.

    Why it matters
        `ready()` and imports run in every process: in `manage.py migrate`, before there are tables, in each worker of
        the server, in the shell, in the tests, and twice under `runserver`'s autoreload. Jobs run several times over,
        and a fork of the loaded process has neither the thread nor a connection that it may use.
    """

    code = "DJT401"
    name = "thread-at-startup"
    of_place = True
    fix_safety = "None: which process should do the work is the project's choice (a management command, a task queue)."
    known_gaps = ("A module that only one process imports cannot be told from the others.",)
    example = Example(
        bad="""
            import threading

            from django.apps import AppConfig
            from django.db import connections


            def warm_up():
                from shop.models import Order

                try:
                    print(Order.objects.count())
                finally:
                    connections.close_all()


            class ShopConfig(AppConfig):
                name = "shop"

                def ready(self):
                    threading.Thread(target=warm_up, daemon=True).start()
            """,
        good="""
            from django.core.management.base import BaseCommand


            class Command(BaseCommand):
                def handle(self, *args, **options):
                    from shop.models import Order

                    print(Order.objects.count())
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a spawn that runs at start-up."""
        startup = site.around.startup
        if startup is None or site.touched is None:
            return
        how = "at import"
        if startup.how == "ready":
            how = "by AppConfig.ready()"
            if startup.span.path != site.span.path:
                how += f" ({startup.span.short})"
        text = self.message(
            site,
            site.touched,
            "runs in another thread and queries the database",
            f"and is started {how}: in every process, manage.py commands included",
        )
        yield Finding(self.code, site.span, text, site.trail)
