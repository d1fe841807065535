"""Releases of libraries beside those of the others: each lies in a folder of its own, for a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

# As pyproject.toml names the groups, and the Makefile the folders.
RELEASES = ("scheduler-4", "telegram-13")


def run_with(release: str, script: str) -> str:
    """Run a script that has this release, and give what it prints last."""
    folder = Path(sys.prefix) / release
    assert folder.is_dir(), "make test-libraries installs it"
    known = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    command = [sys.executable, "-W", "ignore", "-c", dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=known, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]
