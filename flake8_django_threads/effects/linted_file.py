"""One file as the rules see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flake8_django_threads.base import Span
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.facts.records import At, ModuleFacts

if TYPE_CHECKING:
    from flake8_django_threads.effects.closes import Use
    from flake8_django_threads.values.interpreter import Interpreter


@dataclass(frozen=True)
class LintedFile:
    """A file's facts and spawn sites, and the interpreter that knows the project around it.

    ``shown`` is the file's name in messages. ``sites`` is empty where no word in the text could start a thread.
    ``alone``: no other file of the project will be asked about, so that what is found for all of them would be lost.
    """

    module: ModuleFacts
    shown: str
    sites: tuple[SpawnSite, ...]
    run: Interpreter
    alone: bool = False

    def span(self, path: str, at: At) -> Span:
        """A place in a file of the project, named as this file is named."""
        own = self.module.path
        folder = own.removesuffix(self.shown) if own.endswith(self.shown) else ""
        return Span(path.removeprefix(folder), *at)

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """What the file's own functions do with Django's connections, in source order."""
        # Most files that are asked about have been answered for by their words before.
        from flake8_django_threads.effects.closes import uses

        return uses(self.run, self.module, bool(self.sites))
