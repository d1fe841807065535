"""What an annotation says of a value: an object of the type that it names."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NO_CALLER,
    NOTHING,
    Box,
    ClassValue,
    Ext,
    Frame,
    Instance,
    Unknown,
    Vals,
    Value,
    join,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_OPTIONAL = frozenset(
    {
        "typing.Optional",
        "typing.Annotated",
        "typing.Final",
        "typing.ClassVar",
        "typing.Union",
        "typing_extensions.Annotated",
        "typing.Awaitable",
        "typing.Required",
    }
)
_SEQUENCES = frozenset(
    {
        "typing.List",
        "typing.Iterable",
        "typing.Sequence",
        "typing.Set",
        "typing.Iterator",
        "typing.Collection",
        "typing.FrozenSet",
        "typing.Deque",
        "list",
        "set",
        "tuple",
        "frozenset",
        "typing.Tuple",
        "collections.abc.Iterable",
        "collections.abc.Sequence",
        "collections.abc.Iterator",
        "collections.abc.Collection",
        "typing.Generator",
        "collections.abc.Generator",
        "collections.deque",
    }
)
_MAPPINGS = frozenset(
    {
        "typing.Dict",
        "typing.Mapping",
        "dict",
        "collections.abc.Mapping",
        "typing.DefaultDict",
        "collections.defaultdict",
        "collections.OrderedDict",
    }
)
_CLASSES = frozenset({"typing.Type", "type"})


class Annotations:
    """Reads annotations, with the names of the scope in which they stand."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self._spoken_of = {row.path.partition(".")[0].removesuffix("()") for row in run.models.rows()} | set(
            dir(builtins)
        )

    def annotated(self, frame: Frame, annotation: r.Expr) -> Vals:
        """An object of the annotated type."""
        with self._run.detached():
            return self._annotated(frame, annotation, 0)

    def _annotated(self, frame: Frame, annotation: r.Expr, depth: int) -> Vals:
        if depth > 6:
            return unknown("annotation")
        match annotation:
            case r.Const():
                if (
                    isinstance(annotation.value, str)
                    and (quoted := _quoted(annotation.value, annotation.at)) is not None
                ):
                    return self._annotated(frame, quoted, depth + 1)
                return NOTHING if annotation.value is None else unknown("annotation")
            case r.Operation() if annotation.op in ("or", "or_", "bitor"):
                return join(self._annotated(frame, operand, depth + 1) for operand in annotation.operands)
            case r.Index():
                return self._generic(frame, annotation, depth)
            case r.Name() | r.Attr():
                outside = self._run.names.outside(frame) if frame.function is not None else frame
                return join(self._of_class(v) for v in self._run.evaluate(outside, annotation))
        return unknown("annotation")

    def _generic(self, frame: Frame, annotation: r.Index, depth: int) -> Vals:
        outside = self._run.names.outside(frame) if frame.function is not None else frame
        keys = annotation.key.items if isinstance(annotation.key, r.Display) else (annotation.key,)
        found = NOTHING
        for base in self._run.evaluate(outside, annotation.base):
            path = self._run.models.canonical(base.path) if isinstance(base, Ext) else ""
            if path in _OPTIONAL:
                picked = keys if path == "typing.Union" else keys[:1]
                found = join((found, *(self._annotated(frame, key, depth + 1) for key in picked)))
            elif path in _SEQUENCES or path in _MAPPINGS:
                box = Box("dict" if path in _MAPPINGS else "list", ("annotation", frame.module.path, annotation.at))
                inner = self._annotated(frame, keys[-1 if path in _MAPPINGS else 0], depth + 1)
                self._run.store.add((box, ANY_KEY), inner or unknown("annotation"))
                found = join((found, one(box)))
            elif path in _CLASSES:
                found = join((found, *(self._run.evaluate(outside, key) for key in keys[:1])))
            elif isinstance(base, (Ext, ClassValue)):
                of = next((v for v in self._run.evaluate(outside, keys[0]) if isinstance(v, (ClassValue, Ext))), None)
                for value in self._of_class(base):
                    if isinstance(value, Ext):
                        value = Ext(value.path, of)
                    elif isinstance(value, Instance):
                        value = Instance(value.klass, None, of)
                    found = join((found, one(value)))
        return found or unknown("annotation")

    def _of_class(self, value: Value) -> Vals:
        if isinstance(value, ClassValue):
            return one(Instance(value))
        if isinstance(value, Ext):
            if value.path in ("typing.Any", "object", "typing.Callable", "collections.abc.Callable"):
                return unknown(NO_CALLER)
            return one(Ext(value.path + "()"))
        return unknown("annotation")

    def typed(self, frame: Frame, vals: Vals, annotation: r.Expr) -> Vals:
        """``vals``, or an object of the annotated type where nothing is known of them but a library that made them."""
        if not vals or not all(self.vague(v) for v in vals):
            return vals
        found = self.annotated(frame, annotation)
        return found if any(not self.vague(v) for v in found) else vals

    def vague(self, value: Value) -> bool:
        """Whether a value is unknown, or came out of a library of which no row speaks."""
        if isinstance(value, Ext):
            head = value.path.partition(".")[0].removesuffix("()")
            return value.of is None and value.path.endswith(("()", "[]")) and head not in self._spoken_of
        return isinstance(value, Unknown)


def _quoted(text: str, at: r.At) -> r.Expr | None:
    """The expression that an annotation in quotes stands for."""
    try:
        return _name_of(ast.parse(text.strip(), mode="eval").body, at)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _name_of(node: ast.expr, at: r.At) -> r.Expr | None:
    match node:
        case ast.Name():
            return r.Name(at, node.id)
        case ast.Attribute():
            base = _name_of(node.value, at)
            return r.Attr(at, base, node.attr) if base is not None else None
        case ast.Subscript():
            base, key = _name_of(node.value, at), _name_of(node.slice, at)
            return r.Index(at, base, key) if base is not None and key is not None else None
        case ast.Tuple():
            items = [_name_of(item, at) or r.Const(at, None) for item in node.elts]
            return r.Display(at, "tuple", tuple(items))
        case ast.BinOp(op=ast.BitOr()):
            left, right = _name_of(node.left, at), _name_of(node.right, at)
            return r.Operation(at, "or", (left, right)) if left is not None and right is not None else left or right
        case ast.Constant(value=None):
            return r.Const(at, None)
    return None
