"""The built-in and library functions whose meaning is more than a row can say, and the table of all of them."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    boxes,
    construction,
    container_calls,
    expressions,
    kinds,
    made_classes,
    operations,
    uses,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    DISPATCH,
    NONE,
    NOTHING,
    PROPERTY,
    Arguments,
    Bound,
    Box,
    ClassValue,
    Const,
    Ext,
    Fields,
    Frame,
    Func,
    Instance,
    ModuleValue,
    Partial,
    Unknown,
    Vals,
    Value,
    Wrapped,
    const,
    join,
    one,
    string,
    text_of,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter


def _decorator(path: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        setters = attributes.ordered(arguments.get(1, "fset") or NOTHING)
        setter = next((v for v in setters if isinstance(v, Func)), None)
        return frozenset(Wrapped(v, path, setter) for v in arguments.get(0, "fget") or NOTHING) or one(Ext(path + "()"))

    return handle


def _setter(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return one(receiver) if receiver is not None else unknown("property")


def _getattr(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    values = arguments.get(0, None) or NOTHING
    found: list[Vals] = []
    for key in arguments.get(1, None) or NOTHING:
        if isinstance(key, Const) and key.kind == "str" and isinstance(key.value, str):
            found.append(attributes.attribute(run, values, key.value, at, frame))
        elif isinstance(key, Const) and key.kind == "pattern" and isinstance(key.value, str) and key.value.strip("\0"):
            found.extend(_by_pattern(run, values, key.value, at, frame))
        else:
            found.append(unknown("getattr with a name that is not known"))
    default = arguments.get(2, None)
    if default is not None and (not found or any(isinstance(v, Unknown) for vals in found for v in vals)):
        found.append(default)
    return join(found) or unknown("getattr with a name that is not known")


def _by_pattern(run: Interpreter, values: Vals, pattern: str, at: r.At, frame: Frame) -> list[Vals]:
    import re

    expression = re.compile(".+".join(map(re.escape, pattern.split("\0"))))
    found: list[Vals] = []
    for value in attributes.ordered(values):
        klass = value.klass if isinstance(value, Instance) else value
        if isinstance(value, ModuleValue):
            facts = run.names.facts(value.path)
            names = [f.name for f in facts.functions if f.owner is facts] if facts is not None else []
            found.extend(run.names.member(value, n) for n in names if expression.fullmatch(n))
        if not isinstance(klass, ClassValue):
            continue
        for candidate in run.classes.mro(klass):
            if isinstance(candidate, ClassValue):
                for name in candidate.fact.functions:
                    if expression.fullmatch(name):
                        found.append(attributes.of(run, value, name, at, frame))
    return found or [unknown("getattr with a name that is not known")]


def _setattr(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    name = string(arguments.get(1, None) or NOTHING)
    if name is not None:
        attributes.set_attribute(run, arguments.get(0, None) or NOTHING, name, arguments.get(2, None) or NOTHING)
    else:
        for value in arguments.get(0, None) or NOTHING:
            run.store.add((value, ANY_KEY), unknown("attribute with a name that is not known"))
    return NONE


def _hasattr(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    name = string(arguments.get(1, None) or NOTHING)
    if name is not None:
        attributes.attribute(run, arguments.get(0, None) or NOTHING, name, at, frame)
    return unknown("hasattr")


def _format(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``str.format``: the text, with a gap where a part is not known."""
    text = receiver.value if isinstance(receiver, Const) else None
    parts: list[str | None] = []
    try:
        fields = list(Formatter().parse(text)) if isinstance(text, str) else []
    except ValueError:
        fields = []
    for number, (before, name, _, _) in enumerate(fields):
        parts.append(before)
        if name is not None:
            place = int(name) if name.isdigit() else number if name == "" else None
            parts.append(string(arguments.get(place, name or None) or NOTHING))
    for given in (*arguments.args, *arguments.keywords.values()):
        for value in attributes.ordered(given):
            expressions.use_as_text(run, frame, value, at)
    if not fields:
        return unknown("text")
    return text_of(parts)


def _method_caller(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = Arguments(arguments.args[1:], dict(arguments.keywords))
    return one(Ext("operator.methodcaller()", None, string(arguments.get(0, None) or NOTHING) or "", _frozen(given)))


def _frozen(given: Arguments) -> object:
    return tuple(given.args), tuple(sorted(given.keywords.items()))


def _called_method(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if not (isinstance(receiver, Ext) and receiver.alias and isinstance(receiver.site, tuple)):
        return unknown("method that is not known")
    args, keywords = receiver.site
    method = attributes.attribute(run, arguments.get(0, None) or NOTHING, receiver.alias, at, frame)
    return run.call(method, Arguments(args, dict(keywords)), at, frame)


def _globals(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return one(Fields(ModuleValue(frame.module.path, ())))


def _vars(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, None) or NOTHING
    return frozenset(Fields(v) for v in given if isinstance(v, (Instance, ClassValue, ModuleValue))) or unknown(
        "vars()"
    )


def _new(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``object.__new__(cls)``."""
    classes = [v for v in arguments.get(0, None) or NOTHING if isinstance(v, ClassValue)]
    if run.making and any(run.classes.is_a(v, "type") for v in classes):
        return one(run.making[-1])
    return frozenset(Instance(v, run.site(frame, at)) for v in classes) or unknown("object.__new__()")


def _make(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``type.__call__`` of a metaclass's own ``__call__``."""
    if not isinstance(receiver, ClassValue):
        return unknown("object of a class that is not known")
    return construction.make(run, receiver, arguments, at, frame)


def _subclasses(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``Class.__subclasses__()``."""
    box = Box("list", run.site(frame, at))
    if isinstance(receiver, ClassValue):
        below = run.classes.subclasses(receiver)
        run.store.set((box, ANY_KEY), frozenset(k for k in below if receiver in run.classes.bases(k)))
    return one(box)


def _size(run: Interpreter, vals: Vals) -> int:
    """The length of a container of this run, or of a text, where it is certain; else -1."""
    value = next(iter(vals)) if len(vals) == 1 else None
    if isinstance(value, Box) and boxes.is_of_this_run(run, value):
        return boxes.length(run, value)
    text = string(vals)
    return len(text) if text is not None else -1


def _measure(event: str, is_repr: bool = False) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        from flake8_django_threads.values import externals

        for given in arguments.args:
            for value in attributes.ordered(given):
                name = {"len": "__len__", "bool": "__bool__"}.get(event)
                if name and attributes.dunder(run, value, name, (), at, frame) is not None:
                    continue
                if event == "repr":
                    expressions.use_as_text(run, frame, value, at, is_repr)
                else:
                    externals.event(run, value, event, at)
        if event == "len" and len(arguments.args) == 1 and (size := _size(run, arguments.args[0])) >= 0:
            return one(Const(size, "int"))
        if event == "repr" and len(arguments.args) == 1 and string(arguments.args[0]) is not None:
            return arguments.args[0]
        return unknown(f"result of {event}()")

    return handle


# What a built-in function asks of an object, the first that it has.
_ASKED = {
    "abs": ("__abs__",),
    "int": ("__int__", "__index__", "__trunc__"),
    "float": ("__float__", "__index__"),
    "complex": ("__complex__", "__float__"),
    "round": ("__round__",),
    "bytes": ("__bytes__",),
    "hash": ("__hash__",),
    "operator.index": ("__index__",),
    "bin": ("__index__",),
    "hex": ("__index__",),
    "math.floor": ("__floor__",),
    "math.ceil": ("__ceil__",),
    "math.trunc": ("__trunc__",),
}
_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "matmul", "lshift")


def _ask(path: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        found: list[Vals] = []
        for value in attributes.ordered(arguments.get(0, None) or NOTHING):
            for name in _ASKED[path]:
                answer = attributes.dunder(run, value, name, tuple(arguments.args[1:]), at, frame)
                if answer is not None:
                    found.append(answer)
                    break
        if not found and path != "hash":
            run.may_raise(at)
        return join(found) or one(Ext(f"{path}()"))

    return handle


def _copied(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``copy`` and ``deepcopy``: what the object's own method gives, or the same once more; a query is run."""
    found: list[Vals] = []
    for value in attributes.ordered(arguments.get(0, "x") or NOTHING):
        own = attributes.dunder(run, value, "__copy__", (), at, frame)
        if own is None:
            own = attributes.dunder(run, value, "__deepcopy__", (unknown("memo"),), at, frame)
        if own is None and isinstance(value, Box):
            own = one(boxes.copy(run, value, value.kind, run.site(frame, at)))
        row = run.models.find("wrapper", "copy.copy")
        if own is None and row is not None:
            own = uses.use(run, row, Arguments([one(value)]), "copy.copy", at, frame)
        found.append(one(value) if own is None else own)
    return join(found) or unknown("copy of nothing")


def _operate(op: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        if len(arguments.args) < 2:
            return unknown("result of an operator")
        return operations.operated(run, op, arguments.args[0], arguments.args[1], at, frame)

    return handle


def _getter(path: str) -> Handler:
    """``attrgetter`` and ``itemgetter``: the names or keys stay with what they give."""

    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        return one(Ext(f"{path}()", None, "", tuple(arguments.args)))

    return handle


def _got(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call what ``attrgetter`` or ``itemgetter`` gave."""
    asked = receiver.site if isinstance(receiver, Ext) and isinstance(receiver.site, tuple) else ()
    given = arguments.get(0, None) or NOTHING
    parts: list[Vals] = []
    for key in asked:
        held = given
        if isinstance(receiver, Ext) and receiver.path == "operator.attrgetter()":
            for name in (string(key) or "?").split("."):
                held = attributes.attribute(run, held, name, at, frame)
        else:
            held = attributes.item(run, held, key, at, frame)
        parts.append(held)
    if len(parts) == 1:
        return parts[0]
    return one(boxes.make(run, "tuple", run.site(frame, at), parts)) if parts else unknown("getter of nothing")


def _dir(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``dir``: the names that the classes of an object of the project bind."""
    names: set[str] = set()
    for value in arguments.get(0, None) or NOTHING:
        klass = value.klass if isinstance(value, Instance) else value
        if not isinstance(klass, ClassValue):
            return unknown("dir()")
        for candidate in run.classes.mro(klass):
            if isinstance(candidate, ClassValue):
                names |= run.names.table(candidate.fact).names.keys()
                names |= candidate.fact.self_stores.keys() if isinstance(value, Instance) else set()
    if not names or len(names) > boxes.MOST_TOLD:
        return unknown("dir()")
    return one(boxes.make(run, "list", run.site(frame, at), [const(name) for name in sorted(names)]))


def _reference(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``weakref.ref(x)``: what calling it gives."""
    given = arguments.get(0, None) or NOTHING
    return frozenset(Ext("weakref.ref()", value) for value in given) or unknown("reference to nothing")


def _referred(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return one(receiver.of) if isinstance(receiver, Ext) and receiver.of is not None else unknown("reference")


def _update_wrapper(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, "wrapper") or NOTHING
    attributes.set_attribute(run, given, "__wrapped__", arguments.get(1, "wrapped") or NOTHING)
    return given


def _fields_values(with_names: bool) -> Handler:
    """The attributes of an object that its classes' methods set: ``vars(x).values()``, ``.items()``."""

    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        owner = receiver.owner if isinstance(receiver, Fields) else None
        if not isinstance(owner, Instance):
            return unknown("namespace")
        stored = [c.fact.self_stores for c in run.classes.mro(owner.klass) if isinstance(c, ClassValue)]
        names = [name for store in reversed(stored) for name in store]
        held = {name: run.store.get((owner, name)) for name in names}
        known = {name: vals for name, vals in held.items() if vals is not None}
        site = run.site(frame, at)
        if with_names:
            return container_calls.rows(run, [[const(name) for name in known], list(known.values())], site)
        return one(boxes.make(run, "list", site, list(known.values())))

    return handle


def _isinstance(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    values, classes = arguments.get(0, None) or NOTHING, arguments.get(1, None) or NOTHING
    for klass in attributes.ordered(classes):
        attributes.dunder(run, klass, "__instancecheck__", (values,), at, frame)
    answer = kinds.outcome(run, values, classes)
    return unknown("isinstance") if answer is None else one(Const(answer, "bool"))


def _type(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if len(arguments.args) == 3:
        return made_classes.by_type(run, arguments, at, frame)
    found: set[Value] = set()
    for value in arguments.get(0, None) or NOTHING:
        if isinstance(value, Instance):
            found.add(value.klass)
        elif isinstance(value, Ext) and value.path.endswith("()"):
            found.add(Ext(value.path[:-2]))
    return frozenset(found) or unknown("type()")


def _partialmethod(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    bound = tuple(arguments.args[1:]), tuple(sorted(arguments.keywords.items()))
    return frozenset(
        Wrapped(Partial(v, *bound), "functools.partialmethod") for v in arguments.get(0, None) or NOTHING
    ) or unknown("partialmethod")


def _field(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``dataclasses.field``: its default, or a mark that holds the factory to be called for each object."""
    if "default" in arguments.keywords:
        return arguments.keywords["default"]
    factory = arguments.keywords.get("default_factory", NOTHING)
    return frozenset(Ext("dataclasses.field()", v) for v in factory) or one(Ext("dataclasses.field()"))


def _cast(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    node = arguments.node
    given = arguments.get(1, "val") or unknown("cast")
    return run.annotations.typed(frame, given, node.args[0]) if node is not None and len(node.args) == 2 else given


def _method_type(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    receivers = attributes.ordered(arguments.get(1, None) or NOTHING)
    return frozenset(
        Bound(f, v) for f in arguments.get(0, None) or NOTHING if isinstance(f, Func) for v in receivers
    ) or unknown("method")


def _fields_update(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if isinstance(receiver, Fields):
        held = dict(arguments.keywords)
        for value in arguments.get(0, None) or NOTHING:
            if isinstance(value, Box):
                for key in boxes.keys(run, value):
                    if isinstance(key, str):
                        held[key] = run.store.get((value, key)) or NOTHING
        for name, vals in held.items():
            attributes.set_attribute(run, one(receiver.owner), name, vals)
    return NONE


def _fields_get(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if not isinstance(receiver, Fields):
        return unknown("namespace")
    asked = Arguments([one(receiver.owner), *arguments.args])
    return _getattr(run, None, asked, at, frame)


# What a wrapper's row says in ``does``, where that is more than a call.
MEANINGS: dict[str, Handler] = {
    "property": _decorator(PROPERTY),
    "contextmanager": _decorator("contextlib.contextmanager"),
}
HANDLERS: dict[str, Handler] = {
    "<fields>.update": _fields_update,
    "<fields>.get": _fields_get,
    "<fields>.values": _fields_values(False),
    "<fields>.items": _fields_values(True),
    **{path: _ask(path) for path in _ASKED},
    "divmod": _operate("divmod"),
    "pow": _operate("pow"),
    **{f"operator.{op}": _operate(op) for op in _OPERATORS},
    "copy.copy": _copied,
    "operator.attrgetter": _getter("operator.attrgetter"),
    "operator.attrgetter()": _got,
    "operator.itemgetter": _getter("operator.itemgetter"),
    "operator.itemgetter()": _got,
    "dir": _dir,
    "weakref.ref": _reference,
    "weakref.ref()": _referred,
    "functools.update_wrapper": _update_wrapper,
    "staticmethod": _decorator("staticmethod"),
    "classmethod": _decorator("classmethod"),
    "property().setter": _setter,
    "getattr": _getattr,
    "setattr": _setattr,
    "hasattr": _hasattr,
    "str().format": _format,
    "operator.methodcaller": _method_caller,
    "operator.methodcaller()": _called_method,
    "globals": _globals,
    "vars": _vars,
    "object.__new__": _new,
    "type.__call__": _make,
    "type.__subclasses__": _subclasses,
    "functools.singledispatch": _decorator(DISPATCH),
    "len": _measure("len"),
    "bool": _measure("bool"),
    "str": _measure("repr"),
    "repr": _measure("repr", is_repr=True),
    "format": _measure("repr"),
    "print": _measure("repr"),
    "isinstance": _isinstance,
    "type": _type,
    "functools.partialmethod": _partialmethod,
    "dataclasses.field": _field,
    "typing.cast": _cast,
    "types.MethodType": _method_type,
}
