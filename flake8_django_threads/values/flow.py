"""The resolved flow tree: what a function does, in order, as far as a connection may care.

The interpreter writes it; ``effects`` folds it into bits. A tree is frozen and prints. ``at`` is the position in the
file of the function that holds the node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from flake8_django_threads.facts.records import At, Function

ALL = "*"
DEFAULT = "default"

# An exception class as the names of itself and its known ancestors, nearest first; ANY is "anything at all".
Kind: TypeAlias = tuple[str, ...]
ANY: Kind = ("*",)


class Touch(NamedTuple):
    """Opens, or uses, the connection of database ``alias``; ``what`` is the evidence as written.

    ``in_block``: in an atomic block on this database, where a connection that was closed is not opened again.
    ``elsewhere``: in the thread that all coroutines share, because no ``async_to_sync`` waits for them in this one.
    ``only_opens``: no query follows, so that nothing is open where it raises.
    """

    at: At
    alias: str
    what: str
    in_block: bool = False
    elsewhere: bool = False
    only_opens: bool = False


class Close(NamedTuple):
    """Shuts ``alias`` (ALL: every one). ``sure`` is False where it only may: an unknown closer, a conditional one.

    ``how`` is the row's condition: "" or "max-age-0".
    """

    at: At
    alias: str
    what: str
    sure: bool = True
    how: str = ""


class Wait(NamedTuple):
    """A call that may wait for long: for time to pass, for a message, for a client; ``what`` is its path."""

    at: At
    what: str


class Fork(NamedTuple):
    """Where another process begins with what this one has open; ``path`` is the file, which tells forks apart.

    It is written only where somebody asks for forks.
    """

    at: At
    path: str


class MayRaise(NamedTuple):
    """Something that may raise anything and leaves the connection as it was."""

    at: At


class Invoke(NamedTuple):
    """A call of a project function; ``summary`` holds its tree."""

    at: At
    summary: Summary


class AssumeShut(NamedTuple):
    """Reached only where the connection is shut (``connection.connection is None``)."""

    at: At


class Seq(NamedTuple):
    items: tuple[Node, ...]


class Branch(NamedTuple):
    """One of the arms runs."""

    at: At
    arms: tuple[Node, ...]


class Loop(NamedTuple):
    """``head`` runs before each round and before leaving, ``orelse`` when the loop ends by itself.

    ``at_least_once``: the first round is certain. ``endless``: it ends only by break, return or raise.
    """

    at: At
    head: Node
    body: Node
    orelse: Node
    at_least_once: bool
    endless: bool


class Rounds(NamedTuple):
    """A loop whose rounds are known: each of ``bodies`` once and in order, then ``orelse`` unless one breaks."""

    at: At
    bodies: tuple[Node, ...]
    orelse: Node


class Catch(NamedTuple):
    """A handler: the names of the exception classes it names (None: everything) and its body.

    ``lines`` are these classes' ancestors, each with the class itself; a class without a line has no ancestor known.
    """

    at: At
    names: tuple[str, ...] | None
    body: Node
    lines: tuple[Kind, ...] = ()


class Try(NamedTuple):
    """``is_star``: the handlers take an exception group apart, so that several of them may run."""

    at: At
    body: Node
    handlers: tuple[Catch, ...]
    orelse: Node
    final: Node
    is_star: bool = False


class With(NamedTuple):
    """``enter``, ``body``, then ``leave`` or, on an exception, ``leave_on_exception``.

    ``swallows`` are the names of classes that the manager swallows for certain (None: all), and ``lines`` the ancestors
    of these, as Catch has them; ``may_swallow``: it may.
    """

    at: At
    enter: Node
    body: Node
    leave: Node
    leave_on_exception: Node
    swallows: tuple[str, ...] | None = ()
    may_swallow: bool = False
    lines: tuple[Kind, ...] = ()


class WithGenerator(NamedTuple):
    """A with-statement over a generator manager: ``body`` runs where the generator yields."""

    at: At
    summary: Summary
    body: Node


class ForGenerator(NamedTuple):
    """A for statement over a generator: ``body`` runs at each of its yields; a jump or exception there closes it."""

    at: At
    summary: Summary
    body: Node
    orelse: Node


class YieldPoint(NamedTuple):
    """Where a generator hands over."""

    at: At


class Jump(NamedTuple):
    """``kind`` is "return", "break" or "continue"."""

    at: At
    kind: str


class Raise(NamedTuple):
    at: At
    kind: Kind


Node: TypeAlias = (
    Touch
    | Close
    | Wait
    | Fork
    | MayRaise
    | Invoke
    | AssumeShut
    | Seq
    | Branch
    | Loop
    | Rounds
    | Try
    | With
    | WithGenerator
    | ForGenerator
    | YieldPoint
    | Jump
    | Raise
)

NOTHING = Seq(())
# How far the questions below look: nodes, and calls inside of calls.
MOST_LOOKED, MOST_CALLS = 300, 3


@dataclass(eq=False, slots=True)
class Summary:
    """What one function does in one context. ``tree`` is filled when its body has been run.

    ``told`` are the values that a generator yields, one by one, where its body goes straight on.
    """

    function: Function
    path: str
    tree: Node = NOTHING
    unknown: set[str] = field(default_factory=set)
    told: tuple[frozenset[object], ...] | None = None
    complete: bool = False


def walk(node: Node) -> Iterator[Node]:
    """The node and what it holds, in order, without following calls."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        inner: tuple[Node, ...] = ()
        match current:
            case Seq():
                inner = current.items
            case Branch():
                inner = current.arms
            case Loop():
                inner = (current.head, current.body, current.orelse)
            case Rounds():
                inner = (*current.bodies, current.orelse)
            case Try():
                inner = (current.body, *(c.body for c in current.handlers), current.orelse, current.final)
            case With():
                inner = (current.enter, current.body, current.leave, current.leave_on_exception)
            case WithGenerator():
                inner = (current.body,)
            case ForGenerator():
                inner = (current.body, current.orelse)
        stack.extend(reversed(inner))


def acts(node: Node) -> bool:
    """Whether a query or a close is found in ``node`` or what it calls, as far as a short look goes."""
    todo, seen, looked = [node], set[Summary](), 0
    while todo:
        for item in walk(todo.pop()):
            looked += 1
            if isinstance(item, (Touch, Close)):
                return True
            if looked > MOST_LOOKED:
                return False
            if isinstance(item, (Invoke, WithGenerator, ForGenerator)) and item.summary not in seen:
                seen.add(item.summary)
                todo.append(item.summary.tree)
    return False


def never_ends(node: Node, callers: tuple[Summary, ...] = ()) -> bool:
    """Whether every way through ``node`` surely leaves it by an exception or a jump, as far as its shape shows."""
    match node:
        case Raise() | Jump():
            return True
        case Seq():
            return any(never_ends(item, callers) for item in node.items)
        case Branch():
            return all(never_ends(arm, callers) for arm in node.arms)
        case Try():
            arms = (Seq((node.body, node.orelse)), *(handler.body for handler in node.handlers))
            return never_ends(node.final, callers) or all(never_ends(arm, callers) for arm in arms)
        case Invoke():
            summary = node.summary
            return summary.complete and len(callers) < MOST_CALLS and _never_returns(summary.tree, (*callers, summary))
    return False


def _never_returns(tree: Node, callers: tuple[Summary, ...]) -> bool:
    """Whether a function's tree surely raises: neither its end nor a ``return`` is met before."""
    match tree:
        case Raise():
            return True
        case Seq():
            for item in tree.items:
                if _never_returns(item, callers):
                    return True
                if not isinstance(item, (Touch, Close, Wait, MayRaise, Invoke)):
                    return False
            return False
        case Branch():
            return all(_never_returns(arm, callers) for arm in tree.arms)
        case Invoke():
            return never_ends(tree, callers)
    return False


def sequence(items: list[Node]) -> Node:
    """The nodes one after the other, flattened, without what does nothing."""
    kept: list[Node] = []
    for item in items:
        if isinstance(item, Seq):
            kept.extend(item.items)
        elif isinstance(item, MayRaise) and kept and isinstance(kept[-1], MayRaise):
            continue
        else:
            kept.append(item)
    return kept[0] if len(kept) == 1 else Seq(tuple(kept))
