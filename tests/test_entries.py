"""The entry of a spawn, as far as its call and the scopes around it tell: by whom it is given, and as what."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from flake8_django_threads.effects.entries import (
    entry_name,
    gives_parameter,
    handed_over,
    hands_parameter_on,
    names_of,
    spawner_is_given,
)
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.lower import lower
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.values.domain import Func


def facts(source: str) -> r.ModuleFacts:
    source = dedent(source)
    return lower(ast.parse(source), "module.py", source.splitlines(keepends=True))


def found(source: str) -> tuple[r.Call, r.Scope]:
    """The call of ``spawn`` and its scope."""
    ((call, scope),) = ((c, s) for c, s in facts(source).calls if last_name(c.func) == "spawn")
    return call, scope


# Source, whether the arguments name something of the functions around, and whether a bare parameter of the outermost.
GIVEN = {
    "a parameter": ("def f(job):\n    spawn(job)", True, True),
    "by keyword": ("def f(job):\n    spawn(target=job)", True, True),
    "in a tuple": ("def f(job):\n    spawn(print, (1, job))", True, True),
    "an attribute of one": ("def f(job):\n    spawn(job.run)", True, True),
    "an annotated one": ("def f(job: Job):\n    spawn(job)", True, False),
    "one with a default": ("def f(job=print):\n    spawn(job)", True, True),
    "the rest": ("def f(*jobs):\n    spawn(jobs)", True, False),
    "options": ("def f(**jobs):\n    spawn(jobs)", True, False),
    "a local name": ("def f():\n    job = print\n    spawn(job)", True, False),
    "a global name": ("def f(job):\n    spawn(print)", False, False),
    "nothing": ("def f(job):\n    spawn()", False, False),
    "itself": ("class C:\n    def f(self):\n        spawn(self.run)", True, False),
    "a method's parameter": ("class C:\n    def f(self, job):\n        spawn(job)", True, True),
    "in a lambda": ("def f(job):\n    spawn(lambda: job())", True, False),
    "a parameter of the function around": ("def f(job):\n    def g():\n        spawn(job)", True, True),
    "a parameter of the inner function": ("def f():\n    def g(job):\n        spawn(job)", True, False),
    "in no function": ("job = print\nspawn(job)", False, False),
    "in a class": ("class C:\n    job = print\n    spawn(job)", False, False),
}


@pytest.mark.parametrize(("source", "named", "bare"), GIVEN.values(), ids=GIVEN)
def test_what_a_spawn_is_given(source: str, named: bool, bare: bool) -> None:
    assert gives_parameter(*found(source)) == named
    assert hands_parameter_on(*found(source)) == bare


SPAWNERS = {
    "a parameter": ("def f(pool):\n    pool.spawn(print)", True),
    "an annotated one": ("def f(pool: Pool):\n    pool.spawn(print)", False),
    "itself": ("class C:\n    def f(self):\n        self.spawn(print)", False),
    "a method's parameter": ("class C:\n    def f(self, pool):\n        pool.spawn(print)", True),
    "a function's first, called self": ("def f(self):\n    self.spawn(print)", True),
    "a global name": ("def f(other):\n    pool.spawn(print)", False),
    "an attribute of a parameter": ("def f(shop):\n    shop.pool.spawn(print)", False),
    "no method": ("def f(spawn):\n    spawn(print)", False),
    "a parameter of the function around": ("def f(pool):\n    def g():\n        pool.spawn(print)", False),
    "in no function": ("pool.spawn(print)", False),
}


@pytest.mark.parametrize(("source", "given"), SPAWNERS.values(), ids=SPAWNERS)
def test_whether_a_pool_is_given(source: str, given: bool) -> None:
    assert spawner_is_given(*found(source)) == given


def test_the_names_of_the_functions_around() -> None:
    _, scope = found("""\
        outside = 1
        def f(a, *, b):
            c = 1
            class C:
                d = 1
                def g(self, *e, **h):
                    global i
                    i = 1
                    spawn()
        """)
    assert names_of(scope) == {"a", "b", "c", "C", "self", "e", "h"}


HANDED = {
    "by position": ("spawn(1, recount)", "recount"),
    "by keyword": ("spawn(target=recount)", "recount"),
    "as a method": ("spawn(shop.recount)", "shop.recount"),
    "twice": ("spawn(recount, recount)", None),
    "called": ("spawn(recount())", None),
    "not at all": ("spawn(other)", None),
}


@pytest.mark.parametrize(("source", "argument"), HANDED.values(), ids=HANDED)
def test_the_argument_that_names_the_entry(source: str, argument: str | None) -> None:
    module = facts(f"def recount(): ...\n{source}\nspawn(recount, 1)\n")
    entry = Func(module.functions[0], module)
    call = next(call for call, _ in module.calls if call.at[0] == 2 and last_name(call.func) == "spawn")
    at = handed_over(module, call.at, entry)
    assert (source[at[1] : at[3]] if at else None) == argument
    assert handed_over(module, call.at, None) is None


def test_a_lambda_is_handed_over_as_itself_alone() -> None:
    module = facts("spawn(lambda: 1, lambda: 2)\n")
    for function in module.functions:
        at = handed_over(module, module.calls[0][0].at, Func(function, module))
        assert at == function.at


def test_what_nobody_knows_is_called_the_entry() -> None:
    assert entry_name(None, []) == "the entry"
