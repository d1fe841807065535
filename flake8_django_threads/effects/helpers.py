"""Spawn helpers: the functions of a project through whose parameters a callable reaches a spawner."""

from __future__ import annotations

from contextlib import suppress

from flake8_django_threads.effects.candidates import Candidates
from flake8_django_threads.effects.entries import gives_parameter, left_to_parameter
from flake8_django_threads.effects.explore import (
    HELPER_DEPTH,
    LIMITS,
    deep_stack,
    outer_function,
    outermost,
    reach,
    run_symbolically,
)
from flake8_django_threads.facts import records as r
from flake8_django_threads.values.domain import (
    Ext,
)
from flake8_django_threads.values.interpreter import Interpreter, ignore


class Helpers:
    """Finds the helpers of one module after the other with one interpreter."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self._candidates = Candidates(run)

    def of(self, module: r.ModuleFacts, helpers: frozenset[str]) -> list[r.Function]:
        """The functions of a module through whose parameters a callable reaches a spawner."""
        found: dict[r.Function, None] = {}
        self._candidates.read(None)
        calls = [
            (c, s)
            for c, s in module.calls
            if gives_parameter(c, s) and not _is_test(s) and self._candidates.may_spawn(module, c, s, helpers)
        ]
        with deep_stack():
            for root in dict.fromkeys(outermost(scope) for _, scope in calls):
                inside = [c for c in calls if outermost(c[1]) is root]
                if isinstance(root, r.Function) and self._is_helper(module, root, inside):
                    found[root] = None
        return list(found)

    def pools(self, module: r.ModuleFacts) -> list[str]:
        """The global names of a module that hold a library's object with a spawning method, such as an executor."""
        kinds = {row.path.rpartition(".")[0] for row in self._run.models.rows("spawn") if "()." in row.path}
        found = []
        for name, bindings in self._run.names.table(module).names.items():
            if any(b.kind == "value" and isinstance(b.expr, r.Call) for b in bindings):
                with suppress(*LIMITS):
                    values = self._run.names.module_name(module, name) or frozenset()
                    if any(isinstance(v, Ext) and v.path in kinds for v in values):
                        found.append(name)
        return found

    def _is_helper(self, module: r.ModuleFacts, root: r.Function, inside: list[tuple[r.Call, r.Scope]]) -> bool:
        """Whether running the function without knowing its callers leaves the entry of a spawn to a parameter."""
        run = self._run
        run.begin()
        run.evaluated = set()
        given: list[bool] = []
        run.on_spawn = lambda event: given.append(left_to_parameter(event, root, run)) if not run.in_thread else None
        # Who makes the objects of the project is worth asking only where one may hold what starts the thread.
        held = any(isinstance(call.func, r.Attr) and isinstance(call.func.base, r.Attr) for call, _ in inside)
        run.makers.at_rest = not held
        try:
            frame = run_symbolically(run, outer_function(module, root), HELPER_DEPTH)
            for call, scope in inside:
                if (module.path, call.at) not in run.evaluated:
                    reach(run, module, call, scope, root, frame, HELPER_DEPTH)
        except LIMITS:
            pass
        finally:
            run.on_spawn = ignore
            run.makers.at_rest = False
        return any(given)


def _is_test(scope: r.Scope) -> bool:
    """Whether a place is in a test, which no function of the project calls."""
    root = outermost(scope)
    return isinstance(root, r.Function) and root.name.startswith("test_")
