"""djt-fix with the real linter: golden cases, and what must hold of every fixture, fixable or not."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import harness
import pytest
from fix_cases import LINTED, Case, mend

from flake8_django_threads.fix.plan import Plan

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = [*sorted(FIXTURES.glob("rules/*/*")), *sorted(FIXTURES.glob("silent/*"))]
PROJECTS = [*(path for path in CASES if path.is_dir()), FIXTURES / "project"]
LEFT = re.compile(r"# left: (.*)")


def texts(made: Plan) -> dict[str, str]:
    return {change.path: change.after.decode() for change in made.changes}


@pytest.mark.parametrize("case", LINTED, ids=lambda case: case.name)
def test_case_becomes_its_golden_text(case: Case, tmp_path: Path) -> None:
    paths = case.project(tmp_path)
    found, made = mend(tmp_path, list(paths.values()), unsafe=case.name.startswith("unsafe/"))
    wrong = []
    for name, path in paths.items():
        here = [finding for finding in found if finding.span.path == str(path)]
        wrong += harness.differences(harness.marks(name, case.before[name]), here)
    assert not wrong, f"\n{harness.table(wrong)}"
    assert made.problems == ()
    golden = {
        str(paths.get(name, tmp_path / name)): text
        for name, text in case.after.items()
        if text != case.before.get(name)
    }
    assert texts(made) == golden
    left = [reason for text in case.before.values() for reason in LEFT.findall(text)]
    assert [refusal.reason for refusal in made.refused] == left


ALL_EDITS = [(folder, False) for folder in PROJECTS]
ALL_EDITS += [(folder, True) for folder in PROJECTS if folder.parent.name in ("DJT004", "DJT006", "DJT201", "DJT301")]


@pytest.mark.parametrize(
    ("folder", "unsafe"),
    ALL_EDITS,
    ids=lambda value: value.relative_to(FIXTURES).as_posix() if value in PROJECTS else f"unsafe={value}",
)
def test_every_finding_is_mended_once_or_left_with_a_reason(folder: Path, unsafe: bool, tmp_path: Path) -> None:
    project = shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    paths = sorted(project.rglob("*.py"))
    found, made = mend(project, paths, unsafe=unsafe)
    assert made.problems == ()
    fixed = [finding for change in made.changes for finding in change.fixed]
    left = [refusal.finding for refusal in (*made.refused, *made.unsafe)]
    assert all(refusal.reason for refusal in (*made.refused, *made.unsafe))
    without_edit = [finding for finding in found if finding.remedy is None]
    assert sorted(fixed + left + without_edit) == sorted(found)
    for change in made.changes:
        if change.path.endswith(".py"):
            compile(change.after, change.path, "exec", dont_inherit=True)
        Path(change.path).write_bytes(change.after)
    again, second = mend(project, paths, unsafe=unsafe)
    assert second.changes == ()
    stays, may_stay = ([(f.code, Path(f.span.path).name) for f in some] for some in (again, left + without_edit))
    assert Counter(stays) <= Counter(may_stay)
    # One without an edit of its own may go with another's, as a close that closes nothing does beside a real one.
    assert Counter((f.code, Path(f.span.path).name) for f in left) <= Counter(stays)
