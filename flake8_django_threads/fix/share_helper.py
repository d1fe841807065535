"""One closing wrapper for several files of a package, in a module of its own that each of them imports."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    wraps = {path: [edit for edit in edits[path] if not edit.in_place and not edit.swap] for path in sources}
    sources = {path: source for path, source in sources.items() if wraps[path]}
    tops = {top for path, source in sources.items() for top in _tops(Path(path), source.tree)}
    packages = {path: dict(_packages(Path(path), tops)) for path in sources}
    for path, source in sources.items():
        if not packages[path] or f"def {HELPER}" in source.text:
            continue
        all_databases = any(edit.all_databases for edit in wraps[path])
        near = (folder for folder in packages[path] if _holds_it(folder / _MODULE, all_databases))
        if (folder := next(near, None)) is not None:
            found[path] = Shared(str(folder / _MODULE), f"{packages[path][folder]}.{HELPER}")
        else:
            groups[list(packages[path])[-1]].append(path)
    for paths in groups.values():
        common = next(folder for folder in packages[paths[0]] if all(folder in packages[path] for path in paths))
        if len(paths) > 1 and not (common / _MODULE).exists() and not (common / HELPER).exists():
            everything = any(edit.all_databases for path in paths for edit in wraps[path])
            text = _text([sources[path] for path in paths], everything)
            made = Shared(str(common / _MODULE), f"{packages[paths[0]][common]}.{HELPER}", text)
            found.update(dict.fromkeys(paths, made))
    return found


def _tops(path: Path, tree: ast.Module) -> Iterator[Path]:
    """The folder around a file that is one of Python's outermost packages: the file itself imports from it by name."""
    imported = [name.split(".") for name in _imported(tree)]
    for folder in path.parents:
        for top, *rest in imported:
            if top == folder.name and rest and ((folder / rest[0]).is_dir() or (folder / f"{rest[0]}.py").is_file()):
                yield folder
                break


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _packages(path: Path, tops: Collection[Path]) -> Iterator[tuple[Path, str]]:
    """The packages that a file is in, by folder and dotted name, from the innermost on."""
    outermost = next((top for top in reversed(path.parents) if top in tops), None)
    if outermost is None:
        return
    folders = [folder for folder in path.parents if folder == outermost or outermost in folder.parents]
    if all(folder.name.isidentifier() for folder in folders):
        for folder in folders:
            yield folder, ".".join(folder.relative_to(outermost.parent).parts)


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
