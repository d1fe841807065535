"""The views of a project whose settings open a transaction around each request (ATOMIC_REQUESTS)."""

from __future__ import annotations

from contextlib import suppress

from flake8_django_threads.effects.entries import entry_function
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name, words
from flake8_django_threads.models.gate import Gate
from flake8_django_threads.project.settings import Settings
from flake8_django_threads.values.domain import ClassValue
from flake8_django_threads.values.interpreter import Exhausted, Interpreter

VIEW = "django.views.generic.base.View"
# Methods that Django and Django REST framework call for a request, beside those that are given it.
_METHODS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "dispatch", "form_valid", "form_invalid"}
    | {"get_context_data", "perform_create", "perform_update", "perform_destroy"}
)
_ROUTES = frozenset({"path", "re_path", "url"})
_EXEMPT = "non_atomic_requests"


def _seems_a_view(function: r.Function) -> bool:
    """Whether a function has the form of a view, or its method that of a class's, and is not taken out by name."""
    owner, names = function.owner, [p.name for p in function.parameters[:2]]
    if function.is_async or _EXEMPT in words(function.decorators):
        return False
    if isinstance(owner, r.ClassFact):
        called = function.name in _METHODS or names[1:] == ["request"]
        return called and bool(owner.bases) and _EXEMPT not in words(owner.decorators)
    return names[:1] == ["request"]


class Requests:
    """Answers for the functions of one project after the other."""

    def __init__(self, run: Interpreter, settings: Settings) -> None:
        self._run = run
        self._settings = settings

    def aliases(self, module: r.ModuleFacts, function: r.Function) -> frozenset[str]:
        """The databases with a transaction around each call of the function, as far as it is a view's."""
        if not _seems_a_view(function):
            return frozenset()
        found = self._settings.atomic_requests(module.path)
        return found if found and self._is_view(module, function) else frozenset()

    def _is_view(self, module: r.ModuleFacts, function: r.Function) -> bool:
        owner = function.owner
        with suppress(Exhausted, RecursionError):
            if isinstance(owner, r.ClassFact):
                return self._run.classes.is_a(ClassValue(owner, module), VIEW) and not self._is_exempt(
                    module, owner.name
                )
            return owner is module and self._is_routed(module, function)
        return False

    def _is_exempt(self, module: r.ModuleFacts, name: str) -> bool:
        """Whether a file of the project may take the transaction away from a class where it is routed."""
        return any(_EXEMPT in facts_words for facts_words in self._routes(module, name))

    def _routes(self, module: r.ModuleFacts, name: str) -> list[set[str]]:
        """The words of each route of the project that names a view."""
        return [words(call.args) for _, call in self._calls(module, name)]

    def _is_routed(self, module: r.ModuleFacts, function: r.Function) -> bool:
        """Whether a route of the project leads to the function itself."""
        for facts, call in self._calls(module, function.name):
            with self._run.detached():
                frame = self._run.module_frame(facts)
                for value in (value for arg in call.args[1:2] for value in self._run.evaluate(frame, arg)):
                    entry = entry_function(value)
                    if entry is not None and entry.function is function:
                        return True
        return False

    def _calls(self, module: r.ModuleFacts, name: str) -> list[tuple[r.ModuleFacts, r.Call]]:
        """The routes that name a view, each with its module."""
        run = self._run
        gate = Gate([("urlpatterns", name)])
        found = []
        for path in run.resolver.files(run.resolver.project_root(module.path)):
            facts = run.modules.facts(path) if gate.passes(run.modules.text(path)) else None
            if isinstance(facts, r.ModuleFacts):
                found += [
                    (facts, call)
                    for call, _ in facts.calls
                    if last_name(call.func) in _ROUTES and name in words(call.args)
                ]
        return found
