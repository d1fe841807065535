"""The spawn index: the project's own functions that hand what they are given to another thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flake8_django_threads.facts.records import ClassFact, Function, ModuleFacts
from flake8_django_threads.models.gate import Gate
from flake8_django_threads.project.sources import Sources, Unreadable, below, last, parent
from flake8_django_threads.project.store import Store
from flake8_django_threads.project.survey import Survey

if TYPE_CHECKING:
    from flake8_django_threads.effects.helpers import Helpers


class Helper(NamedTuple):
    """A function through whose parameter a callable reaches a spawner. ``near`` is the name that must be in a calling
    file's text too: its class, or the last part of its module's name."""

    path: str
    name: str
    near: str


Known: TypeAlias = MutableMapping[str, dict[frozenset[str], tuple[Helper, ...]]]
"""The helpers of a file by its path, and by the names of the helpers that were known when it was looked through."""

MOST_ROUNDS = 3


class SpawnIndex:
    """The helpers found in a surveyed project, and the files that may call one. A helper of a helper is found in the
    second round, one of that in the third and last. ``helpers`` is asked for only if a file passes the gate.

    ``known`` are the helpers of files that were looked through before, by the helpers known then; what was missing is
    added."""

    def __init__(
        self, survey: Survey, sources: Sources, modules: Store, helpers: Callable[[], Helpers], known: Known
    ) -> None:
        self._known = known
        self._modules = modules
        self._sources = sources
        self._survey = survey
        wanted = dict.fromkeys(survey.spawning)
        found = list(self._helpers(survey.spawning, helpers(), frozenset())) if survey.spawning else []
        self._gate = Gate((helper.name, helper.near) for helper in found)
        fresh: Collection[Helper] = found
        rounds = 1
        while fresh:
            # A helper of a helper calls it: from its own file, or from one that has the words.
            self._gate = Gate((helper.name, helper.near) for helper in fresh)
            own = [helper.path for helper in fresh]
            calling = list(dict.fromkeys([*own, *self._calling(own)]))
            wanted.update(dict.fromkeys(calling))
            if rounds == MOST_ROUNDS:
                break
            rounds += 1
            names = frozenset(helper.name for helper in found)
            fresh = sorted(set(self._helpers(calling, helpers(), names)).difference(found))
            found.extend(fresh)
        self._gate = Gate((helper.name, helper.near) for helper in found)
        self._wanted = frozenset(wanted)
        self.helpers: tuple[Helper, ...] = tuple(found)
        self.names = frozenset(helper.name for helper in found)

    def words_of(self, path: str, text: str | None) -> tuple[bool, bool] | None:
        """Whether the file has a spawner's or a helper's words, and whether it has words that rules ask for.

        None if the survey has not seen it with this text; without ``text`` the file's own is meant.
        """
        seen = self._survey.texts.get(path)
        if seen is None or (text is not None and hash(text) != seen):
            return None
        return path in self._wanted, path in self._survey.asked

    def asked(self, folder: str) -> Iterator[str]:
        """The files below a folder that have words which rules ask for."""
        return (
            path for path in self._survey.texts if path in self._survey.asked and path.startswith(below(folder, ""))
        )

    def may_spawn(self, text: str) -> bool:
        """Whether a file's text could call a helper, looking at words alone."""
        return self._gate.passes(text)

    def _calling(self, known: Collection[str]) -> Iterator[str]:
        """The files beside ``known`` that could call a helper."""
        for path, seen in self._survey.texts.items():
            if seen is not None and path not in known:
                with suppress(Unreadable):
                    if self._gate.passes(self._sources.read(path)):
                        yield path

    def _helpers(self, paths: Iterable[str], helpers: Helpers, names: frozenset[str]) -> Iterator[Helper]:
        for path in paths:
            known = self._known.setdefault(path, {})
            if names not in known:
                known[names] = tuple(self._helpers_of(path, helpers, names))
            yield from known[names]

    def _helpers_of(self, path: str, helpers: Helpers, names: frozenset[str]) -> Iterator[Helper]:
        facts = self._modules.facts(path)
        if isinstance(facts, ModuleFacts):
            for name in helpers.pools(facts):
                yield Helper(path, name, module_name(path))
            for function in helpers.of(facts, names):
                if function.name.startswith("__") and function.name != "__init__":
                    continue  # An operator or a call of an object: the value flow finds it, no name does.
                yield Helper(path, *_called(function, path))


def _called(function: Function, path: str) -> tuple[str, str]:
    """The name by which a helper is called, and the name that comes with it."""
    if function.name == "__init__" and isinstance(function.owner, ClassFact):
        return function.owner.name, function.owner.name
    if isinstance(function.owner, ClassFact):
        return function.name, function.owner.name
    return function.name, module_name(path)


def module_name(path: str) -> str:
    """The last part of a file's module name."""
    name = last(path).removesuffix(".py")
    return last(parent(path)) if name == "__init__" else name
