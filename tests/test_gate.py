"""The gate passes just the texts that hold all words of a group, however its tests are put together."""

from __future__ import annotations

import random

from flake8_django_threads.models.gate import Gate
from flake8_django_threads.models.load import load

WORDS = ("Thread", "start_new_thread", "to_thread", "read", "Timer", ".map", "pool", "executor", ".submit", "Executor")


def test_it_asks_for_all_words_of_a_group_and_no_more() -> None:
    """Against the plain meaning, over random groups of words that hold each other's parts, and random texts."""
    rng = random.Random(5)
    for _ in range(300):
        groups = [tuple(rng.sample(WORDS, rng.randint(1, 3))) for _ in range(rng.randint(0, 6))]
        gate = Gate(groups)
        for _ in range(20):
            text = " ".join(rng.sample(WORDS, rng.randint(0, 4)))
            assert gate.passes(text) == any(all(word in text for word in group) for group in groups), (groups, text)


def test_few_searches_stop_most_texts() -> None:
    """Each costs a look through every file of a project: words with a part in common are looked for together."""
    words = load().gate_words
    assert len(Gate(words)._tests) < len({group[0] for group in words}) // 2
