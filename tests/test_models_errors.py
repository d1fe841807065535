"""A bad row is one line that names file, row, key and what was expected."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from flake8_django_threads.models.load import load, load_file
from flake8_django_threads.models.schema import BadRow, read_tables

GOOD = '[[quiet]]\npath = "a.b"\nwhy = "w"\n'


def refuse(text: str) -> BadRow:
    with pytest.raises(BadRow) as caught:
        list(read_tables("mine.toml", tomllib.loads(text)))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("mine.toml: ")
    return caught.value


@pytest.mark.parametrize(
    ("table", "option", "expected"),
    [
        ("touch", 'retruns = "row"', 'unknown key; did you mean "returns"?'),
        ("quiet", 'closes = "all"', "unknown key; expected one of why, path"),
        ("quiet", "paths = []", "expected a list of dotted paths, got []"),
        ("quiet", 'methods = ["b", 1]', "expected a list of names, got ['b', 1]"),
        ("quiet", 'enabled = "no"', "expected true or false, got 'no'"),
        ("close", 'closes = "most"', 'expected "default" or "all" or "receiver", got \'most\''),
        ("touch", 'on = ["iter", "jump"]', "or a list of them, got ['iter', 'jump']"),
        ("touch", "on = []", "or a list of them, got []"),
        ("touch", "alias = { place = 1 }", "expected {position = N, keyword = NAME}"),
        ("touch", "alias = { position = true }", "expected {position = N, keyword = NAME}"),
        ("touch", "alias = { position = -1 }", "expected {position = N, keyword = NAME}"),
        ("touch", "alias = { keyword = 3 }", "expected {position = N, keyword = NAME}"),
        ("touch", "alias = {}", "expected {position = N, keyword = NAME}"),
        ("spawn", 'args = "all"', '"rest", "map", "none", got \'all\''),
        ("spawn", 'requires = { keyword = "k" }', "expected {keyword = NAME, value = LITERAL}"),
        ("spawn", 'requires = { keyword = "k", value = [] }', "expected {keyword = NAME, value = LITERAL}"),
        ("subclass", 'entries = "run"', "expected a list of method names, got 'run'"),
        ("wrapper", "calls = 0", "expected a whole number from 1, got 0"),
        ("wrapper", "calls = true", "expected a whole number from 1, got True"),
    ],
)
def test_a_bad_option_is_named_with_what_was_expected(table: str, option: str, expected: str) -> None:
    error = refuse(f'[[{table}]]\npath = "a"\nwhy = "w"\n{option}\n')
    assert (error.path, error.row, error.key) == ("mine.toml", f"[[{table}]] row 1 (a)", option.split(" ")[0])
    assert expected in error.expected
    assert str(error) == f"mine.toml: {error.row}: {error.key}: {error.expected}"


@pytest.mark.parametrize(
    ("text", "row", "key", "expected"),
    [
        ('[[spawns]]\npath = "a"\n', "[[spawns]]", "", 'unknown table; did you mean "spawn"?'),
        ('[[zzz]]\npath = "a"\n', "[[zzz]]", "", "expected one of type, touch"),
        ('[quiet]\npath = "a"\n', "[[quiet]]", "", "expected rows, each under its own [[quiet]] line"),
        ("quiet = [1]\n", "[[quiet]]", "", "expected rows, each under its own [[quiet]] line"),
        (GOOD + '[[quiet]]\nwhy = "w"\n', "[[quiet]] row 2", "path", "expected a dotted path"),
        (GOOD + 'paths = ["b"]\n', "[[quiet]] row 1 (a.b)", "path", "as path or as paths and not as both"),
        ('[[quiet]]\npath = "a b"\nwhy = "w"\n', "[[quiet]] row 1 (a b)", "path", "expected a dotted path"),
        ('[[quiet]]\npath = "a."\nwhy = "w"\n', "[[quiet]] row 1 (a.)", "path", "got 'a.'"),
        ('[[quiet]]\npath = "a"\n', "[[quiet]] row 1 (a)", "why", "missing; expected a sentence"),
        ('[[quiet]]\npath = "a"\nwhy = " "\n', "[[quiet]] row 1 (a)", "why", "expected a sentence"),
        ('[[spawn]]\npath = "a"\nwhy = "w"\n', "[[spawn]] row 1 (a)", "kind", 'missing; expected "thread"'),
    ],
)
def test_a_bad_row_is_named(text: str, row: str, key: str, expected: str) -> None:
    error = refuse(text)
    assert (error.row, error.key) == (row, key)
    assert expected in error.expected


def test_a_retired_row_needs_no_reason() -> None:
    rows = list(read_tables("mine.toml", tomllib.loads('[[spawn]]\npath = "a.b"\nenabled = false\n')))
    assert [(row.path, row.enabled) for row in rows] == [("a.b", False)]


def test_a_value_with_line_breaks_stays_on_one_line() -> None:
    assert str(refuse('[[quiet]]\npath = """a\nb"""\nwhy = "w"\n')).startswith(
        "mine.toml: [[quiet]] row 1 (a b): path: "
    )


def test_a_bad_user_row_is_found_on_loading() -> None:
    with pytest.raises(BadRow) as caught:
        load([("pyproject.toml", {"quiet": [{"path": "a", "whi": "w"}]})])
    assert str(caught.value) == 'pyproject.toml: [[quiet]] row 1 (a): whi: unknown key; did you mean "why"?'


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.toml").write_text("[[quiet\n", "utf-8")
    with pytest.raises(BadRow, match=r"rows\.toml: expected TOML: "):
        load_file(tmp_path / "rows.toml")


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.toml").write_bytes(b'a = "\xff"\n')
    with pytest.raises(BadRow, match=r"rows\.toml: expected TOML: "):
        load_file(tmp_path / "rows.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRow, match=r"rows\.toml: cannot be read: No such file"):
        load_file(tmp_path / "rows.toml")
