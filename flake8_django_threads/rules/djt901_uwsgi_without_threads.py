"""DJT901: threads that are started and never run."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding, Remedy, Step
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class UwsgiWithoutThreads(Rule):
    """The project starts threads, and its uWSGI configuration does not let them run.

    What it finds
        A uWSGI configuration (ini, yaml, json, xml, or a command line in a Procfile, Dockerfile, compose file, shell
        script, supervisor or systemd unit) that serves an application and sets neither `enable-threads` nor `threads`.
        It is reported once for a project, at the first spawn of its first file with one. From uWSGI 2.0.27 on threads
        run in any case: a project whose requirements install such a release is left alone.

    Why it matters
        Up to uWSGI 2.0.26 Python's threads are off without the option. `thread.start()` returns, no error is raised,
        and the code waits until the next request is served; what is started at import never runs. Distributions
        still ship these releases, and lock files hold them.
    """

    code = "DJT901"
    name = "uwsgi-without-threads"
    of_place = True
    fix_safety = "Safe for an ini file: one line, `enable-threads = true`."
    known_gaps = (
        "A configuration that includes another one is left alone, and so is a command whose options are in variables.",
        "Configurations are looked for in the project's root and in folders named as those of a deployment are.",
        "Which release an image or a distribution installs is not known: an older one is assumed.",
    )
    example = Example(
        bad="""
            import threading


            def refresh(request):
                threading.Thread(target=print).start()
            """,
        good="""
            import threading


            def refresh(request):
                threading.Thread(target=print).start()
            """,
        bad_ini="""
            [uwsgi]
            module = shop.wsgi
            processes = 4
            """,
        good_ini="""
            [uwsgi]
            module = shop.wsgi
            processes = 4
            enable-threads = true
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report the configurations with the spawn that they keep from running."""
        for place in site.around.unthreaded:
            what = "uWSGI's command line" if place.kind == "command" else "uWSGI's configuration"
            text = f"threads are started here, and {what} at {place.span.short} sets neither enable-threads nor threads"
            remedy = Remedy("ini-enable-threads", None, place.span, None)
            if place.kind != "ini":
                remedy = remedy._replace(blocked="the option is only written into ini files")
            trail = (
                Step(site.span, "starts a thread"),
                Step(place.span, "no thread of Python runs under this before uWSGI 2.0.27"),
            )
            yield Finding(self.code, site.span, self.fitted([text]), trail, remedy)
