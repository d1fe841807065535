"""The built-in functions and container methods whose meaning is more than a row can say."""

from __future__ import annotations

from collections.abc import Callable
from string import Formatter
from typing import TYPE_CHECKING, TypeAlias

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    calls,
    construction,
    dispatch,
    expressions,
    iteration,
    kinds,
    made_classes,
    owned,
    servers,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    DISPATCH,
    NONE,
    NOTHING,
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
    Lazy,
    Mapped,
    ModuleValue,
    Partial,
    Pending,
    Unknown,
    Vals,
    Value,
    Wrapped,
    join,
    one,
    string,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_DONE = "<done>"
_MOST_SPREAD = 100  # elements told apart where a range is spread into arguments
Handler: TypeAlias = "Callable[[Interpreter, Value | None, Arguments, r.At, Frame], Vals]"


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
        for candidate in run.names.mro(klass):
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


def _collect(kind: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        given = arguments.get(0, None)
        box = Box(kind, (frame.module.path, at, frame))
        if given is None:
            return one(Box(kind, (frame.module.path, at, frame), 0))
        _key(run, arguments, given, at, frame)
        if len(given) == 1:
            (value,) = given
            if isinstance(value, Box) and value.kind != "dict" and value.size >= 0:
                same = Box(kind, (frame.module.path, at, frame), value.size)
                for key in attributes.box_keys(run, value):
                    run.store.set((same, key), run.store.get((value, key)) or NOTHING)
                keys = run.store.get((value, "<keys>"))
                if keys:
                    run.store.set((same, "<keys>"), keys)
                loose = run.store.get((value, ANY_KEY))
                if loose:
                    run.store.set((same, ANY_KEY), loose)
                return one(same)
        run.store.set((box, ANY_KEY), iteration.elements(run, given, at, frame))
        return one(box)

    return handle


def _key(run: Interpreter, arguments: Arguments, given: Vals, at: r.At, frame: Frame) -> None:
    key = arguments.keywords.get("key")
    if key is not None:
        called = frozenset(v for v in key if not isinstance(v, Const))
        if called:
            with run.writing():
                inner = iteration.elements(run, given, at, frame)
            run.call(called, Arguments([inner]), at, frame)


def _consume(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``any``, ``sum``, ``min``, ``next``...: take elements and give one of them, or something made of them."""
    found = NOTHING
    for given in arguments.args[:1] if len(arguments.args) == 1 else arguments.args:
        if len(arguments.args) == 1 or any(isinstance(v, (Box, Lazy, Mapped, Pending, Ext, Instance)) for v in given):
            found = join((found, iteration.elements(run, given, at, frame)))
        else:
            found = join((found, given))
        _key(run, arguments, given, at, frame)
    return found or unknown("element")


def _next(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, None) or NOTHING
    owned.begin(run, given)
    stepped = [attributes.dunder(run, v, "__next__", (), at, frame) for v in attributes.ordered(given)]
    found = join(s for s in stepped if s)
    rest = frozenset(v for v, s in zip(attributes.ordered(given), stepped, strict=True) if s is None)
    return join(
        (found, iteration.elements(run, rest, at, frame) if rest else NOTHING, arguments.get(1, None) or NOTHING)
    )


def _same(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``iter``, ``reversed``: the elements are taken when the result is."""
    if len(arguments.args) == 2:
        box = Box("list", (frame.module.path, at, frame))
        function = frozenset(v for v in arguments.args[0] if not isinstance(v, Const))
        run.store.set((box, ANY_KEY), run.call(function, Arguments(), at, frame) if function else unknown("iterator"))
        return one(box)
    return arguments.get(0, None) or unknown("iterator")


def _pairs(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``enumerate`` and ``zip``: a list of tuples."""
    parts = [iteration.elements(run, given, at, frame) for given in arguments.args]
    path = arguments.node.func if arguments.node is not None else None
    if isinstance(path, r.Name) and path.id == "enumerate":
        parts = [unknown("number"), *parts[:1]]
    site = (frame.module.path, at, frame)
    inner, outer = Box("tuple", (*site, "pair"), len(parts)), Box("list", site)
    for index, vals in enumerate(parts):
        run.store.set((inner, index), vals)
    run.store.set((inner, "<keys>"), frozenset(Const(i, "int") for i in range(len(parts))))
    run.store.set((outer, ANY_KEY), one(inner))
    return one(outer)


def _map(kind: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        function = frozenset(v for v in arguments.get(0, None) or NOTHING if not isinstance(v, Const))
        return one(Mapped(kind, function, tuple(arguments.args[1:])))

    return handle


def _join(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    iteration.elements(run, arguments.get(0, None) or unknown("text"), at, frame)
    return one(Ext("str().join()"))


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
    return one(Const("".join("\0" if p is None else p for p in parts), "pattern" if None in parts else "str"))


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


def _import_module(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``importlib.import_module``: the module of that name, where the name is a literal."""
    name = string(arguments.get(0, "name") or NOTHING)
    run.may_raise(at)
    if not name or (name.startswith(".") and arguments.get(1, "package") is None):
        return unknown("module whose name is not known")
    rest = name.lstrip(".")
    place = run.resolver.module(rest, len(name) - len(rest), frame.module.path)
    return one(run.names.module_at(place) if place is not None else Ext(rest))


def _import_string(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``import_string("package.module.name")``."""
    name = string(arguments.get(0, "dotted_path") or NOTHING)
    run.may_raise(at)
    if not name or "." not in name:
        return unknown("import of a name that is not known")
    module, _, last = name.rpartition(".")
    place = run.resolver.module(module, 0, frame.module.path)
    return run.names.member(run.names.module_at(place), last) if place is not None else one(Ext(name))


def _globals(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return one(Fields(ModuleValue(frame.module.path, ())))


def _vars(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, None) or NOTHING
    return frozenset(Fields(v) for v in given if isinstance(v, (Instance, ClassValue, ModuleValue))) or unknown(
        "vars()"
    )


def _fields_update(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if isinstance(receiver, Fields):
        held = dict(arguments.keywords)
        for value in arguments.get(0, None) or NOTHING:
            if isinstance(value, Box):
                for key in attributes.box_keys(run, value):
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


def _new(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``object.__new__(cls)``."""
    classes = [v for v in arguments.get(0, None) or NOTHING if isinstance(v, ClassValue)]
    return frozenset(Instance(v, (frame.module.path, at, frame)) for v in classes) or unknown("object.__new__()")


def _make(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``type.__call__`` of a metaclass's own ``__call__``."""
    if not isinstance(receiver, ClassValue):
        return unknown("object of a class that is not known")
    return construction.make(run, receiver, arguments, at, frame)


def _subclasses(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``Class.__subclasses__()``."""
    box = Box("list", (frame.module.path, at, frame))
    if isinstance(receiver, ClassValue):
        below = run.names.subclasses(receiver)
        run.store.set((box, ANY_KEY), frozenset(k for k in below if receiver in run.names.bases(k)))
    return one(box)


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
        if event == "repr" and len(arguments.args) == 1 and string(arguments.args[0]) is not None:
            return arguments.args[0]
        return unknown(f"result of {event}()")

    return handle


def _isinstance(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    values, classes = arguments.get(0, None) or NOTHING, arguments.get(1, None) or NOTHING
    answer = kinds.outcome(run, values, classes)
    return unknown("isinstance") if answer is None else one(Const(answer, "bool"))


def _dict(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    box = Box("dict", (frame.module.path, at, frame), len(arguments.keywords) if not arguments.args else -1)
    for name, vals in arguments.keywords.items():
        attributes.box_put(run, box, one(Const(name, "str")), vals)
    for given in arguments.args[:1]:
        for value in given:
            if isinstance(value, Box) and value.kind == "dict":
                for key in attributes.box_keys(run, value):
                    held = run.store.get((value, key))
                    if held is not None:
                        attributes.box_put(run, box, one(attributes.of_key(key)), held)
                loose = run.store.get((value, ANY_KEY))
                if loose is not None:
                    run.store.add((box, ANY_KEY), loose)
            else:
                for pair in iteration.elements(run, one(value), at, frame):
                    if isinstance(pair, Box):
                        keys, held = (attributes.box_item(run, pair, one(Const(place, "int"))) for place in (0, 1))
                        attributes.box_put(run, box, keys, held)
                    else:
                        run.store.add((box, ANY_KEY), unknown("item of something unknown"))
    return one(box)


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


def _get_model(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    label = string(arguments.get(0, "app_label") or NOTHING)
    name = string(arguments.get(1, "model_name") or NOTHING)
    if label is not None:
        app, _, model = (label, "", name) if name is not None else label.partition(".")
        found = run.names.app_model(frame.module.path, app, model or "")
        if found is not None:
            return one(found)
    return one(Ext("django.db.models.Model"))


def _get_user_model(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return one(Ext("django.contrib.auth.models.User"))


def _closing(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, "thing") or NOTHING
    return frozenset(Ext("contextlib.closing()", value) for value in given) or one(Ext("contextlib.closing()"))


def _suppress(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    from flake8_django_threads.values import exceptions

    names = tuple(sorted(exceptions.name(v) for given in arguments.args for v in given))
    return one(Ext("contextlib.suppress()", None, "", names))


def _exit_stack(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    stack = Ext("contextlib.ExitStack()", None, "", (frame.module.path, at, frame))
    run.store.set((stack, "<callbacks>"), NOTHING)
    return one(stack)


def _exit_stack_callback(
    run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame
) -> Vals:
    if receiver is not None:
        given = frozenset(v for v in arguments.get(0, None) or NOTHING if not isinstance(v, Const))
        bound = tuple(arguments.args[1:]), tuple(sorted(arguments.keywords.items()))
        if any(bound):
            given = frozenset(Partial(v, *bound) for v in given)
        run.store.add((receiver, "<callbacks>"), given)
        if isinstance(receiver, Ext):
            run.pushed.extend((receiver, run.out, len(run.out), value, False) for value in given)
    return arguments.get(0, None) or NONE


def _exit_stack_push(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Of a manager only its leaving is pushed; a function gets what a manager's ``__exit__`` gets."""
    given = arguments.get(0, "exit") or NOTHING
    leaving = frozenset(
        left
        for v in attributes.ordered(given)
        for left in (attributes.of(run, v, "__exit__", at, frame) if isinstance(v, Instance) else one(v))
    )
    about = unknown("exception under way")
    _exit_stack_callback(run, receiver, Arguments([leaving, about, about, about]), at, frame)
    return given


def _enter_context(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    from flake8_django_threads.values import context_managers

    managers = arguments.get(0, "cm") or unknown("context manager")
    if isinstance(receiver, Ext):
        run.pushed.append((receiver, run.out, len(run.out), context_managers.choose(managers), True))
    with run.writing():
        return context_managers.entered(run, managers, at, frame)


def _range(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    bounds = [v.value for vals in arguments.args if len(vals) == 1 for v in vals if isinstance(v, Const)]
    known = not arguments.more and len(bounds) == len(arguments.args) > 0
    numbers = [bound for bound in bounds if isinstance(bound, int)]
    try:
        size = len(range(*numbers)) if known and len(numbers) == len(bounds) else -1
    except (ValueError, OverflowError, TypeError):
        size = -1
    return one(Box("range", (frame.module.path, at, frame), size if size <= _MOST_SPREAD else -1))


def unwind(run: Interpreter, stack: Ext, at: r.At, frame: Frame) -> None:
    """Run what was pushed onto an ExitStack."""
    callbacks = run.store.get((stack, "<callbacks>")) or NOTHING
    for value in reversed(attributes.ordered(callbacks)):
        run.call(one(value), Arguments(), at, frame)


def _call_command(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    from flake8_django_threads.values import touches

    given = arguments.get(0, "command_name") or NOTHING
    name = string(given)
    commands = [v for v in given if isinstance(v, Instance)]
    if name is not None:
        commands = [
            Instance(v)
            for place in run.resolver.commands_called(name, frame.module.path)
            for v in run.names.member(run.names.module_at(place), "Command")
            if isinstance(v, ClassValue)
        ]
    if not commands:
        run.may_raise(at)
        ending = f".management.commands.{name}.Command"
        for row in run.models.rows("touch"):
            if row.path.endswith(ending):
                touches.touch(run, row, None, Arguments(), at, f"call_command.{name}")
        return NONE
    methods = join(attributes.of(run, command, "handle", at, frame) for command in commands)
    methods = frozenset(v for v in methods if isinstance(v, (Bound, Wrapped)))
    if methods:
        passed = Arguments([], dict(arguments.keywords), NOTHING, unknown("command option"))
        run.call(methods, passed, at, frame)
    return NONE


def _done_callback(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = frozenset(v for v in arguments.get(0, "fn") or NOTHING if not isinstance(v, Const))
    if receiver is not None and given:
        if run.store.get((receiver, _DONE)):
            run.call(given, Arguments([one(receiver)]), at, frame)
        else:
            run.on_done(receiver, given, frame, at)
    return NONE


def _wait_for_result(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """A future's ``result`` or ``exception``: behind it the job is done, and later callbacks run in this thread."""
    run.may_raise(at)
    if receiver is not None:
        run.store.set((receiver, _DONE), one(Const(True, "bool")))
    return unknown("result of a future")


def _signal(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return one(Ext("django.dispatch.Signal()", None, "", (frame.module.path, at)))


def _connect(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if receiver is not None:
        run.store.add((receiver, "<receivers>"), arguments.get(0, "receiver") or NOTHING)
    return NONE


def _receiver(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    signals = tuple(attributes.ordered(arguments.get(0, "signal") or NOTHING))
    return one(Ext("<receiver>", None, "", signals))


def connect_decorated(run: Interpreter, decorator: Ext, function: Vals) -> None:
    """``@receiver(signal)`` on a function: the signal will call it."""
    for signal in decorator.site if isinstance(decorator.site, tuple) else ():
        for each in attributes.box_values(run, signal) if isinstance(signal, Box) else (signal,):
            run.store.add((each, "<receivers>"), function)


def _send(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    receivers = run.store.get((receiver, "<receivers>")) or NOTHING
    called = frozenset(v for v in receivers if not isinstance(v, Const))
    keywords = {**arguments.keywords, "signal": unknown("signal")}
    for each in attributes.ordered(called):
        run.call(one(each), Arguments(arguments.args, keywords), at, frame)
    run.may_raise(at)
    return unknown("result of a signal")


def _queue_put(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if receiver is not None:
        run.store.add((receiver, ANY_KEY), arguments.get(0, "item") or NOTHING)
    return NONE


def _queue_get(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    run.may_raise(at)
    held = run.store.get((receiver, ANY_KEY)) if receiver is not None else None
    return held or unknown("item of a queue")


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
    return run.names.typed(frame, given, node.args[0]) if node is not None and len(node.args) == 2 else given


def _method_type(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    receivers = attributes.ordered(arguments.get(1, None) or NOTHING)
    return frozenset(
        Bound(f, v) for f in arguments.get(0, None) or NOTHING if isinstance(f, Func) for v in receivers
    ) or unknown("method")


def _chain(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    box = Box("list", (frame.module.path, at, frame))
    run.store.set((box, ANY_KEY), join(iteration.elements(run, given, at, frame) for given in arguments.args))
    return one(box)


def _namespace(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    made = Ext("types.SimpleNamespace()", None, "", (frame.module.path, at, frame))
    for name, vals in arguments.keywords.items():
        run.store.set((made, name), vals)
    return one(made)


def _default_dict(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    factory = frozenset(v for v in arguments.get(0, None) or NOTHING if not isinstance(v, Const))
    box = Box("dict", (frame.module.path, at, frame))
    if factory:
        run.store.set((box, attributes.FACTORY), factory)
    return one(box)


_QUEUES = (
    "queue.Queue",
    "queue.LifoQueue",
    "queue.PriorityQueue",
    "queue.SimpleQueue",
    "multiprocessing.Queue",
    "collections.deque",
    "asyncio.Queue",
)


def _gather(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Every coroutine that is given runs here; of those that one argument may be, any."""

    from flake8_django_threads.values import touches

    def runner(value: Value) -> Callable[[], bool]:
        def finish() -> bool:
            calls.wait_for(run, value, at, frame)
            return True

        return finish

    for vals in (*arguments.args, arguments.more):
        runs = [runner(v) for v in attributes.ordered(vals) if isinstance(v, Pending) or touches.awaits(run, v)]
        if len(runs) == 1:
            runs[0]()
        elif runs:
            run.alternatives(at, runs)
    return one(Ext("asyncio.gather()"))


def _grouped(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, "iterable") or NOTHING
    inner = iteration.elements(run, given, at, frame)
    called = frozenset(v for v in arguments.get(1, "key") or NOTHING if not isinstance(v, Const))
    key = run.call(called, Arguments([inner]), at, frame) if called else inner
    site = (frame.module.path, at, frame)
    group, pair, outer = Box("list", (*site, "group")), Box("tuple", (*site, "pair"), 2), Box("list", site)
    run.store.set((group, ANY_KEY), inner)
    run.store.set((pair, 0), key)
    run.store.set((pair, 1), one(group))
    run.store.set((pair, "<keys>"), frozenset({Const(0, "int"), Const(1, "int")}))
    run.store.set((outer, ANY_KEY), one(pair))
    return one(outer)


HANDLERS: dict[str, Handler] = {
    **{f"{path}().{name}": _queue_put for path in _QUEUES for name in ("put", "put_nowait", "append", "appendleft")},
    **{f"{path}().{name}": _queue_get for path in _QUEUES for name in ("get", "get_nowait", "pop", "popleft")},
    "property": _decorator("property"),
    "functools.cached_property": _decorator("functools.cached_property"),
    "django.utils.functional.cached_property": _decorator("django.utils.functional.cached_property"),
    "staticmethod": _decorator("staticmethod"),
    "classmethod": _decorator("classmethod"),
    "contextlib.contextmanager": _decorator("contextlib.contextmanager"),
    "contextlib.asynccontextmanager": _decorator("contextlib.asynccontextmanager"),
    "property().setter": _setter,
    "getattr": _getattr,
    "setattr": _setattr,
    "hasattr": _hasattr,
    "list": _collect("list"),
    "tuple": _collect("tuple"),
    "set": _collect("set"),
    "frozenset": _collect("set"),
    "sorted": _collect("list"),
    "any": _consume,
    "all": _consume,
    "sum": _consume,
    "min": _consume,
    "max": _consume,
    "next": _next,
    "iter": _same,
    "reversed": _same,
    "enumerate": _pairs,
    "zip": _pairs,
    "map": _map("map"),
    "filter": _map("filter"),
    "itertools.starmap": _map("starmap"),
    "str().join": _join,
    "str().format": _format,
    "operator.methodcaller": _method_caller,
    "operator.methodcaller()": _called_method,
    "importlib.import_module": _import_module,
    "django.utils.module_loading.import_string": _import_string,
    "globals": _globals,
    "vars": _vars,
    servers.REQUEST: servers.request,
    "<fields>.update": _fields_update,
    "<fields>.get": _fields_get,
    "object.__new__": _new,
    "type.__call__": _make,
    "type.__subclasses__": _subclasses,
    "collections.namedtuple": made_classes.named_tuple,
    "dataclasses.replace": made_classes.replaced,
    "typing.NamedTuple()._replace": made_classes.replaced,
    "functools.singledispatch": _decorator(DISPATCH),
    "functools.singledispatch().register": dispatch.register,
    "len": _measure("len"),
    "bool": _measure("bool"),
    "str": _measure("repr"),
    "repr": _measure("repr", is_repr=True),
    "format": _measure("repr"),
    "print": _measure("repr"),
    "isinstance": _isinstance,
    "dict": _dict,
    "collections.OrderedDict": _dict,
    "types.MappingProxyType": _same,
    "type": _type,
    "django.apps.apps.get_model": _get_model,
    "django.contrib.auth.get_user_model": _get_user_model,
    "django.core.management.call_command": _call_command,
    "contextlib.closing": _closing,
    "contextlib.suppress": _suppress,
    "contextlib.ExitStack": _exit_stack,
    "contextlib.ExitStack().callback": _exit_stack_callback,
    "contextlib.ExitStack().enter_context": _enter_context,
    "contextlib.ExitStack().push": _exit_stack_push,
    "functools.partialmethod": _partialmethod,
    "dataclasses.field": _field,
    "typing.cast": _cast,
    "types.MethodType": _method_type,
    "types.SimpleNamespace": _namespace,
    "itertools.chain": _chain,
    "collections.defaultdict": _default_dict,
    "asyncio.TaskGroup().create_task": _gather,
    "asyncio.gather": _gather,
    "itertools.groupby": _grouped,
    "django.dispatch.Signal": _signal,
    "django.dispatch.Signal().connect": _connect,
    "django.dispatch.Signal().send": _send,
    "django.dispatch.Signal().send_robust": _send,
    "django.dispatch.receiver": _receiver,
    "range": _range,
    "concurrent.futures.Future().add_done_callback": _done_callback,
    "concurrent.futures.Future().result": _wait_for_result,
    "concurrent.futures.Future().exception": _wait_for_result,
}


def box_method(run: Interpreter, box: Box, name: str, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call a method of a list, tuple, set or dict."""
    first = arguments.get(0, None) or NOTHING
    store = run.store
    match name:
        case "append" | "add" | "appendleft" | "put" | "put_nowait":
            store.add((box, ANY_KEY), first)
            return NONE
        case "extend" | "update":
            for value in first:
                if isinstance(value, Box):
                    for key in attributes.box_keys(run, value):
                        held = store.get((value, key)) or NOTHING
                        if box.kind == "dict":
                            attributes.box_put(run, box, one(attributes.of_key(key)), held)
                        else:
                            store.add((box, ANY_KEY), held)
                    store.add((box, ANY_KEY), store.get((value, ANY_KEY)) or NOTHING)
                else:
                    with_flow = iteration.elements(run, one(value), at, frame)
                    store.add((box, ANY_KEY), with_flow)
            for key, vals in arguments.keywords.items():
                attributes.box_put(run, box, one(Const(key, "str")), vals)
            return NONE
        case "insert":
            store.add((box, ANY_KEY), arguments.get(1, None) or NOTHING)
            return NONE
        case "get" | "pop" | "setdefault":
            default = arguments.get(1, None)
            if name == "setdefault" and default is not None:
                store.add((box, ANY_KEY), default)
            if box.kind == "dict":
                found = attributes.box_item(run, box, first)
                missing = any(isinstance(v, Unknown) for v in found)
                if name == "get" and not missing and len(first) == 1 and isinstance(next(iter(first)), Const):
                    return found
                return join((found, default if default is not None else (NONE if name == "get" else NOTHING)))
            if name == "pop":
                run.may_raise(at)
            return attributes.box_values(run, box) or unknown("element of a container that is not known")
        case "values" | "copy" | "union":
            same = Box(box.kind if name != "values" else "list", (frame.module.path, at, frame))
            store.set((same, ANY_KEY), attributes.box_values(run, box))
            return one(same)
        case "items":
            inner = Box("tuple", (frame.module.path, at, frame, "item"), 2)
            store.set((inner, 0), attributes.dict_keys(run, box))
            store.set((inner, 1), attributes.box_values(run, box) or unknown("item of a dict"))
            outer = Box("list", (frame.module.path, at, frame))
            store.set((outer, ANY_KEY), one(inner))
            return one(outer)
        case "keys":
            return one(box)
        case "sort":
            _key(run, arguments, one(box), at, frame)
            return NONE
        case "index" | "remove":
            run.may_raise(at)
            return unknown("result of a container's method")
    return unknown("result of a container's method")
