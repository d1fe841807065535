"""The fixer against golden cases, each folder of ``tests/fixes`` in each trait that a file may have, and its proofs."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from fix_marks import recheck_of, spans

from flake8_django_threads.base import Finding, Span
from flake8_django_threads.fix.choose import choose
from flake8_django_threads.fix.diff import diff
from flake8_django_threads.fix.plan import Change, Plan, plan
from flake8_django_threads.fix.proofs import DisprovedError, prove
from flake8_django_threads.fix.rewrite import Rewritten, rewrite
from flake8_django_threads.fix.source import NoEditError, Source
from flake8_django_threads.fix.width import line_width
from flake8_django_threads.fix.write import write

CASES = sorted(path for path in (Path(__file__).parent / "fixes").iterdir() if path.is_dir())


def with_tabs(text: str) -> str:
    return re.sub(r"^(?:    )+", lambda indent: "\t" * (len(indent[0]) // 4), text, flags=re.MULTILINE)


TRAITS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "tabs": lambda text: with_tabs(text).encode(),
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1": lambda text: f"# -*- coding: latin-1 -*-\n# café\n\n{text}".encode("latin-1"),
    "no newline at the end": lambda text: text.rstrip("\n").encode(),
    "blank lines at the end": lambda text: f"{text}\n\n# end\n\n".encode(),
    "form feed and odd comment": lambda text: f"{text}\f\n  # odd\nx = 1\n".encode(),
}


def planned(path: Path, data: bytes) -> Plan:
    """Plan the fix of one file in its own bytes."""
    path.write_bytes(data)
    source = Source(str(path), data)
    return plan(spans(str(path), source.text), recheck_of({str(path): source.text}))


@pytest.mark.parametrize("trait", TRAITS)
@pytest.mark.parametrize("case", [case for case in CASES if (case / "after.py").exists()], ids=lambda case: case.name)
def test_fix_writes_the_golden_text(case: Path, trait: str, tmp_path: Path) -> None:
    before, after = ((case / name).read_text("utf-8") for name in ("before.py", "after.py"))
    path = tmp_path / "case.py"
    made = planned(path, TRAITS[trait](before))
    assert [refusal.reason for refusal in made.refused] == []
    assert [change.path for change in made.changes] == [str(path)]
    assert made.changes[0].after.decode("latin-1") == TRAITS[trait](after).decode("latin-1")
    text = Source(str(path), made.changes[0].after).text
    assert recheck_of({})({str(path): text}, str(path)) == []


@pytest.mark.parametrize(
    "case", [case for case in CASES if (case / "refused.txt").exists()], ids=lambda case: case.name
)
def test_fix_refuses_in_words(case: Path, tmp_path: Path) -> None:
    made = planned(tmp_path / "case.py", (case / "before.py").read_bytes())
    assert made.changes == ()
    assert [(case / "refused.txt").read_text().strip() in refusal.reason for refusal in made.refused] == [True]


LEAK = (Path(__file__).parent / "fixes" / "plain_function" / "before.py").read_text("utf-8")


def done_for(source: Source) -> tuple[list[Finding], Rewritten]:
    findings = spans(source.path, source.text)
    return findings, rewrite(source, [choose(findings[0], "auto", {source.path: source}.__getitem__)])


@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [
        ("finally:\n", "finally\n", "does not parse"),
        ("args=([1],)", "args=([2],)", "does not give back the original"),
        ("finally:", "except ValueError:\n        pass\n    finally:", "does not give back the original"),
        ("        order.push()", "        order.pull()", "does not give back the original"),
        ("    # newest first", "    # oldest first", "comment"),
        ("import connections\n", "import connections as x\n", "does not give back the original"),
        ("        connections.close_all()", "        connections.close()", "the close is not where it was put"),
    ],
)
def test_a_broken_edit_is_found_out(old: str, new: str, proof: str, tmp_path: Path) -> None:
    source = Source(str(tmp_path / "case.py"), LEAK.encode())
    findings, done = done_for(source)
    edits = [choose(findings[0], "auto", {source.path: source}.__getitem__)]
    before = {source.path: findings}
    prove(source, edits, done, findings, before, recheck_of({}))
    assert old in done.text
    broken = done._replace(text=done.text.replace(old, new))
    with pytest.raises(DisprovedError, match=proof):
        prove(source, edits, broken, findings, before, recheck_of({}))


def test_an_edit_that_does_not_last_is_found_out(tmp_path: Path) -> None:
    source = Source(str(tmp_path / "case.py"), LEAK.encode())
    findings, done = done_for(source)
    edit = choose(findings[0], "auto", {source.path: source}.__getitem__)._replace(all_databases=False)
    with pytest.raises(DisprovedError, match="a second run"):
        prove(source, [edit], done, findings, {source.path: findings}, recheck_of({}))


def stubborn(code: str) -> Callable[[Mapping[str, str], str], Sequence[Finding]]:
    """A linter that goes on to find something in the new text."""

    def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
        text = overlay.get(path) or Path(path).read_text("utf-8")
        found = [finding._replace(code=code) for finding in spans(path, text)]
        return found if overlay else spans(path, text)

    return recheck


@pytest.mark.parametrize(
    ("code", "proof"), [("DJT001", "would still be there"), ("DJT202", "a new finding would come: DJT202")]
)
def test_the_linter_has_the_last_word(code: str, proof: str, tmp_path: Path) -> None:
    path = tmp_path / "case.py"
    path.write_text(LEAK)
    made = plan(spans(str(path), LEAK), stubborn(code))
    assert made.changes == ()
    assert [proof in refusal.reason for refusal in made.refused] == [True]


def test_one_edit_that_fails_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "case.py"
    text = (Path(__file__).parent / "fixes" / "partial" / "before.py").read_text("utf-8")
    path.write_text(text)

    def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
        new = overlay.get(path, text)
        wrapped = "closing_connections(partial(order.pull"
        return [f for f in spans(path, new) if not overlay or wrapped in new.splitlines()[f.span.line - 1]]

    made = plan(spans(str(path), text), recheck)
    assert [len(change.fixed) for change in made.changes] == [1]
    assert [refusal.finding.span.line for refusal in made.refused] == [10]
    assert made.changes[0].after.count(b"=closing_connections(") == 1


def test_a_try_is_nested_where_the_end_of_its_finally_is_not_reached(tmp_path: Path) -> None:
    path = tmp_path / "case.py"
    text = (Path(__file__).parent / "fixes" / "body_is_try_finally" / "before.py").read_text("utf-8")
    path.write_text(text)

    def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
        new = overlay.get(path, text)
        return [] if new.count("finally:") == 2 else spans(path, new)

    made = plan(spans(str(path), text), recheck)
    assert made.refused == ()
    assert (
        b"""\
def sync_orders(lock):
    try:
        try:
            Order.objects.get(pk=1).push()
        finally:
            lock.release()
            # released
    finally:
        connections.close_all()
"""
        in made.changes[0].after
    )


def test_a_linter_that_breaks_costs_its_own_file_alone(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("bad.py", "good.py")]
    for path in paths:
        path.write_text(LEAK)

    def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
        if path.endswith("bad.py"):
            raise RuntimeError("of itself")
        return recheck_of({path: LEAK})(overlay, path)

    made = plan([finding for path in paths for finding in spans(str(path), LEAK)], recheck)
    assert [Path(change.path).name for change in made.changes] == ["good.py"]
    assert [problem.cause for problem in made.problems] == ["internal error: RuntimeError: of itself"]


def test_unsafe_fixes_wait_to_be_asked_for(tmp_path: Path) -> None:
    text = LEAK.replace("DJT001", "DJT004")
    path = tmp_path / "case.py"
    path.write_text(text)
    findings, recheck = spans(str(path), text), recheck_of({str(path): text})
    hidden = plan(findings, recheck)
    assert hidden.changes == ()
    assert ["CONN_MAX_AGE" in refusal.reason for refusal in hidden.unsafe] == [True]
    assert len(plan(findings, recheck, unsafe=True).changes) == 1


@pytest.mark.parametrize(
    ("closer", "text"), [("connection", "connection.close()"), ("close_all", "connections.close_all()")]
)
def test_the_user_chooses_the_closer(closer: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "case.py"
    path.write_text(LEAK)
    made = plan(spans(str(path), LEAK), recheck_of({str(path): LEAK}), closer=closer)  # type: ignore[arg-type]
    assert f"        {text}\n".encode() in made.changes[0].after


def test_an_entry_in_another_file_is_closed_there(tmp_path: Path) -> None:
    jobs, view = tmp_path / "jobs.py", tmp_path / "view.py"
    jobs.write_text("from orders import Order\n\n\ndef sync():\n    Order.objects.get(pk=1)\n")
    view.write_text("from threading import Thread\n\nfrom jobs import sync\n\nThread(target=sync).start()\n")
    (entry,) = spans(str(jobs), jobs.read_text() + "\n\nThread(target=sync)  # DJT001 in-place sync\n")
    (spawn,) = spans(str(view), view.read_text().replace(".start()", ".start()  # DJT001 boundary"))
    assert entry.remedy is not None and spawn.remedy is not None
    finding = spawn._replace(remedy=entry.remedy._replace(target=spawn.remedy.target, spawn=spawn.span))

    def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
        return [] if overlay or path == str(jobs) else [finding]

    made = plan([finding], recheck)
    assert [Path(change.path).name for change in made.changes] == ["jobs.py"]
    held = plan([finding], recheck, contents={str(view): view.read_bytes()})
    assert [refusal.reason for refusal in held.refused] == [f"the edit belongs into {jobs}"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"# -*- coding: nonsense -*-\n", "cannot be decoded"),
        (b"x = '\xff'\n", "cannot be decoded"),
        (b"# -*- coding: utf-7 -*-\nx = '+AGE-'\n", "round trip"),
    ],
)
def test_bytes_that_cannot_be_kept_are_left(data: bytes, reason: str) -> None:
    with pytest.raises(NoEditError, match=reason):
        Source("case.py", data)


def test_newlines_that_libcst_loses_are_left(tmp_path: Path) -> None:
    made = planned(tmp_path / "case.py", LEAK.replace("\n", "\r").encode())
    assert [refusal.reason for refusal in made.refused] == ["the file's newlines cannot be kept"]


def changed(path: Path) -> Change:
    return Change(str(path), b"x = 1\n", b"x = 2", ())


def test_write_keeps_mode_and_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.py", tmp_path / "link.py"
    real.write_bytes(b"x = 1\n")
    real.chmod(0o750)
    link.symlink_to(real)
    write(changed(link))
    assert link.is_symlink()
    assert real.read_bytes() == b"x = 2"
    assert stat.S_IMODE(real.stat().st_mode) == 0o750
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.py", "real.py"]


def test_write_leaves_what_is_read_only_or_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "case.py"
    path.write_bytes(b"x = 3\n")
    with pytest.raises(OSError, match="changed meanwhile"):
        write(changed(path))
    path.write_bytes(b"x = 1\n")
    path.chmod(0o444)
    with pytest.raises(OSError, match="it is read-only"):
        write(changed(path))
    path.chmod(0o644)
    tmp_path.chmod(0o555)
    with pytest.raises(OSError, match="folder is read-only"):
        write(changed(path))
    tmp_path.chmod(0o755)
    assert path.read_bytes() == b"x = 1\n"


def test_write_takes_its_temporary_file_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "case.py"
    path.write_bytes(b"x = 1\n")

    def full(*_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write(changed(path))
    assert [found.name for found in tmp_path.iterdir()] == ["case.py"]
    assert path.read_bytes() == b"x = 1\n"


def test_diff_is_for_patch(tmp_path: Path) -> None:
    text = diff(changed(tmp_path / "case.py"), "case.py", colour=False)
    assert text == b"--- a/case.py\n+++ b/case.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n\\ No newline at end of file\n"
    assert b"\033[31m-x = 1\033[0m\n" in diff(changed(tmp_path / "case.py"), "case.py", colour=True)


def test_a_name_that_is_no_longer_defined_is_found_out(tmp_path: Path) -> None:
    source = Source(str(tmp_path / "case.py"), LEAK.encode())
    findings, done = done_for(source)
    edits = [choose(findings[0], "auto", {source.path: source}.__getitem__)]
    lost = done._replace(text=done.text.replace("from django.db import connections\n", ""), imports=())
    with pytest.raises(DisprovedError, match="pyflakes objects: undefined name 'connections'"):
        prove(source, edits, lost, findings, {source.path: findings}, recheck_of({}))


def test_a_finding_that_is_gone_because_less_is_known_is_no_proof(tmp_path: Path) -> None:
    path = tmp_path / "case.py"
    path.write_text(LEAK)
    (finding,) = spans(str(path), LEAK)

    def knows_less(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
        found = spans(path, overlay[path]) if overlay else [finding]
        return [each._replace(code="DJT900") for each in found] if overlay else found

    made = plan([finding], knows_less)
    assert made.changes == ()
    assert [refusal.reason for refusal in made.refused] == ["what runs there could not be followed any more"]


def test_a_remedy_may_have_no_edit(tmp_path: Path) -> None:
    path = tmp_path / "case.py"
    path.write_text(LEAK)
    (finding,) = spans(str(path), LEAK)
    remedy = finding.remedy
    assert remedy is not None and remedy.entry is not None and remedy.target is not None
    gone = Span(str(path), 99, 0, 99, 4)
    variants = {
        "no edit is written for this code": remedy._replace(kind="commit"),
        "the callers hold a lock": remedy._replace(blocked="the callers hold a lock"),
        "the entry is not only spawned": remedy._replace(only_spawned=False, target=None),
        "the spawn's argument is not where": remedy._replace(only_spawned=False, target=gone),
        f"{tmp_path / 'missing.py'} cannot be read": remedy._replace(
            entry=remedy.entry._replace(span=gone._replace(path=str(tmp_path / "missing.py")))
        ),
    }
    for reason, variant in variants.items():
        made = plan([finding._replace(remedy=variant)], recheck_of({str(path): LEAK}))
        assert made.changes == ()
        assert [refusal.reason[: len(reason)] for refusal in made.refused] == [reason]
    assert plan([finding._replace(remedy=None)], recheck_of({})) == Plan((), (), (), ())
    moved = remedy._replace(entry=remedy.entry._replace(span=gone))
    (change,) = plan([finding._replace(remedy=moved)], recheck_of({str(path): LEAK})).changes
    assert b"target=closing_connections(sync_orders)" in change.after


def test_a_moved_close_that_is_not_enough_stays_and_gets_another(tmp_path: Path) -> None:
    path = tmp_path / "case.py"
    text = (Path(__file__).parent / "fixes" / "trailing_close" / "before.py").read_text("utf-8")
    path.write_text(text)

    def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
        new = overlay.get(path, text)
        return [] if "close_all" in new else spans(path, new)

    (change,) = plan(spans(str(path), text), recheck).changes
    assert b"    connection.close()  # back to the server\n" in change.after
    assert b"    finally:\n        connections.close_all()\n" in change.after


def test_what_libcst_cannot_read_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise RecursionError

    monkeypatch.setattr("libcst.parse_module", refuse)
    made = planned(tmp_path / "case.py", LEAK.encode())
    assert [refusal.reason for refusal in made.refused] == ["libcst cannot read the file (RecursionError)"]


@pytest.mark.parametrize(
    ("name", "text", "width"),
    [
        ("pyproject.toml", "[tool.black]\nline-length = 70\n", 70),
        ("pyproject.toml", "[tool.black]\n", 88),
        ("pyproject.toml", "[tool.ruff]\nline-length = 100\n", 100),
        ("pyproject.toml", "[tool.isort]\nline_length = 99\n", 99),
        ("pyproject.toml", "not toml", 120),
        ("pyproject.toml", "[tool]\nblack = 1\n", 120),
        ("ruff.toml", "line-length = 101\n", 101),
        (".ruff.toml", "lint.select = []\n", 88),
        (".flake8", "[flake8]\nmax-line-length = 102\n", 102),
        ("setup.cfg", "[flake8]\nmax_line_length = 103\n", 103),
        ("tox.ini", "[pycodestyle]\nmax-line-length = 104\n", 104),
        ("tox.ini", "[flake8]\nmax-line-length = many\n", 120),
        ("tox.ini", "max-line-length = 105\n", 120),
        ("other.ini", "", 120),
    ],
)
def test_lines_are_as_long_as_the_project_or_its_author_says(name: str, text: str, width: int, tmp_path: Path) -> None:
    inner = tmp_path / f"{width} {len(text)} {name}" / "app"
    inner.mkdir(parents=True)
    (inner.parent / ".git").mkdir()
    (inner.parent / name).write_text(text)
    assert line_width(str(inner / "jobs.py"), "x" * 120) == width
    assert line_width(str(inner / "jobs.py"), "x") == (88 if width == 120 else width)
