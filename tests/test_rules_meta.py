"""The census: rule classes, fixture folders, the README's table and the pages know the same codes."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flake8_django_threads import docs
from flake8_django_threads.base import Span, Step
from flake8_django_threads.effects.bits import OPEN
from flake8_django_threads.effects.evidence import Found
from flake8_django_threads.effects.sites import Connection, SpawnSite
from flake8_django_threads.models.load import shipped
from flake8_django_threads.rules.rule import LONGEST, Example, Rule, all_rules
from flake8_django_threads.values import flow

ROOT = Path(__file__).parents[1]
CODES = [rule.code for rule in all_rules()]
HEADINGS = ["What it finds", "Why it matters", "Example", "Use instead", "Fix", "Known gaps"]
PARTS = {
    "__doc__": "Says.\n\nWhat it finds\n    It.\n\nWhy it matters\n    So.\n",
    "code": "DJT998",
    "name": "a-name",
    "fix_safety": "Safe.",
    "known_gaps": (),
    "example": Example("pass", "pass"),
}


def test_codes_are_in_order_and_unique() -> None:
    assert sorted(set(CODES)) == CODES
    assert CODES


def test_each_code_has_fixtures_and_each_folder_a_rule() -> None:
    assert sorted(folder.name for folder in (ROOT / "fixtures" / "rules").iterdir()) == CODES


def test_each_rule_has_a_file_named_after_it() -> None:
    files = {path.stem for path in (ROOT / "flake8_django_threads" / "rules").glob("djt*.py")}
    assert files == {f"{rule.code.lower()}_{rule.name.replace('-', '_')}" for rule in all_rules()}


def test_the_readme_lists_the_codes() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.partition(docs.BEGIN)[2].partition(docs.END)[0]
    assert re.findall(r"^\| (DJT\d{3}) \|", block, re.MULTILINE) == CODES
    assert docs.with_table(text) == text


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_a_page(code: str) -> None:
    page = docs.explain(code)
    assert page is not None
    assert page.startswith(f"# {code} ")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == HEADINGS
    assert "\n\n\n## " not in page
    for part in re.split(r"^## .*$", page, flags=re.MULTILINE):
        assert part.strip()


def test_there_is_no_page_for_another_code() -> None:
    assert docs.explain("DJT999") is None
    assert docs.explain("") is None


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the docs know one rule, opt-in and without known gaps."""
    rule = type("ARule", (Rule,), PARTS | {"default": False})()
    monkeypatch.setattr(docs, "all_rules", lambda: (rule,))


@pytest.fixture(autouse=True)
def no_rule_is_left_behind() -> None:
    all_rules()  # collected before a test can make classes of its own


@pytest.mark.usefixtures("only")
def test_an_opt_in_rule_says_how_to_switch_it_on() -> None:
    assert "| DJT998 | a-name | Says (only with `--djt-enable=DJT998`) |\n" in docs.table()
    page = docs.explain("DJT998")
    assert page is not None
    assert page.endswith("## Known gaps\n\nNone.")
    assert "Says. (only with `--djt-enable=DJT998`)" in page


@pytest.mark.parametrize("missing", [part for part in PARTS if part != "__doc__"])
def test_a_rule_with_a_part_missing_is_refused(missing: str) -> None:
    with pytest.raises(TypeError, match=f"ARule has no {missing}"):
        type("ARule", (Rule,), {name: part for name, part in PARTS.items() if name != missing})


@pytest.mark.parametrize("heading", ["What it finds", "Why it matters"])
def test_a_rule_with_a_heading_missing_is_refused(heading: str) -> None:
    with pytest.raises(TypeError, match=heading):
        type("ARule", (Rule,), PARTS | {"__doc__": str(PARTS["__doc__"]).replace(heading, "")})
    with pytest.raises(TypeError, match="What it finds"):
        type("ARule", (Rule,), PARTS | {"__doc__": None})


@pytest.mark.parametrize("parts", [{"words": ("connection",)}, {"check_file": lambda *_: ()}])
def test_words_and_check_file_need_each_other(parts: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="ARule has words without check_file, or check_file without words"):
        type("ARule", (Rule,), PARTS | parts)
    type("ARule", (Rule,), PARTS | {"words": ("connection",), "check_file": lambda *_: ()})


TOUCH = flow.Touch((9, 4, 9, 20), "default", "Order.objects.count")
PLACE = Span("shop/a/long/way/down/jobs.py", 9, 4, 9, 20)
SITE = SpawnSite(
    Span("a.py", 3, 4, 3, 9), "thread", "f()", None, None, (), (Step(PLACE, "touches"),), "", frozenset(), "a.py"
)


def message(
    names: tuple[str, ...] = (),
    but: str = "but never closes",
    alias: str = "default",
    kind: str = "thread",
    what: str = TOUCH.what,
) -> str:
    """What a finding says whose touch lies below calls of the functions ``names``."""
    at = (1, 0, 1, 1)
    calls = tuple((name, "a.py", at) for name in names)
    touch = Found(TOUCH._replace(alias=alias, what=what), "jobs.py", calls)
    leak = Connection(alias, touch, None, None, frozenset({OPEN}), frozenset(), touch)
    finding = type("ARule", (Rule,), PARTS)().finding(SITE._replace(kind=kind), leak, but)
    assert (finding.code, finding.span, finding.trail) == ("DJT998", SITE.span, SITE.trail)
    assert len(finding.text) <= LONGEST
    assert finding.text.isprintable()
    return finding.message


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "(Order.objects.count, shop/a/long/way/down/jobs.py:9) but never closes"),
        ({"names": ("f",)}, "(Order.objects.count, shop/a/long/way/down/jobs.py:9) but"),
        ({"names": ("f", "push", "a.b.save")}, "jobs.py:9, via push > save) but"),
        ({"names": ("one", "two", "three")}, "jobs.py:9, via one > two > three) but"),
        ({"names": ("one", "two", "three", "four")}, "jobs.py:9, via one > two > ... > four) but"),
        ({"names": ("<lambda>", "push")}, "jobs.py:9, via push) but"),
        ({"names": ("push", "f")}, "jobs.py:9, via push > f) but"),
        ({"alias": "replica"}, "(Order.objects.count on 'replica', shop"),
        ({"kind": "pool"}, "f() runs in a pool thread and queries"),
        ({"kind": "loop"}, "f() runs in a pool thread and queries"),
        ({"kind": "thread"}, "f() runs in a new thread and queries"),
        ({"but": "but\n goes\ton"}, "jobs.py:9) but goes on"),
    ],
)
def test_what_a_message_says(given: dict[str, Any], shown: str) -> None:
    assert shown in message(**given)


def test_a_message_gives_less_evidence_before_it_loses_its_end() -> None:
    said = [message(("push",), "but " + "x" * length) for length in range(60, LONGEST)]
    kinds = [
        "via push)",
        "down/jobs.py:9) but",
        "(Order.objects.count, jobs.py:9)",
        "(jobs.py:9)",
        "database but",
    ]
    first = [next(index for index, text in enumerate(said) if kind in text) for kind in kinds]
    assert first == sorted(set(first))
    assert said[-1].endswith("...")
    assert [text.endswith("x") for text in said] == sorted((text.endswith("x") for text in said), reverse=True)


ROOM = LONGEST - len("DJT998 ")


def test_evidence_is_given_up_only_where_the_line_is_full() -> None:
    """One character more is one character more, until the line is full; then something goes, at last the end."""
    lengths = [len(message(("push",), "but " + "x" * length)) for length in range(60, LONGEST)]
    assert all(after == before + 1 or before == ROOM for before, after in pairwise(lengths))
    assert lengths[-1] == ROOM


def test_a_long_name_of_the_touch_loses_its_end_before_it_is_given_up() -> None:
    long = "Order.objects.filter.exclude.order_by.select_related.first"
    said = [message((), "but " + "x" * length, what=long) for length in range(20, LONGEST)]
    shown = f"({long[:37]}..., jobs.py:9)"
    assert len(shown.partition(",")[0]) == len("(") + 40
    assert any(shown in text for text in said)
    brief = "Order.objects.filter.order_by.iterator()"
    assert len(brief) == 40
    assert not any("..., " in message((), "but " + "x" * length, what=brief) for length in range(20, LONGEST))


@pytest.mark.parametrize("length", [1, ROOM - 1, ROOM, ROOM + 1, 2 * ROOM])
def test_what_is_found_elsewhere_in_a_file_fills_its_line_at_most(length: int) -> None:
    rule = type("ARule", (Rule,), PARTS)()
    finding = rule.found_at(SimpleNamespace(shown="a.py"), (3, 4, 3, 9), "x" * length)  # type: ignore[arg-type]
    assert finding.span == SITE.span
    kept = min(length, ROOM)
    assert finding.message == ("x" * length if length == kept else "x" * (kept - 3) + "...")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository whose README and pages are of today."""
    (tmp_path / "README.md").write_text(f"before\n{docs.BEGIN}{docs.END}after\n", encoding="utf-8")
    assert docs.main(["--write", str(tmp_path)]) == 0
    return tmp_path


@pytest.mark.parametrize("name", ["README.md", "docs/rows.md", "docs/rules/DJT001.md"])
def test_check_tells_an_old_page_and_write_repairs_it(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_text(text.replace("thread", "fibre"), encoding="utf-8")
    assert docs.main(["--check", str(folder)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{folder / name}: ")
    assert docs.main(["--write", str(folder)]) == 0
    assert (folder / name).read_text(encoding="utf-8") == text
    assert docs.main(["--check", str(folder)]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_page_that_is_not_there_is_an_old_one(folder: Path) -> None:
    (folder / "docs" / "rows.md").unlink()
    assert docs.main(["--check", str(folder)]) == 1


@pytest.mark.parametrize("text", ["", docs.BEGIN, docs.END + docs.BEGIN, docs.BEGIN + docs.BEGIN + docs.END])
@pytest.mark.parametrize("mode", ["--check", "--write"])
def test_a_readme_without_a_place_for_the_table_is_an_error(
    text: str, mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text(text, encoding="utf-8", newline="")
    assert docs.main([mode, str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'README.md'}: needs one line")
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_no_readme_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main(["--check", str(tmp_path)]) == 2
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "README.md").write_bytes(b"\xe9")
    assert docs.main(["--check", str(tmp_path)]) == 2


def test_the_page_of_rows_gives_each_row_its_reason() -> None:
    page = docs.rows_page()
    for rows in (table for tables in shipped().values() for table in tables.values()):
        for row in rows:
            assert " ".join(row["why"].split()).replace("|", "\\|") in page


def test_the_repositorys_own_pages_are_the_default() -> None:
    assert docs.main(["--check"]) == 0
