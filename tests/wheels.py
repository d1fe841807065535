"""Published packages to look at: downloaded as wheels and unzipped, never installed and never run."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path


def unpack(requirement: str, folder: Path) -> Path:
    """Return the folder with the files of a pinned requirement (``name==version``), downloading them the first time."""
    target = folder / requirement
    if not target.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        only = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", f"--dest={folder}"]
        subprocess.run([*pip, *only, requirement], check=True)
        (wheel,) = folder.glob(f"{requirement.replace('-', '_').replace('==', '-')}-*.whl")
        # Under another name first: an interrupted run must not leave half a package that looks whole.
        partial = folder / f"{requirement}.partial"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(partial)
        partial.rename(target)
    return target
