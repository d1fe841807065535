"""Inner functions that something unknown is given to call: at any time, in whatever thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import words
from flake8_django_threads.values import attributes
from flake8_django_threads.values.domain import Arguments, Frame, Func, Value, join, one

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def look_into(run: Interpreter, arguments: Arguments, at: r.At, frame: Frame) -> None:
    """Run what is given to a call of which nothing is known, for the threads that it starts in turn.

    Only inner functions are: what they close over, such as a function that a helper was given, is known here alone.
    What they touch says nothing of this thread, for another one may call them.
    """
    for value in attributes.ordered(join((*arguments.args, *arguments.keywords.values()))):
        if isinstance(value, Func) and value.frame is not None and _may_spawn(run, value):
            with run.writing():
                run.alternatives(at, [partial(_called, run, value, at, frame), lambda: True])


def _may_spawn(run: Interpreter, func: Func) -> bool:
    """Whether the function is an inner one whose own statements name a spawner."""
    is_inner = func.frame is not None and func.frame.function is not None
    return is_inner and not run.models.spawn_names.isdisjoint(words(func.function.body))


def _called(run: Interpreter, value: Value, at: r.At, frame: Frame) -> bool:
    run.call(one(value), Arguments(), at, frame)
    return True
