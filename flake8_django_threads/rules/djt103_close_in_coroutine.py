"""DJT103: a coroutine closes connections in the event loop's thread, where there are none to close."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flake8_django_threads.base import Finding, Remedy, Span, Step
from flake8_django_threads.effects.evidence import CLOSING_NAMES
from flake8_django_threads.effects.linted_file import LintedFile
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import begin
from flake8_django_threads.facts.walk import expressions_in, last_name, statements
from flake8_django_threads.rules.rule import Example, Rule, written

if TYPE_CHECKING:
    from flake8_django_threads.effects.closes import Use
    from flake8_django_threads.values.domain import Frame

# A method of one thread's connection: no other thread may call it.
_OWNED = ".close"


class CloseInCoroutine(Rule):
    """A connection is closed in a coroutine, in the event loop's own thread.

    What it finds
        `connection.close()`, `connections.close_all()`, `close_old_connections()` and their kin that run in an
        `async def`, also through a function that it calls without `sync_to_async`.

    Why it matters
        `connection.close()` raises `SynchronousOnlyOperation` there, and `sync_to_async(connection.close)` raises
        `DatabaseError`, for it is looked up in the wrong thread. The others do nothing at all: what a coroutine sees
        are connections of its own, which were never opened. The threads that ran the queries keep theirs.
    """

    code = "DJT103"
    name = "close-in-coroutine"
    fix_safety = (
        "Safe: the close is awaited through `sync_to_async`, in the thread that ran the queries. None where a function "
        "closes that does something else too."
    )
    known_gaps = ("A project that sets DJANGO_ALLOW_ASYNC_UNSAFE is not told apart.",)
    words = ("close_all", "close_old_connections", "connection.close", "connections", "request_finished")
    example = Example(
        bad="""
            from django.db import connections
            from shop.models import Order


            async def archive():
                await Order.objects.filter(paid=True).aupdate(archived=True)
                connections.close_all()
            """,
        good="""
            from asgiref.sync import sync_to_async
            from django.db import connections
            from shop.models import Order


            async def archive():
                await Order.objects.filter(paid=True).aupdate(archived=True)
                await sync_to_async(connections.close_all)()
            """,
    )

    def looks_worth(self, text: str, spawns: bool) -> bool:  # noqa: ARG002
        """The coroutine is written in the file itself."""
        return "async" in text

    def check_file(self, file: LintedFile) -> Iterable[Finding]:
        """Report each close, or call of a function that closes, in a coroutine of the file."""
        if not any(function.is_async for function in file.module.functions):
            return
        seen: set[tuple[int, int]] = set()
        for use in file.uses:
            index = use.coroutine()
            if not use.closes or index is None:
                continue
            frame, at = use.stack[index]
            direct = index == len(use.stack) - 1
            if use.off_loop and not (direct and use.path.endswith(_OWNED)):
                continue
            if frame.module is not file.module or begin(at) in seen or frame.function is None:
                continue
            seen.add(begin(at))
            close = written(use.path)
            called = "" if direct else _name(use.stack[index + 1][0])
            through = f" (by way of {called})" if called else ""
            text = f"{close}() in coroutine {_name(frame)}{through} {_what_it_does(use)}"
            trail = () if direct else (Step(Span(file.shown, *at), f"calls {called}"),)
            remedy = _remedy(file, use) if direct else _remedy_of_call(file, use, index)
            yield self.found_at(file, at, text, remedy, trail)


def _name(frame: Frame) -> str:
    return f"{frame.function.qualname}()" if frame.function is not None else "the module"


def _what_it_does(use: Use) -> str:
    if use.off_loop:
        return "raises DatabaseError: it is looked up here, and belongs to this thread, not to the one that runs it"
    if use.path.endswith(_OWNED) and not _asks_first(use):
        return "raises SynchronousOnlyOperation"
    return "closes nothing, for a coroutine sees no connection of any thread"


def _asks_first(use: Use) -> bool:
    """Whether the function asks if the connection is open at all: here it never is, and the close is not reached."""
    function = use.frame.function
    tests = [stmt.test for stmt in statements(function.body) if isinstance(stmt, r.If)] if function is not None else []
    return any(_is_of_driver(part) for test in tests for part in (test, *expressions_in(test)))


def _is_of_driver(test: object) -> bool:
    """Whether a test, or a part of one, compares the driver's connection with None."""
    if not isinstance(test, r.Compare):
        return False
    compared = [operand for operand in test.operands if isinstance(operand, r.Attr) and operand.name == "connection"]
    return bool(compared) and any(isinstance(one, r.Const) and one.value is None for one in test.operands)


def _remedy(file: LintedFile, use: Use) -> Remedy | None:
    """``await-close-all``: ``spawn`` is the span of the call, which becomes ``await sync_to_async(<target>)()``.

    ``target`` is the span of the callable where another thread can call it; None asks for ``connections.close_all``.
    """
    call = use.call
    if call is None or call.at != use.at or call.args or call.keywords or use.off_loop or use.alias == "*":
        return None
    if use.path.endswith(_OWNED):
        target = None
    elif use.path in ("django.db.connections.close_all", "django.db.close_old_connections"):
        target = Span(file.shown, *call.func.at)
    else:
        return None
    return Remedy("await-close-all", None, Span(file.shown, *call.at), target)


def _remedy_of_call(file: LintedFile, use: Use, index: int) -> Remedy | None:
    """The same for a call, without arguments, of a function that does nothing but close."""
    at, (inner, _) = use.stack[index][1], use.stack[index + 1]
    called = {last_name(call.func) for call, scope in inner.module.calls if scope is inner.function}
    is_all = index + 2 == len(use.stack) and called <= CLOSING_NAMES
    for call, _ in file.module.calls if is_all and not use.off_loop else ():
        if call.at == at and not (call.args or call.keywords):
            target = Span(file.shown, *call.func.at)
            return Remedy("await-close-all", None, Span(file.shown, *at), target)
    return None
