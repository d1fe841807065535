"""Evidence in a flow tree: what it touches and closes, and the shortest way from a root to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from flake8_django_threads.facts.records import At
from flake8_django_threads.values import flow
from flake8_django_threads.values.flow import Node, Summary

# All that code may call that does nothing but close.
CLOSING_NAMES = frozenset({"all", "close", "close_all", "close_old_connections", "close_if_unusable_or_obsolete"})


WRITING = frozenset(
    {"save", "create", "update", "delete", "get_or_create", "update_or_create", "bulk_create", "bulk_update"}
    | {"add", "set", "remove", "clear", "execute", "executemany"}
)


class Found(NamedTuple):
    """A leaf with its file and the calls that lead to it: (function, file, position of the call), outermost first."""

    leaf: flow.Touch | flow.Close
    path: str
    calls: tuple[tuple[str, str, At], ...]

    @property
    def met_at(self) -> At:
        """Where the tree itself comes to it: the first of the calls, or the leaf's own place."""
        return self.calls[0][2] if self.calls else self.leaf.at


def leaves(tree: Node, path: str) -> Iterator[Found]:
    """Every touch and close below ``tree``, those with the fewest calls first; each function is entered once."""
    queue: deque[tuple[Node, str, tuple[tuple[str, str, At], ...]]] = deque([(tree, path, ())])
    seen: set[Summary] = set()
    while queue:
        node, file, calls = queue.popleft()
        for item in flow.walk(node):
            if isinstance(item, (flow.Touch, flow.Close)):
                yield Found(item, file, calls)
            elif isinstance(item, (flow.Invoke, flow.WithGenerator, flow.ForGenerator)) and item.summary not in seen:
                seen.add(item.summary)
                step = (item.summary.function.qualname, file, item.at)
                queue.append((item.summary.tree, item.summary.path, (*calls, step)))


def closing(tree: Node) -> Iterator[flow.Close]:
    """Every close below ``tree``."""
    return (found.leaf for found in leaves(tree, "") if isinstance(found.leaf, flow.Close))


def close_alone(tree: Node) -> str:
    """The path of the close if running ``tree`` does nothing else; empty where it may do more, or less."""
    todo: list[Node] = [tree]
    seen: set[Summary] = set()
    found = ""
    while todo:
        for item in flow.walk(todo.pop()):
            if isinstance(item, flow.Close) and item.sure:
                found = found or item.what
            elif isinstance(item, flow.Invoke):
                if item.summary not in seen:
                    seen.add(item.summary)
                    todo.append(item.summary.tree)
            elif not isinstance(
                item, (flow.Seq, flow.Branch, flow.Loop, flow.Rounds, flow.Try, flow.AssumeShut, flow.Jump)
            ):
                return ""
    return found


def first_write(tree: Node, path: str, alias: str) -> At | None:
    """The first place in a function, as written, from which a row is written, as far as the names tell."""
    places = [
        found.calls[0][2] if found.calls else found.leaf.at
        for found in leaves(tree, path)
        if isinstance(found.leaf, flow.Touch)
        and found.leaf.alias == alias
        and found.leaf.what.rpartition(".")[2] in WRITING
    ]
    return min(places, default=None)


def first(tree: Node, path: str, wanted: Callable[[flow.Touch | flow.Close], bool]) -> Found | None:
    """The nearest leaf that is wanted."""
    return next((found for found in leaves(tree, path) if wanted(found.leaf)), None)
