"""Values of one thread's connection that another thread uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from flake8_django_threads.effects.surroundings import Crossing
from flake8_django_threads.values import owned
from flake8_django_threads.values.domain import Arguments, Ext, Frame, Instance
from flake8_django_threads.values.interpreter import Interpreter


def crossings(
    run: Interpreter, used: Iterable[Ext], given: Arguments, outside: Collection[object], inside: Collection[object]
) -> Iterator[Crossing]:
    """What of the values that the other thread ``used`` was made before it began.

    ``given`` are the arguments handed over; ``outside`` and ``inside`` the makings met before and in that thread. A
    value of neither was made at import or, as an attribute, by some method: of those only ``__init__`` is sure to have
    run before.
    """
    for value in used:
        assert isinstance(value.site, tuple)
        frame = value.site[2]
        assert isinstance(frame, Frame)
        if value.site in inside:
            continue
        if value in given.all():
            yield Crossing(owned.describe(value), "as an argument")
        elif value.site in outside:
            yield Crossing(owned.describe(value), _way(run, value))
        elif frame.function is None:
            yield Crossing(owned.describe(value), "as a global of its module" if frame.klass is None else "in a class")
        elif frame.function.name == "__init__":
            yield Crossing(owned.describe(value), "as an attribute")


def _way(run: Interpreter, value: Ext) -> str:
    """How a value that a running function made comes to the other thread."""
    for (owner, _), held in run.store.held().items():
        if value in held:
            if isinstance(owner, Instance):
                return "as an attribute"
            if isinstance(owner, Ext) and owner.path.endswith("Queue()"):
                return "through a queue"
            if isinstance(owner, Frame) and owner.function is None:
                return "as a global of its module"
    return "through a closure"
