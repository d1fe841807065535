"""The readers' page says what the figures say, and the figures are true of this column on SQLite."""

from __future__ import annotations

import pytest

from oracle.snippets import SECTIONS
from oracle.table import PAGE, read, render
from oracle.zygote import Zygote

ROWS = [
    pytest.param(number, row, id=snippet.title)
    for number, (_, _, rows) in enumerate(SECTIONS)
    for row, snippet in enumerate(rows)
]


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(read())


def test_each_version_has_each_row() -> None:
    titles = {heading: {one.title for one in rows} for heading, _, rows in SECTIONS}
    assert all({name: set(rows) for name, rows in figures.items()} == titles for figures in read().values())


@pytest.mark.parametrize(("section", "row"), ROWS)
def test_the_figures_are_true_here(section: int, row: int, sqlite: Zygote) -> None:
    heading, _, rows = SECTIONS[section]
    known = {tuple(figures[heading][rows[row].title]) for figures in read().values()}
    _, seen = sqlite.snippet(section, row)
    assert tuple(seen) in known
