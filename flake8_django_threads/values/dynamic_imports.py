"""Modules imported by a name that code makes: a literal, or a text with gaps that some of the project's modules fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes
from flake8_django_threads.values.domain import (
    NOTHING,
    Arguments,
    Const,
    Ext,
    Frame,
    Unknown,
    Vals,
    Value,
    const,
    join,
    one,
    string,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter

# A name that fits more modules than these says too little of any.
MOST_MODULES = 24


def _import_module(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``importlib.import_module``: the module of that name."""
    run.may_raise(at)
    has_package = arguments.get(1, "package") is not None
    found = [_module(run, value, has_package, frame) for value in _names(arguments.get(0, "name"))]
    return join(found) or unknown("module whose name is not known")


def _import(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``__import__("package.module")`` gives the package, unless names are asked of the module."""
    name = string(arguments.get(0, "name") or NOTHING)
    if name and arguments.get(3, "fromlist") is None:
        name = name.partition(".")[0]
    return _import_module(run, None, Arguments([const(name)] if name else ()), at, frame)


def _import_string(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``import_string("package.module.name")``."""
    run.may_raise(at)
    found = [_member(run, value, frame) for value in _names(arguments.get(0, "dotted_path"))]
    return join(found) or unknown("import of a name that is not known")


def _names(given: Vals | None) -> list[Value]:
    return attributes.ordered(given or NOTHING)


def _module(run: Interpreter, value: Value, has_package: bool, frame: Frame) -> Vals:
    name = value.value if isinstance(value, Const) else None
    if not isinstance(name, str) or not name or (name.startswith(".") and not has_package):
        return unknown("module whose name is not known")
    if isinstance(value, Const) and value.kind == "pattern":
        return _fitting(run, name, frame) or unknown("module whose name is not known")
    rest = name.lstrip(".")
    place = run.resolver.module(rest, len(name) - len(rest), frame.module.path)
    return one(run.model_classes.module_at(place) if place is not None else Ext(rest))


def _member(run: Interpreter, value: Value, frame: Frame) -> Vals:
    name = value.value if isinstance(value, Const) else None
    if not isinstance(name, str) or "." not in name:
        return unknown("import of a name that is not known")
    module, _, last = name.rpartition(".")
    if isinstance(value, Const) and value.kind == "pattern":
        fitting = _fitting(run, module, frame) if "\0" in module and "\0" not in last else NOTHING
        found = join(attributes.of(run, module, last, (0, 0, 0, 0), frame) for module in attributes.ordered(fitting))
        known = frozenset(v for v in found if not isinstance(v, Unknown))
        return known or unknown("import of a name that is not known")
    place = run.resolver.module(module, 0, frame.module.path)
    return run.names.member(run.model_classes.module_at(place), last) if place is not None else one(Ext(name))


def _fitting(run: Interpreter, pattern: str, frame: Frame) -> Vals:
    """The project's modules that a name with gaps may mean; none where it says too little."""
    places = run.resolver.modules_like(pattern.split("\0"), frame.module.path)
    return frozenset(map(run.model_classes.module_at, places)) if len(places) <= MOST_MODULES else NOTHING


HANDLERS: dict[str, Handler] = {
    "__import__": _import,
    "importlib.import_module": _import_module,
    "django.utils.module_loading.import_string": _import_string,
}
