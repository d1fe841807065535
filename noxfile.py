"""The matrix: Pythons x Djangos x the oldest and newest of what the linter stands on, as far as this machine has them.

``nox`` runs all columns and says in its summary which were skipped; the reason stands where the column would have run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = False
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True

OLDEST = ("flake8==6.0.0", "astroid==3.3.0", "libcst==1.5.0")
# Python, Django, and what differs from the newest releases that fit.
COLUMNS = (
    ("3.11", "4.2", OLDEST),
    ("3.11", "5.2", ()),
    ("3.12", "6.0", ()),
    ("3.13", "6.1", ()),
    ("3.14", "6.1", ()),
)


def interpreter(version: str) -> str:
    """The path of a Python of this version, on the PATH or among pyenv's; its bare name if the machine has none."""
    names = [f"python{version}", *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for found in map(shutil.which, names):
        # pyenv puts a shim on the PATH for every version, whether it would start or not.
        if found and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode:
            return str(found)
    return f"python{version}"


def column(python: str, django: str, pins: tuple[str, ...]) -> None:
    """Add one column of the matrix."""

    @nox.session(name=f"python{python}-django{django}{'-oldest' if pins else ''}", python=interpreter(python))
    def tests(session: nox.Session) -> None:
        groups = nox.project.load_toml("pyproject.toml")["dependency-groups"]
        wanted = [one for name in ("test", "oracle") for one in groups[name] if isinstance(one, str)]
        session.install("--quiet", "-e", ".", f"django=={django}.*", *pins, *(x for x in wanted if "django>" not in x))
        session.run("python", "-m", "pytest", "-m", "not slow", *session.posargs)


for one in COLUMNS:
    column(*one)

os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
