"""The evidence of a skipped close: the shortest way on which a connection is left open, and its words."""

from __future__ import annotations

import pytest
from walker.compare import Analyst
from walker.generator import IMPORTS, SPAWN
from walker.kept import ITEM, KEPT, Kept

from flake8_django_threads.effects.detour import Turn, departure

HEAD = "\n\n".join([IMPORTS, ITEM])
CASES = {
    "an exception": ("touch\nunknown()\nclose", ["queries 1", "raises 1"]),
    "of two queries the one that opened": ("touch\ntouch\nif flag():\n    close", ["queries 1", "branch 3"]),
    "an early return": ("touch\nif flag():\n    return\nclose", ["queries 1", "return 3"]),
    "a branch": ("touch\nif flag():\n    close", ["queries 1", "branch 2"]),
    "a loop without a round": ("touch\nfor _ in items():\n    close", ["queries 1", "loop 2"]),
    "a continue": (
        "for _ in items():\n    touch\n    if flag():\n        continue\n    close",
        ["queries 2", "continue 4"],
    ),
    "a break": ("while flag():\n    touch\n    if flag():\n        break\n    close", ["queries 2", "break 4"]),
    "a written raise before a possible one": (
        "touch\nif flag():\n    raise Stop\nunknown()\nclose",
        ["queries 1", "raises 3"],
    ),
    "an exception that is caught": (
        "try:\n    touch\n    close\nexcept Exception:\n    pass",
        ["queries 2", "raises 2"],
    ),
    "a query behind the close": (
        "touch\nclose\ntouch\nif flag():\n    close",
        ["queries 1", "closes 2", "queries 3", "branch 4"],
    ),
    "a close first": ("close\ntouch", ["closes 1", "queries 2"]),
    "a callee's return where nothing closes": (
        "def count():\n    return touch\ncount()\nif flag():\n    close",
        ["queries 2", "branch 4"],
    ),
    "a callee's return where it closes": (
        "def count():\n    touch\n    if flag():\n        return\n    close\ncount()",
        ["queries 2", "return 4"],
    ),
    "a break of a loop that closes nothing": (
        "for _ in items():\n    touch\n    break\nif flag():\n    close",
        ["queries 2", "branch 4"],
    ),
}


def turns(body: str) -> list[str]:
    """What happens on the way, with lines counted from the body's first."""
    lines = body.replace("touch", "Item.objects.count()").replace("close", "connection.close()").splitlines()
    text = "\n".join([HEAD, "def entry():", *(f"    {line}" for line in lines), "", SPAWN])
    (site,) = Analyst().sites(text)
    begin = text.splitlines().index("def entry():") + 1
    return [f"{turn.what} {turn.at[0] - begin}" for turn in site.detour]


@pytest.mark.parametrize(("body", "told"), CASES.values(), ids=CASES)
def test_what_happens_on_the_way(body: str, told: list[str]) -> None:
    assert turns(body) == told


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_there_is_a_way_exactly_where_a_close_is_skipped(kept: Kept) -> None:
    (site,) = Analyst().sites(kept.text)
    skipped = site.leak is not None and site.leak.close is not None
    assert [turn.what for turn in site.detour].count("queries") >= skipped
    assert bool(site.detour) == skipped


def turn(what: str, line: int, path: str = "a.py") -> Turn:
    return Turn(what, (line, 0, line, 9), path)


CLOSE = (9, 0, 9, 9)


@pytest.mark.parametrize(
    ("way", "line"),
    [
        ([], None),
        ([turn("queries", 3)], None),
        ([turn("return", 2), turn("queries", 3)], None),
        ([turn("queries", 3), turn("raises", 4)], 4),
        ([turn("queries", 3), turn("raises", 4), turn("return", 6)], 6),
        ([turn("queries", 3), turn("branch", 8), turn("return", 12)], 8),
        ([turn("queries", 3), turn("raises", 14), turn("return", 16)], 14),
        ([turn("queries", 3), turn("raises", 4, "b.py")], 4),
        ([turn("queries", 3), turn("closes", 5), turn("queries", 6), turn("waits", 7), turn("break", 8)], 8),
    ],
)
def test_the_departure_is_the_last_before_the_close(way: list[Turn], line: int | None) -> None:
    past = departure(tuple(way), CLOSE, "a.py")
    assert (past.at[0] if past else None) == line


def test_the_words_of_a_turn() -> None:
    assert turn("raises", 31).told("a.py") == "raises at line 31"
    assert turn("continue", 18, "shop/jobs.py").told("a.py") == "continue at jobs.py:18"
