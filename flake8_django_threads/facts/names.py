"""The names of a scope: what it binds, reads and declares, gathered while its body is lowered."""

from __future__ import annotations

from flake8_django_threads.facts.records import (
    Annotate,
    Assign,
    Attr,
    Augment,
    Block,
    Call,
    Const,
    Display,
    Evaluate,
    Expr,
    Function,
    Name,
    Scope,
)


class OpenScope:
    """A scope whose body is being lowered.

    ``reads`` are the names loaded here, ``free`` those that inner scopes leave unbound. ``receiver`` is the first
    parameter of a method (``self``, ``cls``), None in every other scope.
    """

    __slots__ = ("bound", "free", "global_names", "nonlocal_names", "reads", "receiver", "record", "yields")

    def __init__(self, record: Scope, receiver: str | None = None) -> None:
        self.record = record
        self.receiver = receiver
        self.bound: set[str] = set()
        self.reads: set[str] = set()
        self.free: set[str] = set()
        self.global_names: set[str] = set()
        self.nonlocal_names: set[str] = set()
        self.yields = False

    def close(self, outer: OpenScope) -> None:
        """Write the names into the record of a function, and leave the free ones to the scope around it."""
        local = self.bound - self.global_names - self.nonlocal_names
        record = self.record
        if isinstance(record, Function):
            record.local_names = frozenset(local)
            record.cell_names = frozenset(local & self.free)
            record.global_names = frozenset(self.global_names)
            record.nonlocal_names = frozenset(self.nonlocal_names)
            record.is_generator = self.yields
            self.free -= local  # a class body is transparent: its methods see past it
        outer.free |= self.free
        outer.free |= (self.reads | self.nonlocal_names) - local
        outer.free -= self.global_names


def exported(body: Block) -> tuple[str, ...] | None:
    """The names of a literal ``__all__``, with what literal ``+=``, ``extend`` and ``append`` add to it.

    None where there is no ``__all__`` at the top of the module, or where a part of it is not literal.
    """
    names: tuple[str, ...] | None = None
    for statement in body:
        match statement:
            case Assign(_, targets, value) if any(isinstance(t, Name) and t.id == "__all__" for t in targets):
                names = _strings(value)
            case Annotate(_, Name(_, "__all__"), _, value) if value is not None:
                names = _strings(value)
            case Augment(_, Name(_, "__all__"), _, value):
                names = _joined(names, _strings(value))
            case Evaluate(_, Call(_, Attr(_, Name(_, "__all__"), method), args)):
                added = _strings(args[0]) if method == "extend" and args else _literals(args)
                names = _joined(names, added if method in ("append", "extend") else None)
    return names


def _joined(names: tuple[str, ...] | None, more: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if names is None or more is None else names + more


def _strings(value: Expr) -> tuple[str, ...] | None:
    return _literals(value.items) if isinstance(value, Display) else None


def _literals(items: tuple[Expr, ...]) -> tuple[str, ...] | None:
    texts = tuple([item.value for item in items if isinstance(item, Const) and isinstance(item.value, str)])
    return texts if len(texts) == len(items) else None
