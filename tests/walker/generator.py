"""Random bodies: statements, managers, helpers and expressions around touches and closes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from random import Random

IMPORTS = """\
import asyncio
import contextlib
import functools
import logging
import sys
import threading

from django.db import connection, connections, models
from service import flag, items, pick, unknown
"""

SPAWN = """\
def start():
    threading.Thread(target=entry).start()
"""

# What a body may use, in an order in which each may use the ones before it; those that it names are put before it.
DEFINITIONS = {
    "log": "log = logging.getLogger(__name__)",
    "Stop": "class Stop(Exception):\n    pass",
    "Other": "class Other(Stop):\n    pass",
    "Item": "class Item(models.Model):\n    pass",
    "touches": "def touches():\n    return Item.objects.count()",
    "closes": "def closes():\n    connection.close()",
    "gives": "def gives(value=1):\n    return value",
    "stops": "def stops():\n    raise Stop",
    "touches_and_stops": "def touches_and_stops():\n    Item.objects.count()\n    raise Other",
    "may_close": "def may_close():\n    if flag():\n        connection.close()",
    "calls": "def calls(function):\n    return function()",
    "descends": """
        def descends():
            Item.objects.count()
            if flag():
                descends()
            connection.close()
    """,
    "ascends": """
        def ascends():
            if flag():
                connection.close()
                ascends()
                Item.objects.count()
    """,
    "Closing": """
        class Closing:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                connection.close()
    """,
    "Swallowing": """
        class Swallowing:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                return True
    """,
    "MaySwallow": """
        class MaySwallow:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                if flag():
                    connection.close()
                return flag()
    """,
    "ClosingOnError": """
        class ClosingOnError:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                if kind is not None:
                    connection.close()
                return False
    """,
    "ClosingOnSuccess": """
        class ClosingOnSuccess:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                if kind is None:
                    connection.close()
    """,
    "Touching": """
        class Touching:
            def __enter__(self):
                Item.objects.count()
                return self

            def __exit__(self, kind, error, trace):
                unknown()
                connection.close()
    """,
    "ClosingLater": """
        class ClosingLater:
            async def __aenter__(self):
                return self

            async def __aexit__(self, kind, error, trace):
                connection.close()
    """,
    "TouchingLater": """
        class TouchingLater:
            async def __aenter__(self):
                Item.objects.count()
                return self

            async def __aexit__(self, kind, error, trace):
                unknown()
                connection.close()
                return flag()
    """,
    "closes_on_exit": """
        def closes_on_exit(kind, error, trace):
            connection.close()
    """,
    "managed": """
        @contextlib.contextmanager
        def managed():
            try:
                yield
            finally:
                connection.close()
    """,
    "unmanaged": """
        @contextlib.contextmanager
        def unmanaged():
            unknown()
            yield 1
            connection.close()
    """,
    "swallowing": """
        @contextlib.contextmanager
        def swallowing():
            Item.objects.count()
            try:
                yield
            except Stop:
                connection.close()
    """,
    "nested_managed": """
        @contextlib.contextmanager
        def nested_managed():
            with contextlib.suppress(Stop), contextlib.closing(connection):
                yield
    """,
    "numbers": "def numbers():\n    yield 1\n    yield 2",
    "touching_numbers": "def touching_numbers():\n    Item.objects.count()\n    yield 1\n    yield 2",
    "closing_numbers": """
        def closing_numbers():
            try:
                yield 1
                Item.objects.count()
                yield 2
            finally:
                connection.close()
    """,
    "delegated_numbers": """
        def delegated_numbers():
            try:
                yield from touching_numbers()
            finally:
                connection.close()
    """,
    "relayed_numbers": """
        def relayed_numbers():
            yield 0
            yield from closing_numbers()
            Item.objects.count()
    """,
    "later_numbers": """
        async def later_numbers():
            try:
                yield 1
                Item.objects.count()
                yield 2
            finally:
                connection.close()
    """,
    "closed_after": """
        def closed_after(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                try:
                    return function(*args, **kwargs)
                finally:
                    connection.close()

            return wrapper
    """,
    "closed_at_end": """
        def closed_at_end(function):
            def wrapper(*args, **kwargs):
                result = function(*args, **kwargs)
                connection.close()
                return result

            return wrapper
    """,
    "protected": """
        def protected(closer):
            def decorate(function):
                @functools.wraps(function)
                def wrapper(*args, **kwargs):
                    try:
                        return function(*args, **kwargs)
                    except Stop:
                        closer()

                return wrapper

            return decorate
    """,
}

# What a body may hold beyond plain statements. A feature that is not here is one on which the two are known to differ.
FEATURES = frozenset(
    {
        "bare raise",
        "made exception",
        "bare except",
        "narrow after wide",
        "class manager",
        "generator manager",
        "swallowed end",
        "looks at kind",
        "closing",
        "suppress",
        "exit stack",
        "late callback",
        "match",
        "guarded case",
        "nested function",
        "lambda",
        "comprehension",
        "generator expression",
        "range",
        "generator",
        "consumed generator",
        "broken generator",
        "iterated expression",
        "enter context",
        "short circuit",
        "conditional",
        "walrus",
        "assert",
        "decorator",
        "wraps",
        "recursion",
        "async",
        "async manager",
        "async generator",
        "delegating generator",
        "exception group",
        "class body",
        "exit",
        "delete",
        "push",
        "shut test",
        "jump in finally",
        "endless",
    }
)
OFF: dict[str, str] = {}
ON = FEATURES - OFF.keys()


class Body:
    """One random module with an ``entry``; ``text`` is its source."""

    def __init__(self, rng: Random, features: frozenset[str] = ON) -> None:
        self._rng = rng
        self._features = features
        self._budget = rng.randint(2, 9)
        self._helpers: list[str] = []
        self._names = 0
        self._caught = ["Stop", "Other"] if self._has("narrow after wide", 1) else [rng.choice(("Stop", "Other"))]
        self.text = self._module()

    def _module(self) -> str:
        rng = self._rng
        if rng.random() < 0.3:
            budget, self._budget = self._budget, rng.randint(1, 3)
            body = self._block(2, frozenset({"function"}))
            self._helpers.append(f"def helper():\n{_indent(body)}")
            self._budget = budget
        entry = self._entry()
        own = "\n\n\n".join([*self._helpers, entry])
        needed = _needed(own)
        definitions = [textwrap.dedent(DEFINITIONS[name]).strip() for name in DEFINITIONS if name in needed]
        return "\n\n\n".join([IMPORTS, *definitions, own, SPAWN])

    def _entry(self) -> str:
        if self._has("async", 0.05):
            body = self._block(3, frozenset({"function", "async"}))
            return f"async def main():\n{_indent(body)}\n\n\ndef entry():\n    asyncio.run(main())"
        lines = []
        if self._has("decorator", 0.15):
            decorators = ["@closed_at_end"]
            if self._has("wraps", 1):
                decorators += ["@closed_after", *(["@protected(closes)"] if "Stop" in self._caught else [])]
            lines.append(self._rng.choice(decorators))
        return "\n".join([*lines, "def entry():", _indent(self._block(4, frozenset({"function"})))])

    def _has(self, feature: str, chance: float) -> bool:
        assert feature in FEATURES
        return self._rng.random() < chance and feature in self._features

    def _block(self, depth: int, context: frozenset[str]) -> list[str]:
        lines: list[str] = []
        for _ in range(self._rng.choice((1, 1, 2, 2, 3))):
            if self._budget <= 0:
                break
            lines.append("\n".join(self._statement(depth, context)))
        return lines or [self._rng.choice(["pass", "log.info('quiet')", "connection.close()"])]

    def _statement(self, depth: int, context: frozenset[str]) -> list[str]:
        rng = self._rng
        self._budget -= 1
        compound: list[tuple[int, Callable[[int, frozenset[str]], list[str]]]] = [
            (4, self._if),
            (2, self._while),
            (2, self._for),
            (5, self._try),
            (4, self._with),
            (1, self._match),
            (1, self._nested),
        ]
        if depth > 0 and rng.random() < 0.5:
            make = rng.choices([m for _, m in compound], [w for w, _ in compound])[0]
            return make(depth - 1, context)
        if rng.random() < 0.2:
            return [self._jump(context)]
        if rng.random() < 0.35:
            return self._expression()
        return [self._leaf(context)]

    def _leaf(self, context: frozenset[str]) -> str:
        if "async" in context and self._rng.random() < 0.2:
            self._needs_async_helper()
            return self._rng.choice(["await helper_async()", "await Item.objects.acount()"])
        return self._rng.choice(
            [
                "Item.objects.count()",
                "Item.objects.count()",
                "Item.objects.count()",
                "connection.close()",
                "connection.close()",
                "connections.close_all()",
                "unknown()",
                "log.info('quiet')",
                *self._callable_names(),
            ]
        )

    def _callable_names(self) -> list[str]:
        names = ["touches()", "closes()", "gives()", "stops()", "touches_and_stops()", "may_close()", "calls(closes)"]
        if self._has("recursion", 0.3):
            names += ["descends()", "ascends()"]
        if any(h.startswith("def helper()") for h in self._helpers):
            names += ["helper()", "helper()"]
        return self._rng.sample(names, 2)

    def _needs_async_helper(self) -> None:
        if not any("helper_async" in helper for helper in self._helpers):
            self._helpers.append("async def helper_async():\n    touches()\n    if flag():\n        closes()")

    def _jump(self, context: frozenset[str]) -> str:
        choices = ["raise Stop", "raise Other", "raise Exception('x')", "raise Stop from None"]
        if "function" in context:
            choices += ["return", "return 1", "return touches()"]
        if self._has("made exception", 1):
            choices.append("raise Stop('x')")
        if "handler" in context and self._has("bare raise", 1):
            choices += ["raise", "raise"]
        if "loop" in context:
            choices += ["break", "continue"] * 3
        if self._has("exit", 0.3):
            choices += ["sys.exit()", "sys.exit(1)"]
        if "no jumps" in context:
            choices = ["raise Stop"]
        return self._rng.choice(choices)

    def _test(self) -> str:
        tests = ["flag()", "flag()", "flag()", "not flag()", "touches()"]
        if self._has("walrus", 0.2):
            tests.append("(seen := flag())")
        if self._has("short circuit", 0.3):
            tests += ["flag() and touches()", "flag() or touches()", "not (flag() and unknown())"]
        return self._rng.choice(tests)

    # Compound statements.

    def _if(self, depth: int, context: frozenset[str]) -> list[str]:
        test = self._test()
        if self._has("shut test", 0.15):
            test = "connection.connection" + self._rng.choice(["", " is None", " is not None"])
        lines = [f"if {test}:", _indent(self._block(depth, context))]
        if self._rng.random() < 0.2:
            lines += [f"elif {self._test()}:", _indent(self._block(depth, context))]
        if self._rng.random() < 0.4:
            lines += ["else:", _indent(self._block(depth, context))]
        return lines

    def _while(self, depth: int, context: frozenset[str]) -> list[str]:
        inside = (context | {"loop"}) - {"no jumps"}
        if self._has("endless", 0.4):
            body = self._block(depth, inside)
            if self._rng.random() < 0.7:
                body.insert(self._rng.randint(0, len(body)), "if flag():\n    break")
            return ["while True:", _indent(body)]
        lines = [f"while {self._test()}:", _indent(self._block(depth, inside))]
        return self._else(lines, depth, context)

    def _for(self, depth: int, context: frozenset[str]) -> list[str]:
        iterables = ["(1, 2)", "[1]", "items()", "items()", "connections.all()"]
        if self._has("range", 0.3):
            iterables.append("range(2)")
        inside = (context | {"loop"}) - {"no jumps"}
        if self._has("generator", 0.3):
            iterables = ["numbers()", "touching_numbers()", "closing_numbers()"]
            if not self._has("broken generator", 1):
                inside = frozenset({"no jumps"})
            elif self._has("delegating generator", 0.4):
                iterables = ["delegated_numbers()", "relayed_numbers()"]
        if "async" in context and self._has("async generator", 0.4):
            lines = ["async for element in later_numbers():", _indent(self._block(depth, inside - {"loop"}))]
            return self._else(lines, depth, context)
        lines = [f"for element in {self._rng.choice(iterables)}:", _indent(self._block(depth, inside))]
        return self._else(lines, depth, context)

    def _else(self, lines: list[str], depth: int, context: frozenset[str]) -> list[str]:
        if self._rng.random() < 0.25:
            lines += ["else:", _indent(self._block(depth, context))]
        return lines

    def _try(self, depth: int, context: frozenset[str]) -> list[str]:
        rng = self._rng
        lines = ["try:", _indent(self._block(depth, context))]
        if self._has("exception group", 0.15):
            return self._try_star(lines, depth, context)
        handlers = 0 if rng.random() < 0.3 else rng.choice((1, 1, 2))
        kinds = ["Exception", "Exception", *self._caught, f"({self._caught[0]}, ValueError)", "KeyError"]
        chosen = rng.sample(kinds, handlers)
        if handlers and self._has("bare except", 0.2):
            chosen[-1] = ""
        for kind in chosen:
            name = " as error" if kind and rng.random() < 0.3 else ""
            head = f"except {kind}{name}:" if kind else "except:"
            lines += [head, _indent(self._block(depth, context | {"handler"}))]
        if chosen and rng.random() < 0.2:
            lines += ["else:", _indent(self._block(depth, context))]
        if not chosen or rng.random() < 0.3:
            inside = context - {"handler"}
            if not self._has("jump in finally", 1):
                inside = frozenset({"no jumps"})
            lines += ["finally:", _indent(self._block(depth, inside))]
        return lines

    def _try_star(self, lines: list[str], depth: int, context: frozenset[str]) -> list[str]:
        """Handlers of ``except*``, which no jump may leave."""
        kinds = ["Exception", *self._caught, f"({self._caught[0]}, ValueError)", "KeyError"]
        for kind in self._rng.sample(kinds, self._rng.choice((1, 2))):
            lines += [f"except* {kind}:", _indent(self._block(0, frozenset({"no jumps"})))]
        if self._rng.random() < 0.3:
            lines += ["finally:", _indent(self._block(depth, context - {"handler"}))]
        return lines

    def _with(self, depth: int, context: frozenset[str]) -> list[str]:
        rng = self._rng
        if "async" in context and self._has("async manager", 0.5):
            manager = rng.choice(["ClosingLater()", "TouchingLater()"])
            return [f"async with {manager}:", _indent(self._block(depth, context))]
        managers = []
        if self._has("class manager", 1):
            managers += ["Closing()", "Swallowing()", "MaySwallow()", "Touching()"]
            if self._has("looks at kind", 1):
                managers += ["ClosingOnError()", "ClosingOnSuccess()"]
        if self._has("generator manager", 1):
            managers += ["managed()", "unmanaged()"]
            if "Stop" in self._caught and self._has("swallowed end", 1):
                managers += ["swallowing()", "nested_managed()"]
        if self._has("closing", 1):
            managers += ["contextlib.closing(connection)"]
        if self._has("suppress", 1):
            managers += ["contextlib.suppress(Exception)"]
            managers += [f"contextlib.suppress({kind})" for kind in (*self._caught, f"{self._caught[0]}, KeyError")]
        if not managers:
            return self._if(depth, context)
        if self._has("exit stack", 0.15):
            body = self._block(depth, context)
            late = self._has("late callback", 0.5)
            push = "callback(connection.close)"
            if self._has("push", 0.4):
                push = rng.choice(["push(closes_on_exit)", "push(Closing())"])
            elif self._has("enter context", 0.5):
                push = f"enter_context({rng.choice(managers)})"
            name = self._name("stack")
            body.insert(rng.randint(0, len(body)) if late else 0, f"{name}.{push}")
            return [f"with contextlib.ExitStack() as {name}:", _indent(body)]
        chosen = ", ".join(rng.sample(managers, 2 if rng.random() < 0.2 and len(managers) > 1 else 1))
        return [f"with {chosen}:", _indent(self._block(depth, context))]

    def _match(self, depth: int, context: frozenset[str]) -> list[str]:
        if not self._has("match", 1):
            return self._if(depth, context)
        lines = ["match pick():"]
        for case in self._rng.sample(["1", "2 | 3", "'text'"], self._rng.choice((1, 2))):
            lines.append(_indent([f"case {case}:", _indent(self._block(depth, context))]))
        if self._has("guarded case", 0.3):
            guard = self._rng.choice(["flag()", "touches()"])
            lines.append(_indent([f"case other if {guard}:", _indent(self._block(depth, context))]))
        if self._rng.random() < 0.6:
            lines.append(_indent(["case _:", _indent(self._block(depth, context))]))
        return lines

    def _nested(self, depth: int, context: frozenset[str]) -> list[str]:
        if self._has("class body", 0.3):
            inner = frozenset({"class"})
            return [f"class {self._name('Inner')}:", _indent(self._block(depth, inner))]
        if not self._has("nested function", 1):
            return self._if(depth, context)
        name = self._name("inner")
        return [f"def {name}():", _indent(self._block(depth, frozenset({"function"}))), f"{name}()"]

    # Expression statements.

    def _expression(self) -> list[str]:
        leaf, other = self._simple(), self._simple()
        makes: list[str] = [leaf]
        if self._has("short circuit", 1):
            makes += [f"flag() and {leaf}", f"flag() or {leaf}", f"{leaf} and {other}"]
        if self._has("conditional", 1):
            makes += [f"{leaf} if flag() else {other}"]
        if self._has("walrus", 1):
            makes += [f"if seen := {leaf}:\n    {other}"]
        if self._has("assert", 1):
            makes += ["assert flag()", f"assert {self._test()}, 'no'"]
        if self._has("lambda", 1):
            name = self._name("later")
            makes += [f"(lambda: {leaf})()", f"{name} = lambda: {leaf}\n{name}()", f"calls(lambda: {leaf})"]
        if self._has("comprehension", 1):
            makes += [f"[{leaf} for _ in (1, 2)]", f"[{leaf} for _ in items() if flag()]"]
            makes += [f"{{x: {leaf} for x in [1]}}", f"{{{leaf} is None for _ in (1, 2) if flag()}}"]
            makes += [f"[{leaf} for _ in items() for _ in (1, 2)]"]
        if self._has("generator expression", 1):
            makes += [f"list({leaf} for _ in (1, 2))", f"any({leaf} for _ in items())"]
            if self._has("iterated expression", 1):
                makes += [f"for element in ({leaf} for _ in items()):\n    {other}"]
        if self._has("consumed generator", 1):
            makes += ["list(touching_numbers())", "list(closing_numbers())"]
        if self._has("delegating generator", 0.3):
            makes += ["list(delegated_numbers())", "list(relayed_numbers())"]
        if self._has("delete", 0.5):
            name = self._name("held")
            makes += [f"{name} = {leaf}\ndel {name}", f"{name} = {{1: {leaf}}}\ndel {name}[1]"]
        return self._rng.choice(makes).split("\n")

    def _simple(self) -> str:
        return self._rng.choice(
            ["touches()", "Item.objects.count()", "connection.close()", "unknown()", "flag()", "may_close()"]
        )

    def _name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}_{self._names}"


def _indent(lines: list[str]) -> str:
    return textwrap.indent("\n".join(lines), "    ")


def _needed(text: str) -> set[str]:
    """The names of the definitions that a text uses, directly or not."""
    needed: set[str] = set()
    waiting = [text]
    while waiting:
        for name in re.findall(r"\w+", waiting.pop()):
            if name in DEFINITIONS and name not in needed:
                needed.add(name)
                waiting.append(DEFINITIONS[name])
    return needed
