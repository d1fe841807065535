"""The gate: the text test that most files fail, so that nothing else has to look at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

# A part that words have in common is looked for before them, if it is long enough to be rare.
SHORTEST = 5

Group: TypeAlias = tuple[str, ...]


class Gate:
    """Lets a text pass that holds all words of one of some groups.

    A word that many groups share is looked for once, and the rest of its groups only where it is found. So is a part
    that several of these words share: most texts hold none of either.
    """

    def __init__(self, groups: Iterable[Group]) -> None:
        left = {group for group in groups if group}
        tests: list[tuple[str, tuple[Group, ...]]] = []
        while left:
            shared = Counter(word for group in left for word in group)
            key = max(shared, key=lambda word: (shared[word], len(word), word))
            mine = sorted(group for group in left if key in group)
            left.difference_update(mine)
            tests.append((key, tuple(tuple(word for word in group if word != key) for group in mine)))
        self._tests = tuple(_by_part(tests))

    def passes(self, text: str) -> bool:
        """Tell whether the text holds all words of a group."""
        for part, tests in self._tests:
            if part in text:
                for key, rests in tests:
                    if key in text:
                        for rest in rests:
                            if all(word in text for word in rest):
                                return True
        return False


def _by_part(tests: list[tuple[str, tuple[Group, ...]]]) -> Iterator[tuple[str, list[tuple[str, tuple[Group, ...]]]]]:
    """The tests of words, those of words that share a part together, with the part."""
    left = dict(tests)
    while left:
        shared = Counter(part for word in left for part in _parts(word))
        part = max(shared, key=lambda part: (shared[part], len(part), part))
        mine = [word for word in left if part in word]
        yield part, [(word, left.pop(word)) for word in mine]


def _parts(word: str) -> set[str]:
    """The parts of a word that may stand for it: itself, and all that are long enough."""
    ends = range(SHORTEST, len(word) + 1)
    return {word} | {word[start:end] for end in ends for start in range(end - SHORTEST + 1)}
