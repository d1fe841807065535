"""The golden cases of the fixer: code before and after the edit.

``fixes`` holds cases whose findings are marked by hand (see ``fix_marks``). Those of ``repairs`` are what the linter
itself finds, beside the code of ``stage/world``: a case is one file ``name.py`` with its ``name.fixed.py``, or a folder
of files whose folder ``fixed`` has those that change; what has neither stays as it is. Those of ``unsafe`` are changed
only where that is asked for.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from flake8_django_threads.base import Finding
from flake8_django_threads.engine import Engine, Options
from flake8_django_threads.fix.plan import Plan, plan

HERE = Path(__file__).parent
FIXES, REPAIRS, WORLD = HERE / "fixes", HERE / "repairs", HERE / "stage" / "world"
ALONE = "case.py"


class Case(NamedTuple):
    """A case and its texts, by path in the case's folder; a lone file is called ``case.py``."""

    name: str
    before: Mapping[str, str]
    after: Mapping[str, str]

    def lay_out(self, folder: Path, *, after: bool = False) -> None:
        """Write the case's files into a folder."""
        for name, text in (self.after if after else self.before).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="")

    def project(self, folder: Path) -> dict[str, Path]:
        """Make a project of the case and the world around it; give the case's files in it by their names."""
        shutil.copytree(WORLD, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        inside = folder / "orders" if ALONE in self.before else folder
        self.lay_out(inside)
        return {name: inside / name for name in self.before}


def mend(project: Path, paths: Sequence[Path], *, unsafe: bool = False) -> tuple[list[Finding], Plan]:
    """What the linter finds in files of a project, and what the fixer would write."""
    texts = "".join(path.read_text("utf-8") for path in paths if path.suffix == ".py")
    options = Options(census=True, enable=frozenset({"DJT502"} if "# DJT502" in texts else ()))
    engine = Engine(options, cwd=str(project))
    found = [
        _placed(finding, project)
        for path in paths
        if path.suffix == ".py"
        for finding in engine.analyse(str(path)).findings
    ]

    def recheck(overlay: Mapping[str, str], path: str) -> list[Finding]:
        again = engine.again(overlay, proving=True) if overlay else engine
        return [_placed(finding, project) for finding in again.analyse(path).findings]

    return found, plan(found, recheck, unsafe=unsafe)


def _placed(finding: Finding, project: Path) -> Finding:
    """The finding with absolute paths; the fixer takes relative ones to be of the present folder."""

    def absolute(value: object) -> object:
        if isinstance(value, tuple):
            fields = getattr(value, "_fields", None)
            made = [absolute(item) for item in value]
            if fields is None:
                return tuple(made)
            if "path" in fields:
                made[fields.index("path")] = str(project / made[fields.index("path")])
            return type(value)(*made)
        return value

    made = absolute(finding)
    assert isinstance(made, Finding)
    return made


def _stand_ins() -> list[Case]:
    folders = sorted(folder for folder in FIXES.iterdir() if (folder / "after.py").exists())
    return [
        Case(f.name, *({ALONE: (f / name).read_text("utf-8")} for name in ("before.py", "after.py"))) for f in folders
    ]


def _repairs() -> list[Case]:
    found = []
    for path in sorted(REPAIRS.glob("*/*")):
        name = path.relative_to(REPAIRS).with_suffix("").as_posix()
        if path.is_dir():
            fixed = path / "fixed"
            before = {
                file.relative_to(path).as_posix(): _read(file) for file in _files(path) if fixed not in file.parents
            }
            changed = {file.relative_to(fixed).as_posix(): _read(file) for file in _files(fixed)}
            found.append(Case(name, before, {**before, **changed}))
        elif not path.name.endswith(".fixed.py"):
            golden = path.with_suffix(".fixed.py")
            found.append(Case(name, {ALONE: _read(path)}, {ALONE: _read(golden if golden.exists() else path)}))
    return found


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".ini")]


def _read(path: Path) -> str:
    return path.read_bytes().decode()


STAND_INS, LINTED = _stand_ins(), _repairs()
GOLDEN = [case for case in [*STAND_INS, *LINTED] if case.before != case.after]
