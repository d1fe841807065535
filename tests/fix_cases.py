"""The golden cases of the fixer: code before and after the edit."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FIXES = Path(__file__).parent / "fixes"


class Golden(NamedTuple):
    """A case and its texts, by path in the case's folder."""

    name: str
    before: dict[str, str]
    after: dict[str, str]

    def lay_out(self, folder: Path, *, after: bool) -> None:
        """Write the case into a folder."""
        for name, text in (self.after if after else self.before).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def _stand_in_cases() -> list[Golden]:
    """The cases whose findings are marked by hand."""
    folders = sorted(folder for folder in FIXES.iterdir() if (folder / "after.py").exists())
    return [
        Golden(folder.name, *({"case.py": (folder / name).read_text("utf-8")} for name in ("before.py", "after.py")))
        for folder in folders
    ]


GOLDEN = _stand_in_cases()
