"""flake8 says of the shop what its marks say, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SHOP = Path(__file__).parents[2] / "fixtures" / "project"
MARK = re.compile(r"# (DJT\d{3})$")


def marks() -> Iterator[tuple[str, int, str]]:
    for path in sorted(SHOP.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := MARK.search(line):
                yield path.relative_to(SHOP).as_posix(), number, found[1]


def test_flake8_finds_the_marked_lines_and_no_others() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--select=DJT", "--format=%(path)s|%(row)d|%(code)s", "."],
        cwd=SHOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    found = [line.removeprefix("./").split("|") for line in run.stdout.splitlines()]
    assert sorted((path, int(row), code) for path, row, code in found) == sorted(marks())
