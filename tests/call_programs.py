"""Random programs in which callables travel: what is called in the end is certain, the way to it is not plain.

Ways are nested at random; what stands beside the callable that is wanted is never called.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from textwrap import dedent, indent

HEAD = """\
import asyncio
import dataclasses
import enum
import functools
import typing
from collections import namedtuple
from contextlib import contextmanager

from probe import hit
"""
LEAF = "def leaf_N():\n    hit()"
# Deeper than this, loops in loops are not told apart round by round any more.
MOST_DEPTH = 4


# Statements, and an expression for a callable after them: one that calls WANTED, and never OTHER.
WAYS: tuple[tuple[str, str], ...] = (
    (
        """
        value_N = OTHER
        value_N = WANTED
        """,
        "value_N",
    ),
    (
        """
        call_N = lambda: WANTED()
        """,
        "call_N",
    ),
    (
        """
        def run_N(function, times=1):
            return function()
        """,
        "functools.partial(run_N, WANTED, times=2)",
    ),
    (
        """
        table_N = {"wanted": WANTED, "other": OTHER}
        """,
        'table_N["wanted"]',
    ),
    (
        """
        table_N = dict(other=OTHER)
        table_N["wanted"] = WANTED
        """,
        'table_N.get("wanted")',
    ),
    (
        """
        def chosen_N():
            for key, value in {"a": OTHER, "b": WANTED}.items():
                if key == "b":
                    return value()
        """,
        "chosen_N",
    ),
    (
        """
        items_N = [OTHER]
        items_N.append(WANTED)
        """,
        "items_N[1]",
    ),
    (
        """
        first_N, *rest_N = WANTED, OTHER, OTHER
        """,
        "first_N",
    ),
    (
        """
        def make_N(real=True):
            if real:
                return WANTED
            return OTHER
        """,
        "make_N()",
    ),
    (
        """
        def wrap_N(function):
            def inner():
                return function()

            return inner


        wrap_N_other = wrap_N(OTHER)
        """,
        "wrap_N(WANTED)",
    ),
    (
        """
        def mark_N(function):
            @functools.wraps(function)
            def inner(*args, **kwargs):
                return function(*args, **kwargs)

            return inner


        @mark_N
        def marked_N():
            return WANTED()
        """,
        "marked_N",
    ),
    (
        """
        def mark_N(before):
            def decorate(function):
                def inner():
                    before()
                    return function()

                return inner

            return decorate


        @mark_N(WANTED)
        def marked_N():
            return None
        """,
        "marked_N",
    ),
    (
        """
        class Thing_N:
            def __init__(self, function):
                self.function = function

            def go(self):
                return self.function()

            def stay(self):
                return OTHER()
        """,
        "Thing_N(WANTED).go",
    ),
    (
        """
        class Thing_N:
            function = staticmethod(WANTED)
            other = staticmethod(OTHER)
        """,
        "Thing_N.function",
    ),
    (
        """
        class Base_N:
            def go(self):
                return WANTED()


        class Base_NLeft(Base_N):
            def go(self):
                return super().go()


        class Base_NRight(Base_N):
            def go(self):
                return super().go()


        class Base_NBoth(Base_NLeft, Base_NRight):
            pass
        """,
        "Base_NBoth().go",
    ),
    (
        """
        class Base_N:
            def go(self):
                return self.step()

            def step(self):
                return OTHER()


        class Base_NReal(Base_N):
            def step(self):
                return WANTED()
        """,
        "Base_NReal().go",
    ),
    (
        """
        class Thing_N:
            @property
            def function(self):
                return WANTED
        """,
        "Thing_N().function",
    ),
    (
        """
        class Thing_N:
            def __call__(self):
                return WANTED()
        """,
        "Thing_N()",
    ),
    (
        """
        class Thing_N:
            def do_real(self):
                return WANTED()

            def do_other(self):
                return OTHER()

            def do(self, what):
                return getattr(self, f"do_{what}")()
        """,
        'functools.partial(Thing_N().do, "real")',
    ),
    (
        """
        class Thing_N:
            @classmethod
            def make(cls):
                return cls()

            def go(self):
                return WANTED()
        """,
        "Thing_N.make().go",
    ),
    (
        """
        def produce_N():
            yield WANTED
        """,
        "next(produce_N())",
    ),
    (
        """
        def produce_N_inner():
            yield WANTED


        def produce_N():
            yield from produce_N_inner()


        def produce_N_run():
            for function in produce_N():
                function()
        """,
        "produce_N_run",
    ),
    (
        """
        kept_N = [function for function in (WANTED,)]
        """,
        "kept_N[0]",
    ),
    (
        """
        def run_N(function=WANTED):
            return function()
        """,
        "run_N",
    ),
    (
        """
        def run_N(**options):
            return options["function"]()
        """,
        "functools.partial(run_N, function=WANTED, other=OTHER)",
    ),
    (
        """
        def run_N(*functions):
            return functions[-1]()
        """,
        "functools.partial(run_N, *[OTHER, WANTED])",
    ),
    (
        """
        flag_N = 3 > 2
        """,
        "(WANTED if flag_N else OTHER)",
    ),
    ("", "(None or WANTED)"),
    (
        """
        Pair_N = namedtuple("Pair_N", "first second")
        """,
        "Pair_N(OTHER, second=WANTED).second",
    ),
    (
        """
        class Pair_N(typing.NamedTuple):
            first: object
            second: object = WANTED
        """,
        "Pair_N(OTHER)[1]",
    ),
    (
        """
        @dataclasses.dataclass
        class Job_N:
            function: object
            other: object = OTHER

            def run(self):
                return self.function()
        """,
        "Job_N(WANTED).run",
    ),
    (
        """
        def order_N():
            return sorted([2, 1], key=lambda _: (WANTED(), 1)[1])
        """,
        "order_N",
    ),
    (
        """
        def each_N():
            return list(map(lambda function: function(), [WANTED]))
        """,
        "each_N",
    ),
    (
        """
        @contextmanager
        def manager_N():
            yield WANTED


        def manager_N_run():
            with manager_N() as function:
                return function()
        """,
        "manager_N_run",
    ),
    (
        """
        class Manager_N:
            def __enter__(self):
                return OTHER

            def __exit__(self, *exc):
                WANTED()


        def run_Manager_N():
            with Manager_N():
                pass
        """,
        "run_Manager_N",
    ),
    (
        """
        def run_N():
            try:
                return None
            finally:
                WANTED()
        """,
        "run_N",
    ),
    (
        """
        class Signal_N(Exception):
            def __init__(self, function):
                self.function = function


        def raise_Signal_N():
            try:
                raise Signal_N(WANTED)
            except Signal_N as signal:
                return signal.function()
        """,
        "raise_Signal_N",
    ),
    (
        """
        def pick_N(kind="b"):
            match kind:
                case "a":
                    return OTHER()
                case "b":
                    return WANTED()
        """,
        "pick_N",
    ),
    (
        """
        def run_N():
            if function := WANTED:
                function()
        """,
        "run_N",
    ),
    (
        """
        def run_N():
            function = OTHER

            def change():
                nonlocal function
                function = WANTED

            change()
            return function()
        """,
        "run_N",
    ),
    (
        """
        state_N = None


        def set_state_N():
            global state_N
            state_N = WANTED


        def run_state_N():
            set_state_N()
            return state_N()
        """,
        "run_state_N",
    ),
    (
        """
        async def work_N():
            return WANTED()
        """,
        "(lambda: asyncio.run(work_N()))",
    ),
    (
        """
        class Kind_N(enum.Enum):
            REAL = 1
            OTHER = 2

            def run(self):
                return WANTED()
        """,
        "Kind_N.REAL.run",
    ),
    (
        """
        class Sum_N:
            def __add__(self, other):
                return WANTED

            __mul__ = lambda self, other: OTHER
        """,
        "(Sum_N() + 1)",
    ),
    (
        """
        class Box_N:
            def __getitem__(self, key):
                return WANTED
        """,
        'Box_N()["any"]',
    ),
    (
        """
        class Field_N:
            def __get__(self, instance, owner):
                return WANTED


        class Field_NOwner:
            field = Field_N()
        """,
        "Field_NOwner().field",
    ),
    (
        """
        registry_N = {}


        def register_registry_N(key):
            def keep(function):
                registry_N[key] = function
                return function

            return keep


        @register_registry_N("real")
        def registry_N_real():
            return WANTED()


        @register_registry_N("other")
        def registry_N_other():
            return OTHER()
        """,
        'registry_N["real"]',
    ),
    (
        """
        class Thing_N:
            def __init__(self):
                self.hook = OTHER

            def run(self):
                return self.hook()


        Thing_N_made = Thing_N()
        Thing_N_made.hook = WANTED
        """,
        "Thing_N_made.run",
    ),
)


def program(random: Random, ways: Sequence[tuple[str, str]] = WAYS) -> str:
    """The text of a program whose ``entry()`` calls what one or more of these ways, nested, lead to."""
    while True:
        parts = [HEAD]
        calls = [_callable(random, ways, random.randint(1, MOST_DEPTH), parts) for _ in range(random.randint(1, 3))]
        body = "\n".join(f"{call}()" for call in calls)
        text = "\n\n\n".join([*parts, f"def entry():\n{indent(body, '    ')}\n"])
        # A coroutine cannot run another one in a loop of its own.
        if text.count("asyncio.run(") < 2:
            return text


def _callable(random: Random, ways: Sequence[tuple[str, str]], depth: int, parts: list[str]) -> str:
    """An expression for a callable that ends in one new leaf; the statements that it needs go to ``parts``."""
    if not depth:
        return _added(LEAF, "leaf_N", parts)
    wanted, other = _callable(random, ways, depth - 1, parts), _added(LEAF, "leaf_N", parts)
    statements, expression = (text.replace("WANTED", wanted).replace("OTHER", other) for text in random.choice(ways))
    return _added(dedent(statements).strip("\n"), expression, parts)


def _added(statements: str, expression: str, parts: list[str]) -> str:
    number = f"_{len(parts)}"
    parts.append(statements.replace("_N", number))
    return expression.replace("_N", number)
