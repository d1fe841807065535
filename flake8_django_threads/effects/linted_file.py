"""One file as the rules see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.facts.records import ModuleFacts

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


class LintedFile(NamedTuple):
    """A file's facts and spawn sites, and the interpreter that knows the project around it.

    ``shown`` is the file's name in messages. ``sites`` is empty where no word in the text could start a thread.
    """

    module: ModuleFacts
    shown: str
    sites: tuple[SpawnSite, ...]
    run: Interpreter
