"""Show what the linter finds and what djt-fix would write, in the shop of fixtures/ and in a package from PyPI.

Nothing is run of either, and nothing is written into them. They are copied out of this repository, or else the linter
would take its hundreds of fixtures for a part of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from wheels import unpack

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))
# Small enough to read in five minutes; each of its worker threads keeps a connection for the life of the process.
PACKAGE = "django-post-office==3.12.0"


def main() -> int:
    places = {
        "A shop that leaks on purpose, in fixtures/project": ROOT / "fixtures" / "project",
        f"A real package: {PACKAGE}": unpack(PACKAGE, ROOT / ".demo"),
    }
    with tempfile.TemporaryDirectory() as alone:
        for number, (title, place) in enumerate(places.items()):
            tour(title, Path(shutil.copytree(place, Path(alone, str(number)))))
    return 0


def tour(title: str, project: Path) -> None:
    heading(title, "=")
    show("What flake8 says", project, "flake8", "--isolated", "--select=DJT", ".")
    show("The evidence, from the spawn to the query", project, "djt-fix", "--check", "--trace", ".")
    show("What djt-fix would write", project, "djt-fix", "--diff", ".")


def show(title: str, project: Path, command: str, *arguments: str) -> None:
    """Run a command of this environment in the project; 0 and 1 (findings) are both an answer."""
    heading(title, "-")
    print("$", command, *arguments, end="\n\n", flush=True)
    status = subprocess.run([SCRIPTS / command, *arguments], cwd=project, check=False).returncode
    if status not in (0, 1):
        sys.exit(f"{command} ended with {status}")


def heading(text: str, rule: str) -> None:
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    start, stop = ("\033[1m", "\033[0m") if colour else ("", "")
    print(f"\n{start}{text}\n{rule * len(text)}{stop}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
