"""Which functions may lead to another, told from the texts alone: nothing is parsed for it.

A name may mean something else where it stands, so this only says what is worth running.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from flake8_django_threads.project.sources import last, parent

# A name that stands in more files than these is not followed, nor is what more names lead to at once.
MOST_FILES, MOST_NAMES = 25, 12
_HEADER = re.compile(r"^([ \t]*)(?:async[ \t]+)?(def|class)[ \t]+(\w+)", re.MULTILINE)
# Nobody calls what __all__ and its like hold by these names.
_ASSIGNED = re.compile(r"(?!__)(\w+)[ \t]*(?::[^=\n]*)?=(?!=)")


class Named(NamedTuple):
    """A function by the name that whoever calls it writes. ``near`` are words of which one stands in the text of a
    calling file as well, unless it is the file ``path`` itself, the least telling last; any text will do if there are
    none."""

    name: str
    near: tuple[str, ...]
    path: str


class Headers:
    """The functions and classes of a text, by what is written and how far it is indented."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._all = [(m.start(), len(m[1].expandtabs()), m[2], m[3], m.end()) for m in _HEADER.finditer(text)]
        self._starts = [start for start, *_ in self._all]

    def leading(self, name: str, path: str) -> Iterator[Named]:
        """What has to be called for the name to be used, for each place in the text where it is."""
        for found in re.finditer(rf"\b{re.escape(name)}\b(?:[ \t]+as[ \t]+(\w+))?", self._text):
            if found[1]:
                yield named(path, found[1])
            yield from self._around(found.start(), path)

    def _around(self, place: int, path: str) -> Iterator[Named]:
        text = self._text
        start = text.rfind("\n", 0, place) + 1
        line = text[start : text.find("\n", place) % (len(text) + 1)]
        written = line.lstrip()
        indent = len(line.expandtabs()) - len(written.expandtabs())
        following = bisect_left(self._starts, start)
        if following < len(self._all) and self._starts[following] == start:
            _, _, _, header, end = self._all[following]
            if place < end:
                return  # The definition itself.
            yield from self._called(following, header, path)
        elif written.startswith("@") and following < len(self._all):
            yield from self._called(following, self._all[following][3], path)
        outer = self._enclosing(following, indent)
        depth, kept = self._kept(start, indent)
        if kept and (outer is None or depth <= self._all[outer][1]):
            yield named(path, kept)
        elif outer is not None:
            yield from self._called(outer, self._all[outer][3], path)
        elif not written.startswith(("import ", "from ")) and (assigned := _ASSIGNED.match(written)):
            yield named(path, assigned[1])

    def _kept(self, start: int, indent: int) -> tuple[int, str]:
        """The name that is given to the list, call or the like whose lines hold the one at ``start``, with its indent;
        empty where the line is in no such brackets."""
        text = self._text
        while start:
            end, start = start, text.rfind("\n", 0, start - 1) + 1
            line = text[start:end].rstrip()
            written = line.lstrip()
            depth = len(line.expandtabs()) - len(written.expandtabs())
            if not written or depth >= indent:
                continue
            if not written.endswith(("(", "[", "{")):
                break
            if assigned := _ASSIGNED.match(written):
                return depth, assigned[1]
            indent = depth
        return 0, ""

    def _enclosing(self, following: int, indent: int) -> int | None:
        """The index of the outermost function around a line that is followed by the header ``following``."""
        function = None
        for index in range(following - 1, -1, -1):
            _, depth, kind, _, _ = self._all[index]
            if depth < indent:
                indent = depth
                function = index if kind == "def" else function
        return function

    def _called(self, index: int, name: str, path: str) -> Iterator[Named]:
        """The names by which a function is called: its own, or its class's for what an object does by itself."""
        owner = ""
        indent = self._all[index][1]
        for _, depth, kind, header, _ in reversed(self._all[:index]):
            if depth < indent:
                owner = header if kind == "class" else owner
                indent = depth
        yield named(path, name, owner)


def leading(text_of: Callable[[str], str], files: Iterable[str], begin: Named, goal: str, rounds: int) -> set[str]:
    """The files with a function called ``goal`` that may lead to ``begin`` through fewer than ``rounds`` others.

    A name that stands in very many files is not followed.
    """
    paths = list(files)
    found: set[str] = set()
    seen = {begin}
    new = [begin]
    headers: dict[str, Headers] = {}
    for _ in range(rounds):
        using: dict[Named, list[str]] = {each: [] for each in new}
        for path in paths:
            text = text_of(path)
            for each, those in using.items():
                if each.name in text and (path == each.path or _is_near(text, each.near)):
                    those.append(path)
        new = []
        for each, those in using.items():
            if len(those) > MOST_FILES:
                near = each.near[:-1] or ("",)
                those = [path for path in those if path == each.path or _is_near(text_of(path), near)]
            for path in those if len(those) <= MOST_FILES else ():
                if path not in headers:
                    headers[path] = Headers(text_of(path))
                for outer in headers[path].leading(each.name, path):
                    if outer.name == goal:
                        found.add(path)
                    elif outer not in seen:
                        seen.add(outer)
                        new.append(outer)
        if len(new) > MOST_NAMES:
            break
    return found


def named(path: str, name: str, owner: str = "") -> Named:
    """How the function ``name`` of a file, a method if its class ``owner`` is given, is called."""
    if owner and name.startswith("__"):
        return Named(owner, (), path)
    module, package = last(path).removesuffix(".py"), last(parent(path))
    # A package may hand on what its modules have.
    words = (package,) if module == "__init__" else (module, package)
    return Named(name, (owner, *words) if owner else words, path)


def _is_near(text: str, words: tuple[str, ...]) -> bool:
    return not words or any(word in text for word in words)
