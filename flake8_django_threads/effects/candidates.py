"""Candidates: the calls of a file that may be spawns, as far as names and imports tell."""

from __future__ import annotations

import re

from flake8_django_threads.effects.explore import LIMITS, OUTER_DEPTH, OUTER_STEPS
from flake8_django_threads.effects.origins import mentioned, outside
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.values import servers
from flake8_django_threads.values.domain import (
    ClassValue,
    Ext,
)
from flake8_django_threads.values.interpreter import Interpreter

MOST_ALIASES = 4
# What a class of a library has in its name that has a thread of its own, or serves by threads.
_THREAD = re.compile("thread|timer|server|worker|listener|observer|consumer|process|daemon", re.IGNORECASE)


class Candidates:
    """Tells which calls are worth running the function around them."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self._all_words = self._words = run.models.spawn_names
        self._harmless: dict[str, frozenset[str]] = {}

    def read(self, text: str | None) -> None:
        """Begin with a file: a spawner's name counts only where the words that go with it are in its text too.

        Without a text every spawner's name counts.
        """
        self._words = self._all_words if text is None else self._words_in(text)

    def may_spawn(self, module: r.ModuleFacts, call: r.Call, scope: r.Scope, helpers: frozenset[str]) -> bool:
        """Whether a call may hand code to another thread, by itself or through a helper of one of these names."""
        func = call.func
        if isinstance(func, r.Call):
            return (
                outside(self._run, module, scope, func.func) is None
                or self.may_spawn(module, func, scope, helpers)
                or any(self._speaks_of_spawn(module, name, helpers) for name in mentioned((func.args, func.keywords)))
            )
        name = func.id if isinstance(func, r.Name) else func.name if isinstance(func, r.Attr) else ""
        if name in helpers:
            return True
        if name in self._words:
            known = outside(self._run, module, scope, func)
            return known is None or any(self._is_spawner(v, call) for v in known if isinstance(v, Ext))
        if isinstance(func, r.Attr) and name in self._all_words and last_name(func.base) in helpers:
            return True
        dotted = isinstance(func, r.Name) or (isinstance(func, r.Attr) and isinstance(func.base, r.Name))
        if isinstance(func, r.Name) and self._aliased(module, name):
            return True
        return dotted and name.lstrip("_")[:1].isupper() and self._is_thread_class(module, func)

    def may_decorate(self, module: r.ModuleFacts, mark: r.Expr) -> bool:
        """Whether a decorator may hand the function that it stands above to another thread."""
        if isinstance(mark, r.Call):
            return self.may_spawn(module, mark, module, frozenset())
        name = last_name(mark)
        return name in self._words or (isinstance(mark, r.Name) and self._aliased(module, name))

    def _is_spawner(self, value: Ext, call: r.Call) -> bool:
        """Whether the rows know what lies outside as a spawner that this call does not rule out by its keywords."""
        row = self._run.models.find("spawn", value.path)
        if row is None:
            return False
        return row.requires is None or any(k.name in (None, row.requires.keyword) for k in call.keywords)

    def _speaks_of_spawn(self, module: r.ModuleFacts, name: str, helpers: frozenset[str]) -> bool:
        return name in self._words or name in helpers or self._aliased(module, name) or name[:1].isupper()

    def _aliased(self, module: r.ModuleFacts, name: str, depth: int = 0) -> bool:
        """A spawner imported, or assigned at module level, under another name."""
        for binding in self._run.names.table(module).names.get(name, ()):
            if binding.kind == "from" and binding.source[2] in self._words:
                return True
            if isinstance(binding.stmt, r.Assign) and binding.expr is not None:
                origin = last_name(binding.expr)
                if origin in self._words or (depth < MOST_ALIASES and self._aliased(module, origin, depth + 1)):
                    return True
        return False

    def _is_thread_class(self, module: r.ModuleFacts, func: r.Expr) -> bool:
        if self._is_no_thread(module, last_name(func)):
            return False
        frame = self._run.module_frame(module)
        try:
            with self._run.within(OUTER_DEPTH, OUTER_STEPS), self._run.detached():
                values = self._run.evaluate(frame, func)
                return any(
                    (isinstance(v, ClassValue) and self._run.classes.is_a(v, "threading.Thread"))
                    or (isinstance(v, (ClassValue, Ext)) and servers.is_threading(self._run, v))
                    for v in values
                )
        except LIMITS:
            return False

    def _is_no_thread(self, module: r.ModuleFacts, name: str) -> bool:
        """Whether a name is that of the project's classes alone, none of which derives from what sounds like a thread.

        Going by the names of bases in all its texts: no module is parsed for it.
        """
        run = self._run
        root = run.resolver.project_root(module.path)
        if root not in self._harmless:
            derived = run.derived.get(root, {})
            classes = {klass for below in derived.values() for _, klass in below}
            bases = {re.findall(r"\w+", row.path)[-1] for row in run.models.rows("subclass")}
            todo = [base for base in derived if base in bases or (base not in classes and _THREAD.search(base))]
            threads: set[str] = set(todo)
            while todo:
                fresh = {klass for _, klass in derived.get(todo.pop(), ())} - threads
                threads |= fresh
                todo += fresh
            self._harmless[root] = frozenset(classes - threads)
        # The file itself may give the name to something else.
        own = run.names.table(module).names.get(name, ())
        return name in self._harmless[root] and all(
            binding.kind == "class" or (binding.kind == "from" and binding.source[2] == name) for binding in own
        )

    def _words_in(self, text: str) -> frozenset[str]:
        """The last names of spawners that the words of the text allow."""
        groups = self._run.models.gate_words
        allowed = [group[0].strip(".(") for group in groups if all(word in text for word in group)]
        return frozenset(word for word in self._all_words if any(part in word for part in allowed))
