"""The gate: the text test that most files fail, so that nothing else has to look at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class Gate:
    """Lets a text pass that holds all words of one of some groups.

    A word that many groups share is looked for once, and the rest of its groups only where it is found.
    """

    def __init__(self, groups: Iterable[tuple[str, ...]]) -> None:
        left = {group for group in groups if group}
        tests: list[tuple[str, tuple[tuple[str, ...], ...]]] = []
        while left:
            shared = Counter(word for group in left for word in group)
            key = max(shared, key=lambda word: (shared[word], len(word), word))
            mine = sorted(group for group in left if key in group)
            left.difference_update(mine)
            tests.append((key, tuple(tuple(word for word in group if word != key) for group in mine)))
        self._tests = tuple(tests)

    def passes(self, text: str) -> bool:
        """Tell whether the text holds all words of a group."""
        for key, rests in self._tests:
            if key in text:
                for rest in rests:
                    if all(word in text for word in rest):
                        return True
        return False
