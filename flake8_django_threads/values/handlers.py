"""What the functions look like that evaluate expressions, run statements and give meaning to library calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from flake8_django_threads.facts import records as r
    from flake8_django_threads.values.domain import Arguments, Frame, Vals, Value
    from flake8_django_threads.values.interpreter import Interpreter

# Given the run, the object whose method is called (None for a function), the arguments, the place and the frame.
Handler: TypeAlias = "Callable[[Interpreter, Value | None, Arguments, r.At, Frame], Vals]"

# Given the run, the frame and the expression: its values.
Evaluator: TypeAlias = "Callable[[Interpreter, Frame, Any], Vals]"
# Given the run, the frame and the statement: False if its end is not reached.
Runner: TypeAlias = "Callable[[Interpreter, Frame, Any], bool]"
