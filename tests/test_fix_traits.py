"""What stands around an edit stays as it is: heads and ends of files, and newlines that are not all alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fix_cases import ALONE, STAND_INS, Case
from fix_marks import recheck_of, spans

from flake8_django_threads.fix.plan import plan
from flake8_django_threads.fix.source import Source

HEADS = {
    "docstring": '"""Doc."""\n\n',
    "raw docstring with quotes": "r'''Doc \\d \"here\".'''\n\n",
    "future": "from __future__ import annotations\n\n",
    "docstring and future": '"""Doc.\n\nMore.\n"""\nfrom __future__ import annotations\n\n',
    "two futures": "from __future__ import annotations\nfrom __future__ import division\n\n",
    "shebang": "#!/usr/bin/env python\n\n",
    "shebang, cookie and licence": "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n# Licence.\n#\n# More.\n\n",
    "pragma": "# flake8: noqa: E501\n# isort: skip_file\n# mypy: ignore-errors\n\n",
    "blank lines": "\n\n\n",
    "form feed": "\f\n",
}
ENDS = {
    "import for types": "\n\nif not Order:\n    from collections.abc import Sequence\n",
    "name is main": '\n\nif __name__ == "__main__":\n    print("done")\n',
    "comment without newline": "\n# vim: set ts=4:",
    "blanks": "\n   \n\t\n",
    "formatter off": "\n\n# fmt: off\nMATRIX = [1,0,\n          0,1]\n# fmt: on\n",
}
PLAIN = [case for case in STAND_INS if case.before[ALONE].startswith(("from threading", "import threading"))]


def mended(text: str, folder: Path) -> str:
    path = folder / ALONE
    path.write_bytes(text.encode())
    source = Source(str(path), text.encode())
    made = plan(spans(str(path), source.text), recheck_of({str(path): source.text}))
    assert [refusal.reason for refusal in made.refused] == []
    return made.changes[0].after.decode()


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.name)
def test_what_stands_above_stays(case: Case, head: str, tmp_path: Path) -> None:
    assert mended(HEADS[head] + case.before[ALONE], tmp_path) == HEADS[head] + case.after[ALONE]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.name)
def test_what_stands_below_stays(case: Case, end: str, tmp_path: Path) -> None:
    assert mended(case.before[ALONE] + ENDS[end], tmp_path) == case.after[ALONE] + ENDS[end]


@pytest.mark.parametrize("ends", [("\n", "\r\n"), ("\r\n", "\n"), ("\n", "\n", "\n", "\r\n")], ids=repr)
@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.name)
def test_each_line_keeps_its_own_newline(case: Case, ends: tuple[str, ...], tmp_path: Path) -> None:
    lines = case.before[ALONE].splitlines()
    before = "".join(f"{line}{ends[number % len(ends)]}" for number, line in enumerate(lines))
    after = mended(before, tmp_path)
    assert after.replace("\r\n", "\n") == case.after[ALONE]
    kept = iter(re.findall(r"[^\n]*\n", after))
    # Lines that the edit writes anew, such as an import with one more name, take the place of old ones.
    stay = {line.strip() for line in case.after[ALONE].splitlines()}
    for line in re.findall(r"[^\n]*\n", before):
        if line.strip() in stay and line.strip():
            assert any(other.lstrip() == line.lstrip() for other in kept), line
