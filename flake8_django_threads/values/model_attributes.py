"""Attributes of Django's models and their instances: managers, fields, and what reading them queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    externals,
    flow,
    surroundings,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NONE,
    Bound,
    ClassValue,
    Ext,
    Instance,
    Vals,
    Value,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

# A class of a library's ``models`` module: with no row for it, its name is all there is to go by.
_MODEL_PATH = re.compile(r"(?:^|\.)models(?:\.[a-z_]\w*)*\.[A-Z]\w*$")


def is_model(run: Interpreter, value: Value | None) -> bool:
    """Whether a class is a Django model: by the rows, or, under a base that nobody knows, by what its body declares."""
    if value is None:
        return False
    if run.classes.is_a(value, externals.MODEL):
        return True
    if isinstance(value, Ext):
        return not value.path.startswith("django.db.") and _MODEL_PATH.search(value.path) is not None
    return isinstance(value, ClassValue) and run.model_classes.declares_fields(value)


def is_query(run: Interpreter, value: Ext | Instance) -> bool:
    """Whether a value is a queryset or manager."""
    klass: Value = value.klass if isinstance(value, Instance) else Ext(value.path.removesuffix("()"))
    return run.classes.is_a(klass, externals.QUERYSET) or run.classes.is_a(klass, externals.MANAGER)


def row_of(of: Value | None, alias: str = "") -> Value:
    """An instance of the model ``of``, read from database ``alias``."""
    if isinstance(of, ClassValue):
        return Instance(of, None, None, alias)
    return Ext((of.path if isinstance(of, Ext) else externals.MODEL) + "()", None, alias)


def class_attribute(run: Interpreter, value: ClassValue, name: str, at: r.At) -> Vals:
    """An attribute that no project class in the MRO defines, read on the class."""
    if is_model(run, value):
        if name in externals.DEFAULT_MANAGERS:
            return one(default_manager(run, value))
        if name in ("DoesNotExist", "MultipleObjectsReturned"):
            return one(Ext("django.core.exceptions.ObjectDoesNotExist"))
    bases = externals.outside(run, value)
    for base in bases:
        path = run.models.canonical(f"{base}.{name}")
        if any(
            run.models.find(table, path) for table in ("touch", "lazy", "close", "spawn", "wrapper", "quiet", "wait")
        ):
            return one(Bound(Ext(path), value))
        # An inherited method called through the class: its receiver is the first argument.
        path = run.models.canonical(f"{base}().{name}")
        if any(run.models.find(table, path) for table in ("touch", "lazy", "spawn", "wrapper")):
            return one(Ext(path))
    if bases:
        return one(Bound(Ext(f"{bases[0]}.{name}"), value))
    return unknown("attribute that its class does not define")


def default_manager(run: Interpreter, model: ClassValue) -> Value:
    """The manager that ``_default_manager`` is: the class's own first one, or Django's."""
    return Ext(externals.MANAGER + "()", model)


def on_model(run: Interpreter, value: Value, klass: ClassValue) -> Value:
    """A manager found on a model class, told which model it works on."""
    if isinstance(value, (Ext, Instance)) and value.of is None and is_model(run, klass):
        if not is_query(run, value):
            # A library's manager without a row is still a manager where a model calls it so.
            managing = isinstance(value, Ext) and value.path.endswith(("Manager()", "QuerySet()"))
            return Ext(externals.MANAGER + "()", klass) if managing else value
        if isinstance(value, Instance):
            return Instance(value.klass, value.site, klass, value.alias)
        return Ext(value.path, klass, value.alias)
    return value


def read_field(run: Interpreter, field: Ext, receiver: Instance, name: str, at: r.At) -> Vals:
    """A class attribute read on an instance: of a model's relation, the related row or manager."""
    row = run.models.find("descriptor", field.path.removesuffix("()"))
    if row is None or not field.path.endswith("()"):
        return one(on_model(run, field, receiver.klass))
    if row.returns != "row":
        return one(Ext(row.returns or externals.MANAGER + "()", field.of, receiver.alias))
    if receiver.site is not None and not any(
        run.store.get((receiver, key)) for key in (f"{name}_id", ANY_KEY, "pk", "id")
    ):
        # Made here, and never told which row it points to: there is none to read.
        run.may_raise(at)
        return NONE
    surroundings.touch(run, flow.Touch(at, receiver.alias or flow.DEFAULT, f"{receiver.klass.fact.name}.{name}"))
    return one(row_of(field.of, receiver.alias))


def read_reverse(run: Interpreter, receiver: Instance, name: str, field: Ext, owner: ClassValue, at: r.At) -> Vals:
    """The accessor that a relation of the model ``owner`` gives to the model that it points to."""
    row = run.models.find("descriptor", field.path.removesuffix("()"))
    if row is None or row.reverse != "row":
        return one(Ext((row.reverse if row is not None else None) or externals.MANAGER + "()", owner, receiver.alias))
    surroundings.touch(run, flow.Touch(at, receiver.alias or flow.DEFAULT, f"{receiver.klass.fact.name}.{name}"))
    return one(row_of(owner, receiver.alias))
