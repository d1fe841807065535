"""Where a project's threads are meant to run, and never do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, ancestors, last, parent
from flake8_django_threads.project.uwsgi import Configuration, without_threads

# Code that no web process runs.
_ASIDE = frozenset({"tests", "test", "commands", "migrations", "testing"})


class Deployments:
    """Answers for files with spawns. ``spawning`` has, by project root, the files whose words may start a thread;
    ``sites_of`` gives the spawns of a file."""

    def __init__(
        self,
        sources: Sources,
        resolver: Resolver,
        spawning: Mapping[str, tuple[str, ...]],
        sites_of: Callable[[str], tuple[SpawnSite, ...]],
    ) -> None:
        self._sources = sources
        self._resolver = resolver
        self._spawning = spawning
        self._sites_of = sites_of
        self._known: dict[str, tuple[Configuration, ...]] = {}
        self._first: dict[str, str] = {}

    def without_threads(self, path: str) -> tuple[Configuration, ...]:
        """The configurations to report with the file ``path``: those of its project, if it is the first with a spawn.

        Which file that is hangs on the project alone, not on what is linted; without a survey every file is.
        """
        root = self._resolver.project_root(path)
        if _is_aside(path, root):
            return ()
        if root not in self._known:
            self._known[root] = without_threads(root, self._sources)
        if not self._known[root]:
            return ()
        spawning = self._spawning.get(root)
        if spawning is None or path not in spawning:
            return self._known[root] if spawning is None else ()
        if root not in self._first:
            wanted = (other for other in spawning if not _is_aside(other, root))
            self._first[root] = next((other for other in wanted if other == path or self._sites_of(other)), "")
        return self._known[root] if self._first[root] == path else ()


def _is_aside(path: str, root: str) -> bool:
    """Whether a file is a test or a command."""
    if last(path).startswith(("test_", "conftest")) or last(path) == "tests.py":
        return True
    folders = (folder for folder in ancestors(parent(path)) if len(folder) > len(root))
    return any(last(folder) in _ASIDE for folder in folders)
