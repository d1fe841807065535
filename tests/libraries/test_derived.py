"""Rows that follow from other rows and the installed Django are those that derive.py writes, and nobody else's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from flake8_django_threads.models.load import load
from libraries import derive

ROWS = load().rows("touch")


def test_the_file_is_what_follows() -> None:
    assert derive.TARGET.read_text(encoding="utf-8") == derive.text()


def test_each_coroutine_has_its_row() -> None:
    shipped = {row.path for row in ROWS if row.source == "derived.toml"}
    found = {f"{owner}.{name}" for owner, name, _ in derive.coroutines()}
    assert found == shipped
    assert len(found) > 80


def test_none_is_written_by_hand() -> None:
    by_hand = {row.path.rpartition(".")[0] for row in ROWS if row.on == ("await",) and row.source != "derived.toml"}
    assert not by_hand & derive.OWNERS.keys()


def test_the_command_checks() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "libraries", "--check"]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "derived.toml is as it follows\n"), done.stderr
