"""Attributes and items: what ``value.name`` and ``value[key]`` give, and what reading them does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import boxes, enums, externals, made_classes, model_attributes, wrappers
from flake8_django_threads.values.domain import (
    ANY_KEY,
    DISPATCH,
    NO_CALLER,
    NONE,
    NOTHING,
    PROPERTY,
    Arguments,
    Bound,
    Box,
    BoxMethod,
    ClassValue,
    Const,
    Ext,
    Fields,
    Frame,
    Func,
    Instance,
    Lazy,
    Mapped,
    ModuleValue,
    Order,
    Partial,
    Pending,
    Super,
    Unknown,
    Vals,
    Value,
    Wrapped,
    join,
    one,
    order_key,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

STATIC = "staticmethod"
CLASS = "classmethod"


def attribute(run: Interpreter, values: Vals, name: str, at: r.At, frame: Frame) -> Vals:
    """The values of ``.name`` on each of ``values``; several receivers that do something are alternatives."""
    if len(values) == 1:
        (value,) = values
        return of(run, value, name, at, frame)
    found: list[Vals] = []

    def arm(value: Value) -> bool:
        found.append(of(run, value, name, at, frame))
        return True

    run.alternatives(at, [partial(arm, value) for value in ordered(values)])
    return join(found)


def ordered(values: Vals) -> list[Value]:
    """The values in an order that does not depend on hashing."""
    return sorted(values, key=order_key) if len(values) > 1 else list(values)


def of(run: Interpreter, value: Value, name: str, at: r.At, frame: Frame) -> Vals:
    """The values of ``value.name``."""
    match value:
        case _ if name == "__dict__" and isinstance(value, (Instance, ClassValue, ModuleValue, Func)):
            return one(Fields(value))
        case Fields():
            return one(Bound(Ext(f"<fields>.{name}"), value))
        case Instance():
            return _of_instance(run, value, name, at, frame)
        case ClassValue():
            return _of_class(run, value, name, at, frame)
        case ModuleValue():
            return run.names.member(value, name)
        case Ext():
            return externals.attribute(run, value, name, at, frame)
        case Super():
            return _of_super(run, value, name, at, frame)
        case Box():
            return one(BoxMethod(value, name))
        case Const():
            return one(Bound(Ext(f"{value.kind}().{name}"), value))
        case Wrapped():
            if value.wrapper == PROPERTY and name in ("setter", "deleter", "getter"):
                return one(Ext("property().setter", value))
            if value.wrapper == DISPATCH and name in ("register", "dispatch"):
                return one(Bound(Ext(f"{DISPATCH}().{name}"), value))
            return wrappers.wrapped_attribute(run, value, name, at)
        case Func():
            held = run.store.get((value, name))
            return held if held is not None else unknown("attribute of a function")
        case Bound() if name == "__func__":
            return one(value.function)
        case Bound() if name == "__self__":
            return one(value.receiver)
        case Bound() if isinstance(value.function, Ext) and value.function.path.startswith("django.db.connections[]"):
            # A part of the wrapper that is no method: the driver's connection, the introspection.
            return externals.attribute(run, value.function, name, at, frame)
        case Bound() if isinstance(value.function, Ext) and run.models.is_chained(value.function.path):
            return externals.attribute(run, value.function, name, at, frame)
        case Bound():
            return (
                of(run, value.function, name, at, frame)
                if isinstance(value.function, Func)
                else unknown("attribute of a method")
            )
        case Partial():
            return one(value.function) if name == "func" else unknown("attribute of a partial")
        case Pending() | Lazy() | Mapped():
            return one(Bound(Ext(f"types.GeneratorType().{name}"), value))
        case Unknown():
            return one(value if value.reason.startswith("attribute of ") else Unknown(f"attribute of {_short(value)}"))
        case BoxMethod() | Order():
            return unknown("attribute of a method")


def _short(value: Unknown) -> str:
    return value.reason if len(value.reason) < 60 else "something unknown"


def wrapped(value: Value, wrapper: str) -> Value:
    """The callable behind a decorator of a library."""
    return Wrapped(value, wrapper)


def _of_instance(run: Interpreter, value: Instance, name: str, at: r.At, frame: Frame) -> Vals:
    if name == "__class__":
        return one(value.klass)
    if (field := enums.read(run, value, name)) is not None:
        return field
    held = _held(run, value, name)
    found_class = _private(run, value.klass, name, frame) or lookup(run, value.klass, name)
    if found_class is not None:
        owner, vals = found_class
        if value.site is None and held is None and all(isinstance(v, Func) and _is_abstract(v.function) for v in vals):
            overrides = _overrides(run, value, name)
            if overrides:
                return overrides
        if any(isinstance(v, Wrapped) and v.wrapper == PROPERTY for v in vals):
            return join(_bind(run, v, value, owner, name, at, frame) for v in ordered(vals))
        if held is not None and not (
            all(run.annotations.vague(v) for v in held)
            and not all(run.annotations.vague(v) or isinstance(v, Const) for v in vals)
        ):
            return held
        stored = _stored(run, value.klass, name) if not all(isinstance(v, (Func, Wrapped)) for v in vals) else None
        if stored is not None and not any(_is_field(run, v) for v in vals):
            return join((stored, *(_bind(run, v, value, owner, name, at, frame) for v in ordered(vals))))
        if value.site is None and all(isinstance(v, Const) and not isinstance(v.value, str) for v in vals):
            return vals | {Unknown("state of an object")}
        return join(_bind(run, v, value, owner, name, at, frame) for v in ordered(vals))
    if held is not None:
        return held
    stored = _stored(run, value.klass, name)
    if stored is not None:
        given = value.site is None and Unknown(NO_CALLER) in stored and all(isinstance(v, Unknown) for v in stored)
        return (run.makers.attribute(value.klass, name) if given else NOTHING) or stored
    return externals.inherited_attribute(run, value, name, at, frame)


def _held(run: Interpreter, value: Instance, name: str) -> Vals | None:
    """What the object's attribute holds. A flag that was off when a module was imported may be on when code runs, if
    anything in the class's module puts it on."""
    cell = (value, name)
    held = run.store.get(cell)
    if (
        held is not None
        and all(isinstance(v, Const) and not v.value for v in held)
        and run.store.written(cell) is None
        and name in run.mutations.put_on(value.klass.module)
    ):
        return held | {Unknown("state of an object")}
    return held


def _private(run: Interpreter, klass: ClassValue, name: str, frame: Frame) -> tuple[Value, Vals] | None:
    """What a name with two leading underscores means: that of the class in which it is written, not a subclass's."""
    if not name.startswith("__") or name.endswith("__"):
        return None
    scope: Frame | None = frame
    while scope is not None and not (scope.function is not None and isinstance(scope.function.owner, r.ClassFact)):
        scope = scope.parent
    owner = scope.function.owner if scope is not None and scope.function is not None else None
    for candidate in run.classes.mro(klass):
        if isinstance(candidate, ClassValue) and candidate.fact is owner:
            found = run.names.class_own(candidate, name)
            return None if found is None else (candidate, found)
    return None


def _is_abstract(function: r.Function) -> bool:
    """A body that says no more than that a subclass has to have one."""
    if any(
        "abstract" in (d.id if isinstance(d, r.Name) else d.name if isinstance(d, r.Attr) else "")
        for d in function.decorators
    ):
        return True
    return all(
        (isinstance(stmt, r.Raise) and _names(stmt.exception) == "NotImplementedError")
        or (isinstance(stmt, r.Evaluate) and isinstance(stmt.value, r.Const))
        for stmt in function.body
    )


def _names(expr: r.Expr | None) -> str:
    if isinstance(expr, r.Call):
        expr = expr.func
    return expr.id if isinstance(expr, r.Name) else ""


def _overrides(run: Interpreter, value: Instance, name: str) -> Vals:
    """The methods that subclasses define in place of an abstract one."""
    found: list[Vals] = []
    for klass in run.classes.subclasses(value.klass):
        own = run.names.class_own(klass, name)
        if own is not None:
            found.append(
                frozenset(
                    Bound(v, Instance(klass)) for v in own if isinstance(v, Func) and not _is_abstract(v.function)
                )
            )
    return join(found)


def _is_field(run: Interpreter, value: Value) -> bool:
    return isinstance(value, Ext) and run.models.find("descriptor", value.path) is not None


def lookup(
    run: Interpreter, klass: ClassValue, name: str, after: ClassValue | None = None
) -> tuple[Value, Vals] | None:
    """The first project class in the MRO (behind ``after``) that binds ``name``, with what it binds."""
    run.classes.prepare(klass)
    skipping = after is not None
    for candidate in run.classes.mro(klass):
        if skipping:
            skipping = candidate != after
            continue
        if isinstance(candidate, ClassValue):
            vals = run.store.get((candidate, name))
            if vals is None:
                vals = run.names.class_own(candidate, name)
            if vals is not None:
                return candidate, vals
    return None


def _bind(run: Interpreter, value: Value, receiver: Instance, owner: Value, name: str, at: r.At, frame: Frame) -> Vals:
    """What the class attribute ``value`` is when read on an instance."""
    match value:
        case Func():
            return one(Bound(value, receiver))
        case Wrapped():
            if value.wrapper == PROPERTY:
                return run.call(one(value.function), Arguments([one(receiver)]), at, frame)
            if value.wrapper == STATIC:
                return one(value.function)
            if value.wrapper == CLASS:
                inner = value.function
                return one(Bound(inner, receiver.klass)) if isinstance(inner, Func) else one(inner)
            if value.wrapper == "functools.partialmethod" and isinstance(value.function, Partial):
                made = value.function
                return join(
                    one(Partial(v, made.args, made.keywords))
                    for v in _bind(run, made.function, receiver, owner, name, at, frame)
                )
            if isinstance(value.function, Func):
                return one(Wrapped(Bound(value.function, receiver), value.wrapper, value.manager))
            return one(value)
        case Ext():
            return model_attributes.read_field(run, value, receiver, name, at)
        case Instance():
            got = dunder(run, value, "__get__", (one(receiver), one(receiver.klass)), at, frame)
            return one(value) if got is None else got
    return one(value)


def _stored(run: Interpreter, klass: ClassValue, name: str) -> Vals | None:
    """Whatever the methods of the class assign to ``self.name``, in no particular order; None if nothing does."""
    key = (klass, f"self.{name}")
    names = run.names
    if key in names._known:
        return names._known[key]
    if key in names._under_way:
        return unknown("circular definition")
    stores = [
        (candidate, *entry)
        for candidate in run.classes.mro(klass)
        if isinstance(candidate, ClassValue)
        for entry in candidate.fact.self_stores.get(name, ())
    ]
    if not stores:
        return None
    names._under_way.add(key)
    found: list[Vals] = []
    try:
        for owner, method, expr, is_annotation in stores:
            symbolic = symbolic_frame(run, Func(method, owner.module, owner.frame, owner), klass)
            if is_annotation:
                found.append(run.annotations.annotated(symbolic, expr))
            else:
                with run.detached():
                    found.append(run.evaluate(symbolic, expr))
    finally:
        names._under_way.discard(key)
    result = join(found)
    if any(not isinstance(v, (Unknown, Const)) for v in result):
        result = frozenset(v for v in result if not (isinstance(v, Const) and v.value is None)) or result
    else:
        # A flag or counter: what it is at this moment is not known.
        result = result | {Unknown("state of an object")}
    result = frozenset(
        Ext(v.path, v.of, v.alias, ("attribute", klass.fact, name)) if isinstance(v, Ext) and _is_queue(v) else v
        for v in result
    )
    names._known[key] = result
    if any(isinstance(v, Box) or (isinstance(v, Ext) and _is_queue(v)) for v in result):
        run.mutations.fill_attribute(klass, name, result)
    return result


def _is_queue(value: Ext) -> bool:
    return value.path.endswith(("Queue()", "deque()"))


def symbolic_frame(run: Interpreter, func: Func, klass: ClassValue | None = None) -> Frame:
    """The frame of a function whose callers are not known; ``klass`` is the class that ``self`` is an object of."""
    owner = klass or func.klass
    return run.intern(
        ("symbolic", func, owner), lambda: Frame(func.module, func.function, func.frame, owner, symbolic=True)
    )


def _of_class(run: Interpreter, value: ClassValue, name: str, at: r.At, frame: Frame) -> Vals:
    held = run.store.get((value, name))
    if held is not None:
        return held
    found = _private(run, value, name, frame) or lookup(run, value, name)
    if found is None:
        if name == "__name__":
            return one(Const(value.fact.name, "str"))
        if (of_meta := run.classes.meta(value, name)) is not None:
            return join(_of_metaclass(run, v, value, at, frame) for v in ordered(of_meta))
        if name in ("__mro__", "__bases__"):
            classes = run.classes.mro(value) if name == "__mro__" else run.classes.bases(value)
            return one(boxes.make(run, "tuple", ("classes", value, name), [one(klass) for klass in classes]))
        if name in ("__new__", "__subclasses__"):
            return one(Bound(Ext("object.__new__"), value) if name == "__new__" else Bound(Ext(f"type.{name}"), value))
        return model_attributes.class_attribute(run, value, name, at)
    if (chosen := enums.member(run, value, name)) is not None:
        return one(chosen)
    vals = found[1]
    return join(_on_class(run, v, value, at, frame) for v in ordered(vals))


def _of_metaclass(run: Interpreter, value: Value, klass: ClassValue, at: r.At, frame: Frame) -> Vals:
    """An attribute of a class that its metaclass defines."""
    if isinstance(value, Func):
        return one(Bound(value, klass))
    if isinstance(value, Wrapped) and value.wrapper == PROPERTY:
        return run.call(one(value.function), Arguments([one(klass)]), at, frame)
    return one(value.function if isinstance(value, Wrapped) else value)


def _on_class(run: Interpreter, value: Value, klass: ClassValue, at: r.At, frame: Frame) -> Vals:
    if isinstance(value, Wrapped):
        if value.wrapper == STATIC:
            return one(value.function)
        if value.wrapper == CLASS:
            inner = value.function
            return one(Bound(inner, klass)) if isinstance(inner, Func) else one(inner)
        if value.wrapper == PROPERTY:
            return unknown("property of a class")
    if isinstance(value, Instance):
        got = dunder(run, value, "__get__", (NONE, one(klass)), at, frame)
        if got is not None:
            return got
    if isinstance(value, (Ext, Instance)):
        return one(model_attributes.on_model(run, value, klass))
    return one(value)


def _of_super(run: Interpreter, value: Super, name: str, at: r.At, frame: Frame) -> Vals:
    receiver = value.receiver
    klass = receiver.klass if isinstance(receiver, Instance) else receiver
    if not isinstance(klass, ClassValue):
        return unknown("super() outside a class")
    found = lookup(run, klass, name, value.after)
    if found is not None:
        owner, vals = found
        if isinstance(receiver, Instance):
            return join(_bind(run, v, receiver, owner, name, at, frame) for v in ordered(vals))
        return join(_on_class(run, v, klass, at, frame) for v in ordered(vals))
    if isinstance(receiver, Instance):
        return externals.inherited_attribute(run, receiver, name, at, frame)
    if name == "__new__":
        return one(Ext("object.__new__"))
    if name == "__call__" and value.after not in run.classes.mro(klass):
        return one(Bound(Ext("type.__call__"), klass))
    return model_attributes.class_attribute(run, klass, name, at)


def set_attribute(run: Interpreter, values: Vals, name: str, vals: Vals) -> None:
    """Assign ``vals`` to ``.name`` of each receiver; certain where there is only one."""
    for value in values:
        if isinstance(value, (Instance, ClassValue, Func, Ext, ModuleValue)):
            cell: tuple[object, object] = (value, name)
            if isinstance(value, ModuleValue):
                facts = run.names.facts(value.path)
                if facts is None:
                    continue
                run.names.hold(facts, name)
                cell = (run.module_frame(facts), name)
            if len(values) == 1:
                run.store.set(cell, vals)
            else:
                run.store.add(cell, vals)


def accessor(run: Interpreter, klass: ClassValue, name: str, kind: str) -> Func | None:
    """The method that a property of the class runs when ``name`` is set or deleted (``kind``: "setter", "deleter")."""
    for candidate in run.classes.mro(klass):
        if not isinstance(candidate, ClassValue):
            continue
        for stmt in candidate.fact.body:
            if isinstance(stmt, r.Define) and stmt.function.name == name:
                for mark in stmt.function.decorators:
                    if isinstance(mark, r.Attr) and mark.name == kind:
                        return Func(stmt.function, candidate.module, candidate.frame, candidate)
        own = run.names.class_own(candidate, name)
        if own is not None:
            made = [v.manager for v in own if isinstance(v, Wrapped) and v.wrapper == PROPERTY]
            return next((v for v in made if isinstance(v, Func)), None) if kind == "setter" else None
    return None


def item(run: Interpreter, values: Vals, keys: Vals, at: r.At, frame: Frame) -> Vals:
    """The values of ``value[key]``."""
    found: list[Vals] = []
    for value in ordered(values):
        match value:
            case Box() if any(isinstance(k, Const) and k.kind == "slice" for k in keys):
                found.append(one(_slice(run, value, keys, run.site(frame, at))))
            case Box():
                index = [dunder(run, key, "__index__", (), at, frame) for key in ordered(keys) if value.kind != "dict"]
                asked = join(vals for vals in index if vals is not None) or keys
                found.append(box_item(run, value, asked))
            case Fields():
                names = [k.value for k in keys if isinstance(k, Const) and k.kind == "str"]
                got = [of(run, value.owner, str(name), at, frame) for name in names]
                found.append(join(got) if len(got) == len(keys) else unknown("item of a namespace"))
            case Instance() if (inner := held_box(run, value)) is not None and lookup(
                run, value.klass, "__getitem__"
            ) is None:
                missing = inner.kind == "dict" and not boxes.holds(run, inner, keys)
                made = dunder(run, value, "__missing__", (keys,), at, frame) if missing else None
                there = boxes.get(run, inner, keys)
                found.append(
                    there if made is None else made if boxes.holds(run, inner, keys) is False else there | made
                )
            case Ext() | Instance():
                own = dunder(run, value, "__getitem__", (keys,), at, frame)
                if own is None:
                    box = made_classes.as_tuple(run, value)
                    own = item(run, one(box), keys, at, frame) if isinstance(box, Box) else None
                found.append(externals.element(run, value, keys, at, frame) if own is None else own)
            case ClassValue():
                members = enums.members(run, value)
                own = None if members else dunder(run, value, "__getitem__", (keys,), at, frame)
                if own is None and not members and (generic := lookup(run, value, "__class_getitem__")) is not None:
                    given = frozenset(v.function if isinstance(v, Wrapped) else v for v in generic[1])
                    methods: Vals = frozenset(Bound(v, value) for v in given if isinstance(v, Func))
                    own = run.call(methods, Arguments([keys]), at, frame) if methods else None
                found.append(enums.at(members, keys) if members else one(value) if own is None else own)
            case Unknown():
                found.append(one(value if value.reason.startswith("item of ") else Unknown(f"item of {_short(value)}")))
            case Const():
                found.append(unknown("item of a constant"))
            case _:
                found.append(unknown("item of a callable"))
    if not (values and all(isinstance(v, Ext) and v.path == externals.CONNECTIONS for v in values)):
        run.may_raise(at)
    return join(found)


# What a library's container class keeps its items in.
_CONTAINERS = {
    "dict": "dict",
    "collections.UserDict": "dict",
    "collections.OrderedDict": "dict",
    "list": "list",
    "collections.UserList": "list",
    "collections.deque": "list",
}


def held_box(run: Interpreter, value: Instance) -> Box | None:
    """The items of an object whose class is a kind of dict or list; None for any other."""
    if not value.klass.fact.bases:
        return None
    for base in run.classes.mro(value.klass):
        kind = _CONTAINERS.get(base.path) if isinstance(base, Ext) else None
        if kind is not None:
            return Box(kind, ("items of", value))
    return None


def special(run: Interpreter, value: Instance | ClassValue, name: str, at: r.At, frame: Frame) -> Vals | None:
    """A special method, which Python takes from the object's class only; None if no project class defines it."""
    if isinstance(value, ClassValue):
        of_meta = run.classes.meta(value, name)
        return None if of_meta is None else join(_of_metaclass(run, v, value, at, frame) for v in ordered(of_meta))
    got = lookup(run, value.klass, name)
    return None if got is None else join(_bind(run, v, value, got[0], "", at, frame) for v in ordered(got[1]))


def dunder(run: Interpreter, value: Value, name: str, args: tuple[Vals, ...], at: r.At, frame: Frame) -> Vals | None:
    """Call a special method of an object of a project class, or of such a class; None if nothing there defines it."""
    if not isinstance(value, (Instance, ClassValue)):
        return None
    bound = special(run, value, name, at, frame)
    return None if bound is None else run.call(bound, Arguments(args), at, frame)


def _slice(run: Interpreter, value: Box, keys: Vals, site: object) -> Box:
    """``value[lower:upper]``: told apart by place where bounds and length are literal."""
    kind = "tuple" if value.kind == "tuple" else "list"
    bounds = next((v.value for v in keys if isinstance(v, Const)), None) if len(keys) == 1 else None
    if isinstance(bounds, str) and "?" not in bounds:
        cut = slice(*(int(text) if text else None for text in bounds.split(":")))
        if cut.step != 0:
            return boxes.pick(run, value, lambda places: places[cut], kind, site)
    part = Box(kind, site)
    run.store.add((part, ANY_KEY), boxes.values(run, value))
    return part


def part_of(run: Interpreter, values: Vals, start: int, after: int, site: object) -> Box | None:
    """The list of what one sequence of known length holds from ``start`` on, ``after`` items at its end left out."""
    if len(values) != 1:
        return None
    (whole,) = values
    held = boxes.parts(run, whole) if isinstance(whole, Box) and whole.kind != "dict" else None
    return None if held is None else boxes.make(run, "list", site, held[start : len(held) - after])


def box_item(run: Interpreter, box: Box, keys: Vals) -> Vals:
    """What a container holds at any of ``keys``; a ``defaultdict`` makes what it does not hold yet."""
    factory = run.store.get((box, boxes.FACTORY))
    if factory is not None:
        constants = [boxes.key_of(v) for v in keys if boxes.is_key(v)]
        missing = not all(key in boxes.keys(run, box) for key in constants)
        if missing or not constants:
            _fill_in(run, box, keys, factory)
    return boxes.get(run, box, keys)


def _fill_in(run: Interpreter, box: Box, keys: Vals, factory: Vals) -> None:
    """A ``defaultdict`` makes what it does not hold yet."""
    made: list[Vals] = []
    for value in ordered(factory):
        if isinstance(value, Ext) and value.path in ("list", "set", "dict", "collections.deque"):
            kind = value.path if value.path in ("set", "dict") else "list"
            made.append(one(boxes.make(run, kind, ("default", box, keys), ())))
        elif isinstance(value, (Func, ClassValue, Partial)):
            where = run.active[-1].frame if run.active else None
            if where is not None:
                made.append(run.call(one(value), Arguments(), run.active[-1].call_at, where))
    boxes.put(run, box, keys, join(made) or unknown("default of a dict"))
