"""Methods of text whose result is certain, so that names built from text can be followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import boxes
from flake8_django_threads.values.domain import (
    Arguments,
    Const,
    Ext,
    Frame,
    Unknown,
    Vals,
    Value,
    const,
    literal,
    one,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter

MOST_LETTERS = 2_000
_TEXT = (
    "capitalize", "casefold", "lower", "lstrip", "removeprefix", "removesuffix", "replace", "rstrip", "strip",
    "swapcase", "title", "upper", "zfill",
)  # fmt: skip
_ASKED = (
    "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit", "isidentifier", "islower", "isspace",
    "istitle", "isupper", "rfind", "startswith",
)  # fmt: skip
_SPLIT = ("partition", "rpartition", "split", "rsplit", "splitlines")

Made: TypeAlias = "str | bool | int | list[str] | tuple[str, ...] | Unknown"


def _method(name: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        made = _result(receiver, name, arguments)
        if isinstance(made, (list, tuple)):
            kind = "list" if isinstance(made, list) else "tuple"
            return one(boxes.make(run, kind, run.site(frame, at), [const(part) for part in made]))
        return one(Ext(f"str().{name}()")) if isinstance(made, Unknown) else const(made)

    return handle


def _result(receiver: Value | None, name: str, arguments: Arguments) -> Made:
    """What the method gives for a literal and literal arguments."""
    given = [literal(vals) for vals in arguments.args]
    known = isinstance(receiver, Const) and receiver.kind == "str" and isinstance(receiver.value, str)
    if not known or any(isinstance(value, Unknown) for value in given) or arguments.keywords or arguments.more:
        return Unknown("text")
    text = receiver.value  # type: ignore[union-attr]
    if len(str(text)) > MOST_LETTERS or (name == "zfill" and given and given[0] > MOST_LETTERS):  # type: ignore[operator]
        return Unknown("text")
    try:
        made: Made = getattr(text, name)(*given)
    except (TypeError, ValueError, OverflowError):
        return Unknown("text")
    return made if not isinstance(made, str) or len(made) <= MOST_LETTERS else Unknown("text")


HANDLERS: dict[str, Handler] = {f"str().{name}": _method(name) for name in (*_TEXT, *_ASKED, *_SPLIT)}
