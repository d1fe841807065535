"""Every shipped row is needed: some expectation of the fixtures fails without it."""

from __future__ import annotations

import pytest
from row_needs import Needs

from flake8_django_threads.models.load import Row


def name(row: Row) -> str:
    return f"{row.table} {row.path} {'/'.join(row.on)}"


@pytest.fixture(scope="module")
def needs(tmp_path_factory: pytest.TempPathFactory) -> Needs:
    return Needs(tmp_path_factory.mktemp("cases"))


def test_a_row_has_a_case(needs: Needs) -> None:
    """The quick half: each row gives an answer in some case, or, asked for with its whole table, decides one."""
    silent = [row for row in needs.rows if not needs.is_asked(row)]
    assert [name(row) for row in silent if not needs.case(row)] == []


@pytest.mark.slow
def test_without_a_row_an_expectation_fails(needs: Needs) -> None:
    assert {name(row) for row in needs.rows if not needs.case(row)} == set()
