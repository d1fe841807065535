"""Making objects of the project's classes, as Python does it: metaclass, ``__new__``, ``__init__``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes, boxes, enums, exceptions, externals
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NOTHING,
    Arguments,
    Bound,
    ClassValue,
    Frame,
    Func,
    Instance,
    Unknown,
    Vals,
    Value,
    Wrapped,
    const,
    join,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def construct(run: Interpreter, klass: ClassValue, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call a class: its metaclass's ``__call__`` decides where the project writes one."""
    for meta in attributes.ordered(run.classes.metaclasses(klass)):
        found = attributes.lookup(run, meta, "__call__") if isinstance(meta, ClassValue) else None
        called = frozenset(Bound(v, klass) for v in found[1] if isinstance(v, Func)) if found is not None else None
        if called:
            made = run.call(called, arguments, at, frame)
            if any(not isinstance(v, Unknown) for v in made):
                return made
    return make(run, klass, arguments, at, frame)


def make(run: Interpreter, klass: ClassValue, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """What ``type.__call__`` does: run ``__new__``, and ``__init__`` on what it gives, its own or a library's."""
    if enums.is_enum(run, klass):
        return enums.of_value(run, klass, arguments.get(0, "value")) or one(Instance(klass))
    made: Vals = one(Instance(klass, run.site(frame, at)))
    written = attributes.lookup(run, klass, "__new__")
    creators = frozenset(v for v in written[1] if isinstance(v, Func)) if written is not None else None
    if creators:
        given = run.call(creators, arguments.before(one(klass)), at, frame)
        made = frozenset(v for v in given if not isinstance(v, Unknown)) or made
    for value in attributes.ordered(made):
        if isinstance(value, Instance) and klass in run.classes.mro(value.klass):
            _initialise(run, value, arguments, at, frame)
    return made


def _initialise(run: Interpreter, instance: Instance, arguments: Arguments, at: r.At, frame: Frame) -> None:
    exceptions.carry(run, instance, arguments, at, frame)
    found = attributes.lookup(run, instance.klass, "__init__")
    if found is not None:
        bound = join(one(Bound(v, instance)) for v in found[1] if isinstance(v, Func))
        if bound:
            run.call(bound, arguments, at, frame)
    else:
        externals.construct(run, instance, arguments, at, frame)
    externals.constructed(run, instance, arguments, at, frame)


def class_made(run: Interpreter, klass: ClassValue, at: r.At, frame: Frame) -> None:
    """A class statement has run: its metaclass, its descriptors and its bases' ``__init_subclass__`` hear of it."""
    for meta in attributes.ordered(run.classes.metaclasses(klass)):
        if isinstance(meta, ClassValue):
            _made_by(run, meta, klass, at, frame)
    if klass.frame is not None:
        for name in run.names.table(klass.fact).names:
            for value in attributes.ordered(run.names.class_own(klass, name) or NOTHING):
                attributes.dunder(run, value, "__set_name__", (one(klass), const(name)), at, frame)
    for base in run.classes.mro(klass)[1:]:
        hook = run.names.class_own(base, "__init_subclass__") if isinstance(base, ClassValue) else None
        plain = (v.function if isinstance(v, Wrapped) else v for v in hook or ())
        called: frozenset[Value] = frozenset(Bound(v, klass) for v in plain if isinstance(v, Func))
        if called:
            run.call(called, Arguments((), _keywords(run, klass)), at, frame)
            return


def _made_by(run: Interpreter, meta: ClassValue, klass: ClassValue, at: r.At, frame: Frame) -> None:
    """Run what a metaclass of the project does when it makes a class."""
    space = boxes.make(run, "dict", ("namespace", klass), ())
    run.store.add((space, ANY_KEY), unknown("namespace of a class"))
    bases = boxes.make(run, "tuple", ("bases", klass), [one(base) for base in run.classes.bases(klass)])
    given = Arguments([const(klass.fact.name), one(bases), one(space)], _keywords(run, klass))
    run.making.append(klass)
    try:
        for name, receiver in (("__new__", meta), ("__init__", klass)):
            found = attributes.lookup(run, meta, name)
            functions = frozenset(v for v in found[1] if isinstance(v, Func)) if found is not None else NOTHING
            if functions:
                run.call(functions, given.before(one(receiver)), at, frame)
    finally:
        run.making.pop()


def _keywords(run: Interpreter, klass: ClassValue) -> dict[str, Vals]:
    """The keyword arguments of a class statement, its metaclass left out."""
    outside = klass.frame or run.module_frame(klass.module)
    return {
        keyword.name: run.evaluate(outside, keyword.value)
        for keyword in klass.fact.keywords
        if keyword.name is not None and keyword.name != "metaclass"
    }
