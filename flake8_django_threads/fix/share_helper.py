"""One closing wrapper for several files of a package, in a module of its own that each of them imports."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from .edit import Edit
from .source import NoEditError, Source, parse
from .wrap_at_boundary import HELPER, Types, existing_helpers, helper_source, wants_types

_MODULE = f"{HELPER}.py"


class Shared(NamedTuple):
    """A module that holds the wrapper: its path, its dotted name, and its text if it has to be made."""

    path: str
    module: str
    text: str = ""


def share(sources: Mapping[str, Source], edits: Mapping[str, Sequence[Edit]]) -> dict[str, Shared]:
    """Say which files, by path, import the wrapper from where; each other one gets a wrapper of its own.

    A module that has it already is used wherever it is near; one is made for two files of a package and more.
    """
    found: dict[str, Shared] = {}
    groups: dict[Path, list[str]] = defaultdict(list)
    for path, source in sources.items():
        wraps = [edit for edit in edits[path] if not edit.in_place and not edit.swap]
        packages = list(_packages(Path(path)))
        if not wraps or not packages or f"def {HELPER}" in source.text:
            continue
        all_databases = any(edit.all_databases for edit in wraps)
        near = (folder for folder, _ in packages if _holds_it(folder / _MODULE, all_databases))
        if (folder := next(near, None)) is not None:
            found[path] = Shared(str(folder / _MODULE), f"{dict(packages)[folder]}.{HELPER}")
        elif _imports_itself(source.tree, packages[-1][1]):
            groups[packages[-1][0]].append(path)
    for paths in groups.values():
        folders = [dict(_packages(Path(path))) for path in paths]
        common = next(folder for folder in folders[0] if all(folder in others for others in folders))
        if len(paths) > 1 and not (common / _MODULE).exists() and not (common / HELPER).exists():
            everything = any(edit.all_databases for path in paths for edit in edits[path])
            text = _text([sources[path] for path in paths], everything)
            made = Shared(str(common / _MODULE), f"{folders[0][common]}.{HELPER}", text)
            found.update(dict.fromkeys(paths, made))
    return found


def _packages(path: Path) -> Iterator[tuple[Path, str]]:
    """The packages that a file is in, by folder and dotted name, from the innermost on."""
    folders = []
    for folder in path.parents:
        if not (folder / "__init__.py").is_file() or not folder.name.isidentifier():
            break
        folders.append(folder)
    for index, folder in enumerate(folders):
        yield folder, ".".join(around.name for around in reversed(folders[index:]))


def _imports_itself(tree: ast.Module, top: str) -> bool:
    """Whether a file names its own outermost package, which shows that this is what the package is called."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), level=0) if module.partition(".")[0] == top:
                return True
            case ast.Import(names=names) if any(alias.name.partition(".")[0] == top for alias in names):
                return True
    return False


def _holds_it(path: Path, all_databases: bool) -> bool:
    try:
        tree = parse(path.read_text("utf-8"), str(path))
    except (OSError, ValueError, NoEditError):
        return False
    return any(helper.name == HELPER for helper in existing_helpers(tree, "wraps", _closing(all_databases)))


def _closing(all_databases: bool) -> str:
    return "connections.close_all()" if all_databases else "connection.close()"


def _text(sources: Sequence[Source], all_databases: bool) -> str:
    """The module, in the manner of the files that are to import it."""
    closing = _closing(all_databases)
    typed = sum(wants_types(source.tree) for source in sources) * 2 > len(sources)
    types = Types("Callable", "Any") if typed else None
    body = helper_source(HELPER, "wraps", closing, types)
    imports = ["from functools import wraps"]
    if typed:
        imports = ["from collections.abc import Callable", *imports, "from typing import Any"]
    lines = [*imports, "", f"from django.db import {closing.partition('.')[0]}", "", "", *body.splitlines()]
    head = '"""Django closes the database connections of a request; a thread has to close its own."""\n\n'
    first = sources[0].text
    text = head + "".join(f"{line}\n" for line in lines)
    if any(line.startswith("\t") for line in first.splitlines()):
        text = text.replace("    ", "\t")
    return text.replace("\n", "\r\n") if "\r\n" in first else text
