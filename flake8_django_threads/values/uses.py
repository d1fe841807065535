"""What a library's function does with a value that it is given: iterates it, turns it into text, copies it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Row
from flake8_django_threads.values import attributes, expressions, externals, iteration
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NOTHING,
    Arguments,
    Box,
    Ext,
    Frame,
    Vals,
    join,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def use(run: Interpreter, row: Row, arguments: Arguments, path: str, at: r.At, frame: Frame) -> Vals:
    """Let ``row.use`` happen to each argument, or to the one that the row names; the call's result."""
    if row.callable is not None:
        given = [arguments.get(row.callable.position, row.callable.keyword) or NOTHING]
    else:
        given = [*arguments.args, *arguments.keywords.values(), arguments.more]
    elements: list[Vals] = []
    for values in filter(None, given):
        if row.use == "iter":
            elements.append(iteration.elements(run, values, at, frame))
            continue
        for value in attributes.ordered(values):
            if row.use == "repr":
                expressions.use_as_text(run, frame, value, at)
            else:
                externals.event(run, value, row.use or "", at)
    match row.returns:
        case None:
            return one(Ext(path + "()"))
        case "self":
            return join(given) or unknown("copy of nothing")
        case "row":
            return join(elements) or unknown("element")
        case "rows":
            box = Box("list", run.site(frame, at))
            run.store.set((box, ANY_KEY), join(elements) or unknown("element"))
            return one(box)
    return one(Ext(run.models.canonical(row.returns)))
