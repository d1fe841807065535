"""Every shipped row is needed: some expectation of the fixtures fails without it.

``rows_unseen.txt`` lists the rows that are excused, each behind the reason that it stands under: a row that no
expectation needs has to be there.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from row_needs import Needs

from flake8_django_threads.models.load import Row

LIST = Path(__file__).with_name("rows_unseen.txt")
UNSEEN = {line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}


def name(row: Row) -> str:
    return f"{row.table} {row.path} {'/'.join(row.on)}"


@pytest.fixture(scope="module")
def needs(tmp_path_factory: pytest.TempPathFactory) -> Needs:
    return Needs(tmp_path_factory.mktemp("cases"))


def test_a_row_that_answers_nothing_by_itself_is_needed(needs: Needs) -> None:
    """The quick half: each row gives an answer in some case, or, asked for with its whole table, decides one."""
    silent = [row for row in needs.rows if not needs.is_asked(row) and name(row) not in UNSEEN]
    assert [name(row) for row in silent if not needs.case(row)] == []


def test_the_list_names_rows_that_are_there(needs: Needs) -> None:
    assert {name(row) for row in needs.rows} >= UNSEEN


@pytest.mark.slow
def test_without_a_row_an_expectation_fails(needs: Needs) -> None:
    assert {name(row) for row in needs.rows if name(row) not in UNSEEN and not needs.case(row)} == set()
