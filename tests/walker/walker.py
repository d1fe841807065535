"""Runs a body with stub objects under every scripted choice of outcomes, and records how the connection is left.

Independent of the analysis on purpose: it executes the text. The text imports Django, logging, asyncio, threading and
``service``; those imports are dropped and stubs take their place. Everything that is left open by the text (an
external answer, whether a call raises, how many elements there are) is a choice; runs with the fewest unusual choices
come first.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

MOST_RUNS = 400
MOST_CHOICES = 14
MOST_ROUNDS = 3

FRESH, OPEN, SHUT, REOPENED = range(4)


class Verdict(NamedTuple):
    """The open states (OPEN or REOPENED) in which the body was left; ``complete``: all its paths were walked.

    ``rests`` are those between two rounds of a loop that never ends. ``ends`` says how the body ended, by what was
    chosen on the way: the kind of the exception, or of what was returned.
    """

    plain: frozenset[int]
    raised: frozenset[int]
    rests: frozenset[int]
    complete: bool
    ends: Mapping[tuple[int, ...], str] = MappingProxyType({})

    @property
    def words(self) -> str:
        """The verdict in words."""
        if self.plain or self.rests:
            return "leaks on a plain path"
        return "leaks only when something raises" if self.raised else "never leaks"


class Boom(Exception):  # noqa: N818 - it stands for any exception
    """What no handler of a body names."""


class MalformedError(Exception):
    """The body fails by itself: nobody can say anything of it."""


class Aborted(BaseException):
    """Ends a run that went around a loop often enough; such a run tells nothing of the exit."""


class _Stage:
    """The stubs of one body, the script of the present run, and what was recorded."""

    def __init__(self) -> None:
        self.script: list[int] = []
        self.taken: list[tuple[int, int]] = []
        self.state = FRESH
        self.aborted = False
        self.truncated = False
        self.rests: set[int] = set()
        self.errors: list[Callable[[], Exception]] = [Boom]
        self.in_loop = False

    def begin(self, script: list[int]) -> None:
        self.script, self.taken, self.state, self.aborted, self.in_loop = script, [], FRESH, False, False

    def choose(self, options: int) -> int:
        """The scripted choice; the usual one, 0, where the script ends."""
        if self.aborted:
            return 0
        position = len(self.taken)
        if position >= MOST_CHOICES:
            self.truncated = True
            return 0
        choice = self.script[position] if position < len(self.script) else 0
        self.taken.append((choice, options))
        return choice

    def perhaps_raise(self) -> None:
        choice = self.choose(1 + len(self.errors))
        if choice:
            raise self.errors[choice - 1]()

    def touch(self) -> _Answer:
        self.refuse_in_loop()
        return self._touch()

    async def touch_when_awaited(self) -> _Answer:
        return self._touch()

    def refuse_in_loop(self) -> None:
        """Django refuses plain queries and closes in a coroutine's own thread."""
        if self.in_loop:
            raise SynchronousOnlyOperation

    def _touch(self) -> _Answer:
        self.state = {FRESH: OPEN, SHUT: REOPENED}.get(self.state, self.state)
        self.perhaps_raise()
        return _Answer(self)

    def close(self) -> None:
        self.refuse_in_loop()
        self.state = SHUT

    def close_all(self) -> None:
        if not self.in_loop:  # A coroutine has no connection there that could be closed.
            self.state = SHUT

    def external(self, *_: object) -> _Answer:
        self.perhaps_raise()
        return _Answer(self)

    def quiet(self, *_: object) -> _Answer:
        return _Answer(self)

    def elements(self) -> Iterator[_Answer]:
        self.perhaps_raise()
        return self._elements()

    def _elements(self) -> Iterator[_Answer]:
        for _ in range(MOST_ROUNDS):
            choice = self.choose(2 + len(self.errors))
            if choice == 0:
                return
            if choice > 1:
                raise self.errors[choice - 2]()
            yield _Answer(self)

    def some(self, elements: object) -> Iterator[object]:
        """A loop over what surely has an element: a first round, and perhaps more."""
        first = next(iter(elements))  # type: ignore[call-overload]
        yield first
        for _ in range(MOST_ROUNDS - 1):
            if not self.choose(2):
                return
            yield first

    def rounds(self, endless: bool) -> Iterator[None]:
        """Stands at the top of each round of a while loop, and ends the run when there were enough."""
        begun = set()
        for round_ in range(MOST_ROUNDS + 1):
            if self.aborted:
                raise Aborted
            if round_ and endless and self.state in (OPEN, REOPENED):
                self.rests.add(self.state)
            if round_ == MOST_ROUNDS:
                # A round that begins as none has before may end as none has.
                self.truncated = self.truncated or self.state not in begun
                self.aborted = True
                raise Aborted
            begun.add(self.state)
            yield

    def group(self) -> Exception:
        """A group of some of the other exceptions."""
        members = [error() for error in self.errors if error != self.group and self.choose(2)]
        return ExceptionGroup("some", members or [Boom()])

    def exit(self, *_: object) -> None:
        raise SystemExit

    def run_coroutine(self, coroutine: Any) -> object:
        self.in_loop = True
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        finally:
            self.in_loop = False
        raise AssertionError("a body's coroutine does not suspend")


class SynchronousOnlyOperation(Exception):  # noqa: N818 - Django names it so
    """What Django raises in a loop."""


class _Answer:
    """What external code gives: true or false, at each look anew, and anything else is an answer too."""

    def __init__(self, stage: _Stage) -> None:
        self._stage = stage

    def __bool__(self) -> bool:
        return bool(self._stage.choose(2))

    def __eq__(self, other: object) -> bool:
        return bool(self._stage.choose(2))

    __hash__ = None  # type: ignore[assignment]


class _Connection:
    def __init__(self, stage: _Stage) -> None:
        self._stage = stage
        self.close = stage.close

    @property
    def connection(self) -> object | None:
        return self if self._stage.state in (OPEN, REOPENED) else None


def _namespace(stage: _Stage) -> dict[str, Any]:
    connection = _Connection(stage)

    class Model:
        objects = SimpleNamespace(count=stage.touch, exists=stage.touch, acount=stage.touch_when_awaited)

    return {
        "__name__": "body",
        "Boom": Boom,
        "connection": connection,
        "connections": SimpleNamespace(close_all=stage.close_all, all=lambda: [connection]),
        "models": SimpleNamespace(Model=Model),
        "logging": SimpleNamespace(getLogger=lambda _: SimpleNamespace(info=stage.quiet)),
        "asyncio": SimpleNamespace(run=stage.run_coroutine),
        "threading": SimpleNamespace(),
        "sys": SimpleNamespace(exit=stage.exit),
        "contextlib": contextlib,
        "functools": functools,
        "flag": stage.external,
        "unknown": stage.external,
        "pick": stage.external,
        "items": stage.elements,
        "_some": stage.some,
        "_rounds": stage.rounds,
    }


class _Staged(ast.NodeTransformer):
    """Drops imports, counts the rounds of while loops, and leaves open how many connections there are."""

    def __init__(self) -> None:
        self._loops = 0

    def visit_Import(self, node: ast.Import) -> ast.AST:
        return ast.copy_location(ast.Pass(), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        return ast.Pass() if node.module != "__future__" else node

    def visit_While(self, node: ast.While) -> list[ast.AST]:
        self.generic_visit(node)
        self._loops += 1
        name, endless = f"_loop_{self._loops}", isinstance(node.test, ast.Constant)
        node.body[:0] = ast.parse(f"next({name})").body
        return [*ast.parse(f"{name} = _rounds({endless})").body, node]

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._open(node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._open(node.iter)
        return node

    def _open(self, iterable: ast.expr) -> ast.expr:
        text = ast.unparse(iterable)
        return ast.parse(f"_some({text})", mode="eval").body if text.startswith("connections.all(") else iterable


def _handled(tree: ast.AST) -> set[str]:
    """The names of the exception classes that some handler or ``suppress`` tells apart."""
    kinds: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            kinds.append(node.type)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "contextlib.suppress":
            kinds.extend(node.args)
    return {name.id for kind in kinds for name in ast.walk(kind) if isinstance(name, ast.Name)}


def walk(text: str, entry: str = "entry") -> Verdict:
    """Run ``entry`` of ``text`` under every choice, as far as the limits allow. Raises MalformedError."""
    stage = _Stage()
    namespace = _namespace(stage)
    tree = ast.fix_missing_locations(_Staged().visit(ast.parse(text)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # newer Pythons warn of a jump in a finally
        exec(compile(tree, "body", "exec"), namespace)
    handled = _handled(tree)
    stage.errors += [namespace[name] for name in ("Stop", "Other") if name in handled]
    stage.errors += [error for error in (KeyError, ValueError) if error.__name__ in handled]
    if "except*" in text:
        stage.errors.append(stage.group)
    function: Callable[[], object] = namespace[entry]
    plain: set[int] = set()
    raised: set[int] = set()
    ends: dict[tuple[int, ...], str] = {}
    waiting: deque[list[int]] = deque([[]])
    runs = 0
    while waiting and runs < MOST_RUNS:
        script = waiting.popleft()
        runs += 1
        stage.begin(script)
        try:
            end = type(function()).__name__
        except Aborted:
            end = "went around for ever"
        except (NameError, AttributeError, TypeError, RuntimeError) as error:
            raise MalformedError(str(error)) from error
        except (Exception, SystemExit) as error:
            end, exits = type(error).__name__, raised
        else:
            exits = plain
        ends[tuple(choice for choice, _ in stage.taken)] = end
        if not stage.aborted and stage.state in (OPEN, REOPENED):
            exits.add(stage.state)
        for position in range(len(script), len(stage.taken)):
            choices = [choice for choice, _ in stage.taken[:position]]
            waiting.extend([*choices, other] for other in range(1, stage.taken[position][1]))
    complete = not waiting and not stage.truncated
    return Verdict(frozenset(plain), frozenset(raised), frozenset(stage.rests), complete, ends)
