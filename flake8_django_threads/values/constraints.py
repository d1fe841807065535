"""What validation has to ask the database for: whether a class has unique fields, relations or constraints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Row
from flake8_django_threads.values import attributes, boxes, model_attributes
from flake8_django_threads.values.domain import (
    NOTHING,
    Arguments,
    Box,
    ClassValue,
    Ext,
    Instance,
    Value,
    one,
    string,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def met(run: Interpreter, row: Row, receiver: Value | None, arguments: Arguments) -> bool:
    """Whether a constrained row's touch happens: its object, or else its first argument, has what the row asks for."""
    subjects = (
        [receiver] if isinstance(receiver, (Ext, Instance)) else attributes.ordered(arguments.get(0, None) or NOTHING)
    )
    return any(_has(run, subject, row.constrained) for subject in subjects)


def _has(run: Interpreter, subject: Value, words: tuple[str, ...]) -> bool:
    if isinstance(subject, Ext):
        return _by_rows(run, subject.path.removesuffix("()"), words)
    if not isinstance(subject, Instance):
        return False
    klass = subject.klass
    if any(_by_rows(run, base.path, words) for base in run.classes.mro(klass) if isinstance(base, Ext)):
        return True
    if "choice" in words and any(_by_rows(run, path, words) for path in _field_classes(run, klass)):
        return True
    if model_attributes.is_model(run, klass):
        if "unique" in words and subject.site is not None and _given(run, subject, ("pk", "id")):
            return True
        return _model_has(run, klass, words, None)
    meta = attributes.lookup(run, klass, "Meta")
    return meta is not None and any(_meta_has(run, v, words) for v in meta[1] if isinstance(v, ClassValue))


def _given(run: Interpreter, instance: Instance, names: tuple[str, ...]) -> bool:
    return any(run.store.get((instance, name)) is not None for name in names)


def _meta_has(run: Interpreter, meta: ClassValue, words: tuple[str, ...]) -> bool:
    """Whether the fields that a form's or serializer's Meta asks of its model have any of the words."""
    found = attributes.lookup(run, meta, "model")
    only = _names(run, meta, "fields")
    for model in found[1] if found is not None else ():
        if isinstance(model, ClassValue) and _model_has(run, model, words, only):
            return True
        if isinstance(model, Ext) and only is None and _by_rows(run, model.path, words):
            return True
    return False


def _names(run: Interpreter, meta: ClassValue, name: str) -> frozenset[str] | None:
    """The texts of a list in a class body; None where it is not there or not known."""
    found = attributes.lookup(run, meta, name)
    lists = [v for v in found[1] if isinstance(v, Box)] if found is not None else []
    if len(lists) != 1:
        return None
    texts = [string(one(v)) for v in boxes.values(run, lists[0])]
    return frozenset(t for t in texts if t is not None) if all(texts) else None


def _by_rows(run: Interpreter, path: str, words: tuple[str, ...]) -> bool:
    stack, seen = [run.models.canonical(path)], set[str]()
    while stack:
        current = stack.pop()
        seen.add(current)
        row = run.models.find("type", current)
        if row is not None and set(row.constrained) & set(words):
            return True
        stack.extend(base for base in run.models.bases(current) if base not in seen)
    return False


def _model_has(run: Interpreter, model: ClassValue, words: tuple[str, ...], only: frozenset[str] | None) -> bool:
    for klass in run.classes.mro(model):
        if not isinstance(klass, ClassValue):
            if _by_rows(run, klass.path if isinstance(klass, Ext) else "", words):
                return True
            continue
        for name, call in _calls(klass):
            if only is not None and name not in only:
                continue
            if "unique" in words and any(k.name == "unique" and _is_true(k.value) for k in call.keywords):
                return True
            if words_of(run, klass, name) & set(words):
                return True
    options = attributes.lookup(run, model, "Meta")
    return any(_options_have(meta, words) for meta in options[1] if isinstance(meta, ClassValue)) if options else False


def _calls(klass: ClassValue) -> Iterator[tuple[str, r.Call]]:
    """The names that a class body binds to the result of a call, with the call: its fields among them."""
    for stmt in klass.fact.body:
        if isinstance(stmt, r.Assign) and isinstance(stmt.value, r.Call):
            for target in stmt.targets:
                if isinstance(target, r.Name):
                    yield target.id, stmt.value
        elif isinstance(stmt, r.Annotate) and isinstance(stmt.value, r.Call) and isinstance(stmt.target, r.Name):
            yield stmt.target.id, stmt.value


def words_of(run: Interpreter, klass: ClassValue, name: str) -> set[str]:
    """What the relation that the class body calls ``name`` means to validation; empty for any other field."""
    for value in run.names.class_own(klass, name) or NOTHING:
        if isinstance(value, Ext):
            row = run.models.find("descriptor", value.path.removesuffix("()"))
            if row is not None and row.related:
                one_to_one = {"relation", "unique"} if row.reverse == "row" else {"relation"}
                return one_to_one if row.returns == "row" else {"many"}
    return set()


def _field_classes(run: Interpreter, klass: ClassValue) -> Iterator[str]:
    """The library classes of the fields that a form declares itself."""
    for candidate in run.classes.mro(klass):
        if isinstance(candidate, ClassValue):
            for name, _ in _calls(candidate):
                for value in run.names.class_own(candidate, name) or NOTHING:
                    if isinstance(value, Ext):
                        yield value.path.removesuffix("()")


def _options_have(meta: ClassValue, words: tuple[str, ...]) -> bool:
    asked = {"unique_together": "unique", "constraints": "constraint"}
    for stmt in meta.fact.body:
        if isinstance(stmt, r.Assign):
            for target in stmt.targets:
                empty = isinstance(stmt.value, r.Display) and not stmt.value.items
                if isinstance(target, r.Name) and asked.get(target.id) in words and not empty:
                    return True
    return False


def _is_true(expr: r.Expr) -> bool:
    return isinstance(expr, r.Const) and expr.value is True


__all__ = ["met"]
