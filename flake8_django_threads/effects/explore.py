"""Running the functions of a file whose callers are not known, to see what happens in them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes
from flake8_django_threads.values.domain import ClassValue, Frame, Func
from flake8_django_threads.values.interpreter import Exhausted, Interpreter, ignore

# A function is run for what it does itself and what its helpers do; the whole depth is for the entries of threads.
OUTER_DEPTH, OUTER_STEPS = 6, 20_000
# A helper is run for what its parameters reach alone.
HELPER_DEPTH = 3
RECURSION = 12_000
# Code that is nested too deep for the machine ends the analysis of a site as any other limit does.
LIMITS = (Exhausted, RecursionError)


@contextmanager
def deep_stack() -> Iterator[None]:
    """Let Python's own stack be as deep as the interpreter of the linted code needs it."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@contextmanager
def aside(run: Interpreter) -> Iterator[None]:
    """Begin another site in the middle of one, and go on with the first as if nothing had been."""
    kept = run.on_spawn, run.store, run.active, run.out, run.steps, run.memo, run.evaluated, run.starts, run.blocks
    run.begin()
    run.evaluated = set()
    run.on_spawn = ignore
    try:
        yield
    finally:
        run.on_spawn, run.store, run.active, run.out, run.steps, run.memo, run.evaluated, run.starts, run.blocks = kept


def outermost(scope: r.Scope) -> r.Scope:
    """The outermost function around a scope, or the module."""
    result: r.Scope = scope
    current: object = scope
    best: r.Scope | None = None
    while current is not None:
        if isinstance(current, r.Function):
            best = current
        if isinstance(current, r.ModuleFacts):
            result = current
        current = getattr(current, "owner", None)
    return best if best is not None else result


def outer_function(module: r.ModuleFacts, function: r.Function) -> Func:
    """The value of an outermost function or method."""
    owner = function.owner
    if isinstance(owner, r.ClassFact):
        return Func(function, module, None, ClassValue(owner, module))
    return Func(function, module)


def run_symbolically(run: Interpreter, func: Func, depth: int = OUTER_DEPTH, steps: int = OUTER_STEPS) -> Frame:
    """Run a function whose callers are not known; the frame that it ran in."""
    symbolic = attributes.symbolic_frame(run, func)
    bound = {p.name: run.names.parameter(symbolic, p) for p in func.function.parameters}
    frame = run.context(func, bound)
    with run.writing(), run.within(depth, steps):
        run.run_function(func, bound, func.function.at)
    return frame


def reach(
    run: Interpreter,
    module: r.ModuleFacts,
    call: r.Call,
    scope: r.Scope,
    root: r.Scope,
    frame: Frame | None,
    depth: int = OUTER_DEPTH,
) -> None:
    """Evaluate a call that running its outermost function did not meet: in an inner function or dead code."""
    chain: list[r.Function] = []
    current: object = scope
    klass: ClassValue | None = None
    while current is not root and current is not None:
        if isinstance(current, r.Function):
            chain.append(current)
        current = getattr(current, "owner", None)
    outer = frame
    for function in reversed(chain):
        if isinstance(function.owner, r.ClassFact):
            klass = ClassValue(function.owner, module, outer)
        func = Func(function, module, outer, klass)
        klass = None
        outer = run_symbolically(run, func, depth)
    if (module.path, call.at) in run.evaluated:
        return
    if isinstance(scope, r.ClassFact):
        outer = run.class_frame(ClassValue(scope, module, outer))
    if outer is None:
        outer = run.module_frame(module)
    before, run.outermost = run.outermost, outer if outer.function is None else None
    try:
        with run.writing():
            run.evaluate(outer, call)
    finally:
        run.outermost = before
