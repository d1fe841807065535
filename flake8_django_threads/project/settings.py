"""What a project's settings say of its databases (CONN_MAX_AGE, ATOMIC_REQUESTS) and caches: read, and never run.

The settings modules are those that ``DJANGO_SETTINGS_MODULE`` names in ``manage.py``, ``wsgi.py``, ``asgi.py`` and the
configuration of pytest, with the modules beside them; where nothing names one, every module that is called settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from flake8_django_threads.facts.records import ModuleFacts
from flake8_django_threads.project import roots
from flake8_django_threads.project.constants import Names, Reader, Table, Value
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, Unreadable, below, last, parent
from flake8_django_threads.project.store import Store

_STARTERS = ("manage.py", "wsgi.py", "asgi.py")
_CONFIGURATION = ("pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini")
_NAMED = re.compile(r"""DJANGO_SETTINGS_MODULE['"]?\]?[\s,=(]*(?:str\()?['"]?([A-Za-z_][\w.]*)""")
_SETTINGS = re.compile(r"(?:^|_)settings(?:_|$)")
_DATABASES, _CACHES = "DATABASES", "CACHES"
# Backends that give each connection back to a pool at the end of a request, whatever its age.
_POOLING = ("django_db_geventpool.",)
_IN_A_TABLE = frozenset({"django.core.cache.backends.db.DatabaseCache"})


class Settings:
    """Answers for all projects that files are asked about; reads a project's settings once, when first asked."""

    def __init__(self, sources: Sources, modules: Store, resolver: Resolver) -> None:
        self._sources = sources
        self._modules = modules
        self._resolver = resolver
        self._names: dict[str, Names] = {}
        self._found: dict[tuple[str, str], tuple[Value, ...]] = {}

    def keeps(self, path: str, alias: str) -> bool:
        """Whether every settings module of the file's project that sets the databases keeps connections to ``alias``.

        False too where they disagree, or where the text does not tell.
        """
        found = self._of(self._resolver.project_root(path), _DATABASES)
        return bool(found) and all(_keeps(value, alias) for value in found)

    def caches_in_a_table(self, path: str, alias: str) -> bool:
        """Whether every settings module of the file's project that sets the caches has ``alias`` in the database.

        False too where they disagree, or where the text does not tell.
        """
        found = self._of(self._resolver.project_root(path), _CACHES)
        return bool(found) and all(_backend(value, alias) == _IN_A_TABLE for value in found)

    def atomic_requests(self, path: str) -> frozenset[str]:
        """The aliases for which every settings module of the file's project opens a transaction around each request."""
        found = self._of(self._resolver.project_root(path), _DATABASES)
        return frozenset.intersection(*map(_atomic, found)) if found else frozenset()

    def _of(self, root: str, name: str) -> tuple[Value, ...]:
        """What each settings module sets a name to, of those that set it."""
        if (root, name) not in self._found:
            modules = dict.fromkeys(self._settings(root))
            self._found[root, name] = tuple(
                self._read(module).get(name)
                for module in modules
                if name in self._read(module) or name in self._text(module)
            )
        return self._found[root, name]

    def _settings(self, root: str) -> Iterator[str]:
        named = [path for dotted, file in self._named(root) if (path := self._find(dotted, file))]
        if not named:
            yield from filter(_is_settings, self._resolver.files(root))
        for path in named:
            yield path
            folder = parent(path)
            yield from filter(_is_settings, (below(folder, name) for name in self._sources.listing(folder)))

    def _named(self, root: str) -> Iterator[tuple[str, str]]:
        """The dotted names that ``DJANGO_SETTINGS_MODULE`` is given in the project, and the file that gives each."""
        for folder in roots.walk(root, self._sources):
            listing = self._sources.listing(folder)
            for name in (*_STARTERS, *_CONFIGURATION):
                if listing.get(name) is not False:
                    continue
                path = below(folder, name)
                yield from ((dotted, path) for dotted in dict.fromkeys(_NAMED.findall(self._text(path))))

    def _find(self, dotted: str, file: str) -> str:
        place = self._resolver.module(dotted, 0, file if file.endswith(".py") else below(parent(file), "manage.py"))
        return place.path if place is not None else ""

    def _text(self, path: str) -> str:
        try:
            return self._sources.read(path)
        except Unreadable:
            return ""

    def _read(self, path: str) -> Names:
        """What the module leaves in its names; nothing while it is being read, or where it cannot be."""
        if path not in self._names:
            self._names[path] = {}
            facts = self._modules.facts(path)
            if isinstance(facts, ModuleFacts):
                reader = Reader(lambda module, level: self._import(module, level, path))
                reader.block(facts.body)
                self._names[path] = reader.names
        return self._names[path]

    def _import(self, module: str, level: int, path: str) -> Names | None:
        place = self._resolver.module(module, level, path)
        return self._read(place.path) if place is not None and place.path else None


def _is_settings(path: str) -> bool:
    """Whether a module is called settings, or lies in a package of that name."""
    name = last(path)
    return name.endswith(".py") and (
        bool(_SETTINGS.search(name.removesuffix(".py"))) or last(parent(path)) == "settings"
    )


def _keeps(databases: Value, alias: str) -> bool:
    """Whether the connections to the alias surely have a CONN_MAX_AGE other than 0; None keeps them for ever.

    A backend that pools them does not look at their age.
    """
    settings = databases.get(alias) if isinstance(databases, Table) else None
    age = settings.get("CONN_MAX_AGE") if isinstance(settings, Table) else None
    engine = settings.get("ENGINE") if isinstance(settings, Table) else None
    if isinstance(engine, frozenset) and any(str(name).startswith(_POOLING) for name in engine):
        return False
    return isinstance(age, frozenset) and bool(age) and not any(_is_zero(literal) for literal in age)


def _backend(caches: Value, alias: str) -> Value:
    """The backend of a cache, as far as it is told."""
    settings = caches.get(alias) if isinstance(caches, Table) else None
    return settings.get("BACKEND") if isinstance(settings, Table) else None


def _atomic(databases: Value) -> frozenset[str]:
    """The aliases with an ATOMIC_REQUESTS that is surely true."""
    if not isinstance(databases, Table):
        return frozenset()
    settings = {
        alias: table.get("ATOMIC_REQUESTS") for alias, table in databases.items.items() if isinstance(table, Table)
    }
    return frozenset(alias for alias, value in settings.items() if value == frozenset({True}))


def _is_zero(age: object) -> bool:
    """Whether an age is 0, is not given, or is nothing that could be one."""
    if age is None:
        return False
    try:
        return float(age) == 0  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return True
