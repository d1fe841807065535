"""Values of which equal ones are one object, so that comparing and hashing them costs next to nothing."""

from __future__ import annotations

from typing import Any
from weakref import ref


class _Kept(ref[Any]):
    """A reference that knows under which key it is kept."""

    __slots__ = ("key",)
    key: tuple[object, ...]


class Interned(type):
    """The type of frozen dataclasses (``eq=False, slots=True, weakref_slot=True``) that are compared by identity.

    Calling the class with the arguments of an object that lives gives that object.
    """

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:
        super().__init__(name, bases, namespace)
        cls._made: dict[tuple[object, ...], _Kept] = {}
        fields = getattr(cls, "__dataclass_fields__", {}).values()
        cls._rest = tuple(field.default for field in fields)
        cls._names = tuple(field.name for field in fields)

    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        if len(args) != len(cls._rest):
            args = (*args, *cls._rest[len(args) :])
        if keywords:
            args = tuple(keywords.get(name, given) for name, given in zip(cls._names, args, strict=True))
        known = cls._made.get(args)
        value = known() if known is not None else None
        if value is None:
            value = super().__call__(*args)
            kept = _Kept(value, cls._forget)
            kept.key = args
            cls._made[args] = kept
        return value

    def _forget(cls, dead: _Kept) -> None:
        if cls._made.get(dead.key) is dead:
            del cls._made[dead.key]
