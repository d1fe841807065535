"""The functions on the way to a place: those that are called one after the other, from where it is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flake8_django_threads.facts import records as r
from flake8_django_threads.project.store import Store


def functions_on(modules: Store, calls: Iterable[tuple[str, str, r.At]], path: str) -> Iterator[r.Function]:
    """The functions that ``calls`` enter on the way to a place in the file ``path``; none where there are no calls."""
    steps = list(calls)
    # Each step names the file of its call; the function that is called stands in that of the next.
    files = [*(file for _, file, _ in steps[1:]), path]
    for (qualname, _, _), file in zip(steps, files, strict=False):
        facts = modules.facts(file)
        if isinstance(facts, r.ModuleFacts):
            yield from (function for function in facts.functions if function.qualname == qualname)
