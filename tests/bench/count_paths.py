"""Run flake8 in this process and count how often a path under a folder is opened, listed or asked for its status.

``python count_paths.py COUNTS.json FOLDER FLAKE8-ARGUMENTS...``; give flake8 ``-j1``, as other processes are not seen.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flake8.main import cli


def count_paths(folder: str, arguments: list[str]) -> Counter[str]:
    """Return the calls by kind: ``open``, ``list``, ``stat``."""
    counts: Counter[str] = Counter()
    inside = folder + os.sep
    kinds = {"open": "open", "os.listdir": "list", "os.scandir": "list"}

    def note(kind: str, path: object) -> None:
        # Not resolve(): that asks for the status of every folder on the way.
        if isinstance(path, str | os.PathLike) and f"{Path.cwd() / path}{os.sep}".startswith(inside):
            counts[kind] += 1

    def audit(event: str, values: tuple[Any, ...]) -> None:
        if event in kinds:
            note(kinds[event], values[0])

    def counting(real: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def counted(path: Any, **options: Any) -> os.stat_result:
            note("stat", path)
            return real(path, **options)

        return counted

    # No audit event tells of a stat.
    os.stat, os.lstat = counting(os.stat), counting(os.lstat)
    sys.addaudithook(audit)
    cli.main(arguments)
    return counts


if __name__ == "__main__":
    target, root, *flake8_arguments = sys.argv[1:]
    Path(target).write_text(json.dumps(count_paths(str(Path(root).resolve()), flake8_arguments)))
