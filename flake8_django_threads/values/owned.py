"""Values that belong to the connection of the thread that made them: cursors, wrappers, iterators under way.

Such a value carries, as its site, where and in which frame it was made. The global ``connection`` is none of them: it
is a proxy, and each thread finds its own connection behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from flake8_django_threads.facts.records import At
from flake8_django_threads.values.domain import NONE, Ext, Frame, Vals, Value

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

WRAPPER = "django.db.connections[]"
CURSOR = "django.db.connections[].cursor()"
ITERATED = "django.db.models.QuerySet()"
ITERATOR = ".iterator"
_BEGUN = "<begun>"
# What a wrapper refuses to do in another thread; the rest of it is harmless there.
_CHECKED = frozenset(
    f"{WRAPPER}.{name}"
    for name in ("cursor", "chunked_cursor", "close", "commit", "rollback", "close_if_unusable_or_obsolete")
)

Site: TypeAlias = tuple[str, At, Frame]


def made(run: Interpreter, value: Ext, path: str, at: At, frame: Frame | None) -> Ext:
    """``value``, as calling ``path`` gave it, marked with its making if it belongs to the connection."""
    if frame is None or not (value.path in (CURSOR, WRAPPER) or path.endswith(ITERATOR)):
        return value
    site = (frame.module.path, at, frame)
    if run.active:
        run.made.add(site)
    return Ext(value.path, value.of, value.alias, site)


def begin(run: Interpreter, values: Vals) -> None:
    """``next()`` is called on these: an iterator among them has a cursor from here on."""
    for value in values:
        if isinstance(value, Ext) and value.path == ITERATED and value.site is not None:
            run.store.set((value, _BEGUN), NONE)


def is_used(run: Interpreter, path: str, receiver: Value | None) -> bool:
    """Whether calling the method ``path`` uses the connection that ``receiver`` belongs to."""
    if not isinstance(receiver, Ext) or not isinstance(receiver.site, tuple):
        return False
    if receiver.path == WRAPPER:
        return path in _CHECKED
    return receiver.path == CURSOR or run.store.peek((receiver, _BEGUN)) is not None


def describe(value: Ext) -> str:
    """What a message calls such a value."""
    if value.path == CURSOR:
        return "a cursor"
    return f"connections[{value.alias!r}]" if value.path == WRAPPER else "an iterator that is under way"
