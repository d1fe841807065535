"""The spawn index: the project's own functions that hand what they are given to another thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flake8_django_threads.effects.inventory import Inventory
from flake8_django_threads.facts.records import ClassFact, Function, ModuleFacts
from flake8_django_threads.models.load import Models
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, Unreadable, last, parent
from flake8_django_threads.project.store import Store
from flake8_django_threads.project.survey import Survey, survey


class Helper(NamedTuple):
    """A function through whose parameter a callable reaches a spawner. ``near`` is the name that must be in a calling
    file's text too: its class, or the last part of its module's name."""

    path: str
    name: str
    near: str


class SpawnIndex:
    """The survey of one project and the helpers found in it. A helper of a helper is found in the second round."""

    def __init__(
        self, root: str, sources: Sources, resolver: Resolver, modules: Store, models: Models, inventory: Inventory
    ) -> None:
        self._modules = modules
        self._sources = sources
        self.survey: Survey = survey(root, sources, resolver, models.may_spawn)
        inventory.know_classes(self.survey.derived)
        found = list(self._helpers(self.survey.hits, inventory, frozenset()))
        if found:
            names = frozenset(helper.name for helper in found)
            calling = [
                path for path in resolver.files(root) if path not in self.survey.hits and self._calls(path, found)
            ]
            more = self._helpers([*self.survey.hits, *calling], inventory, names)
            found.extend(helper for helper in more if helper not in found)
        self.helpers: tuple[Helper, ...] = tuple(found)
        self.names = frozenset(helper.name for helper in found)

    def may_spawn(self, text: str) -> bool:
        """Whether a file's text could call a helper, looking at words alone."""
        return any(helper.name in text and helper.near in text for helper in self.helpers)

    def _calls(self, path: str, helpers: list[Helper]) -> bool:
        try:
            text = self._sources.read(path)
        except Unreadable:
            return False
        return any(helper.name in text and helper.near in text for helper in helpers)

    def _helpers(
        self, paths: list[str] | tuple[str, ...], inventory: Inventory, names: frozenset[str]
    ) -> Iterator[Helper]:
        for path in paths:
            facts = self._modules.facts(path)
            if isinstance(facts, ModuleFacts):
                for name in inventory.pools(facts):
                    yield Helper(path, name, _module_name(path))
                for function in inventory.helpers(facts, names):
                    if function.name.startswith("__") and function.name != "__init__":
                        continue  # An operator or a call of an object: the value flow finds it, no name does.
                    yield Helper(path, *_called(function, path))


def _called(function: Function, path: str) -> tuple[str, str]:
    """The name by which a helper is called, and the name that comes with it."""
    if function.name == "__init__" and isinstance(function.owner, ClassFact):
        return function.owner.name, function.owner.name
    if isinstance(function.owner, ClassFact):
        return function.name, function.owner.name
    return function.name, _module_name(path)


def _module_name(path: str) -> str:
    """The last part of a file's module name."""
    name = last(path).removesuffix(".py")
    return last(parent(path)) if name == "__init__" else name
