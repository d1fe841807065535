"""The names in a file that may be Django's connections, or lead to a close of them, told by imports and words alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flake8_django_threads.facts import records as r
from flake8_django_threads.values.interpreter import Interpreter

_DJANGO = frozenset({"django.db", "django.db.utils", "django.core.signals"})
# Other names of these modules that no connection hides behind; what ends in Error is none either.
_HARMLESS = frozenset({"models", "transaction", "router", "DEFAULT_DB_ALIAS", "NotSupportedError"})
# What a project calls its own way to a connection has one of these in its name.
_WORDS = ("conn", "close", "clos", "db")
_HANDLE = r"(?:connections?|close_old_connections|reset_queries|request_(?:start|finish)ed)\b"
_HANDLES = re.compile(rf"\b{_HANDLE}")
_DOTTED = re.compile(rf"\b(?:db|signals)\s*\.\s*{_HANDLE}")
_RENAMED = re.compile(r"\b(?:db|signals)[ \t]+as\b")
_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|(?:[^\n\\]|\\\n)*)", re.MULTILINE)
_NAME = re.compile(r"[\w*]+")


def connection_names(run: Interpreter, module: r.ModuleFacts) -> frozenset[str]:
    """The names that the module imports, anywhere, which may be Django's connections or close them."""
    return frozenset(_names(run, module))


def _names(run: Interpreter, module: r.ModuleFacts) -> Iterator[str]:
    for stmt in module.imports:
        if isinstance(stmt, r.Import):
            if stmt.module == "django" or stmt.module.startswith("django.db"):
                yield stmt.name or "django"
        elif stmt.module in _DJANGO and not stmt.level:
            yield from (alias for name, alias in stmt.names if name not in _HARMLESS and not name.endswith("Error"))
        else:
            for name, alias in stmt.names:
                if _sounds(name) and _leads(run, module.path, stmt.module, stmt.level, name):
                    yield alias


def _sounds(name: str) -> bool:
    """Whether a name is one that a project may give to its own way to a connection."""
    return name == "*" or any(word in name.lower() for word in _WORDS)


def _leads(run: Interpreter, importer: str, module: str, level: int, name: str) -> bool:
    """Whether a name that is imported may lead to Django's connections: by a row, or through the project."""
    if not level:
        path = f"{module}.{name}"
        if module == "django" or any(f"{row.path}.".startswith(f"{path}.") for row in run.models.rows("close")):
            return True
    return any(_handles(run, file) for file in _files(run, importer, module, level, name))


def _files(run: Interpreter, importer: str, module: str, level: int, name: str) -> Iterator[str]:
    """The project's files that may say what a name means: the module's, and that of a module in it."""
    place = run.resolver.module(module, level, importer)
    if place is not None:
        inner = run.resolver.submodule(place, name) if name != "*" else None
        yield from (path for path in (place.path, inner.path if inner else "") if path)


def _handles(run: Interpreter, path: str) -> bool:
    """Whether a file names Django's connections, or imports from a file of the project that does, and so on."""
    known: dict[str, bool] = run.answers.setdefault(("names connections", ""), {})
    todo, seen = [path], {path}
    while todo:
        file = todo.pop()
        if known.get(file) is False:
            continue
        text = run.modules.text(file)
        imports = _FROM.findall(text)
        if known.get(file) or ("django" in text and (_names_handle(text) or any(map(_imports_handle, imports)))):
            known[file] = known[path] = True
            return True
        for dots, module, names in imports:
            for name in _NAME.findall(names):
                if _sounds(name):
                    new = set(_files(run, file, module, len(dots), name)) - seen
                    seen |= new
                    todo += sorted(new)
    known.update(dict.fromkeys(seen, False))
    return False


def _names_handle(text: str) -> bool:
    """Whether a text takes one of Django's connections from the module that has them."""
    return bool(_DOTTED.search(text) or (_RENAMED.search(text) and _HANDLES.search(text)))


def _imports_handle(found: tuple[str, str, str]) -> bool:
    """Whether a from-import, as (dots, module, names), takes one of Django's connections, or all of the module."""
    dots, module, names = found
    return not dots and module in _DJANGO and ("*" in names or bool(_HANDLES.search(names)))
