"""Put one import where the file's own order of imports wants it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import libcst as cst

from .names import Import

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
_BLANK = cst.EmptyLine(indent=False)
# The line length of black and ruff; a longer line is not begun, a second import statement is.
_WIDTH = 88
# Calls of gevent and eventlet.
_PATCH = re.compile(r"^[^#\n]*\b(?:patch_all|monkey_patch)\(", re.MULTILINE)


def add_import(module: cst.Module, wanted: Import, path: str) -> cst.Module:
    """Add an import, into an existing one-line ``from`` import of the same module where there is one.

    What uses it stands behind all imports. ``path`` is the module's own: packages that lie beside it or above it
    are the project's and come last.
    """
    body = list(module.body)
    alone = _imports_one_name_a_line(body)
    for index, statement in enumerate(body):
        extended = None if alone else _extend(module, statement, wanted)
        if extended is not None:
            body[index] = extended
            return module.with_changes(body=body)
    return _insert(module, body, wanted, path)


def rename_import(module: cst.Module, old: Import, new: Import) -> cst.Module:
    """Import another name of the same module in the place of one."""
    body = list(module.body)
    for index, statement in enumerate(body):
        found = _only_import(statement)
        if isinstance(found, cst.ImportFrom) and not isinstance(found.names, cst.ImportStar):
            names = [
                alias.with_changes(name=cst.Name(new.name))
                if _dotted(alias.name) == old.name and alias.asname is None and _dotted(found.module) == old.module
                else alias
                for alias in found.names
            ]
            body[index] = statement.with_changes(body=[found.with_changes(names=names)])
    return module.with_changes(body=body)


def _extend(module: cst.Module, statement: cst.CSTNode, wanted: Import) -> cst.SimpleStatementLine | None:
    found = _only_import(statement)
    if not isinstance(found, cst.ImportFrom) or found.lpar or found.relative or isinstance(found.names, cst.ImportStar):
        return None
    if not wanted.name or _dotted(found.module) != wanted.module:
        return None
    aliases = list(found.names)
    # Those who sort imports keep a renamed name on a line of its own.
    if wanted.asname or any(alias.asname is not None for alias in aliases):
        return None
    key = _member_key(wanted.name)
    at = next((i for i, alias in enumerate(aliases) if _member_key(_dotted(alias.name)) > key), len(aliases))
    aliases.insert(at, cst.ImportAlias(cst.Name(wanted.name)))
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    aliases = [a.with_changes(comma=a.comma if isinstance(a.comma, cst.Comma) else comma) for a in aliases]
    aliases[-1] = aliases[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    new = found.with_changes(names=aliases)
    text = module.code_for_node(new)
    if len(text) > _WIDTH or "\n" in text:
        return None
    assert isinstance(statement, cst.SimpleStatementLine)
    return statement.with_changes(body=[new])


def _imports_one_name_a_line(body: Sequence[Statement]) -> bool:
    """Whether the file imports several names of one module, each in a statement of its own."""
    found = [small for statement in body if isinstance(small := _only_import(statement), cst.ImportFrom)]
    counts = [len(small.names) for small in found if not isinstance(small.names, cst.ImportStar)]
    modules = [_dotted(small.module) for small in found if not small.relative]
    modules = [name for name in modules if name != "__future__"]
    return len(set(modules)) < len(modules) and max(counts, default=0) <= 1


def _member_key(name: str) -> tuple[int, str]:
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)


def _insert(module: cst.Module, body: list[Statement], wanted: Import, path: str) -> cst.Module:
    first = _after_prologue(body)
    stop = first
    while stop < len(body) and _import_key(body[stop], path) is not None:
        stop += 1
    keys = {i: key for i in range(first, stop) if (key := _import_key(body[i], path)) is not None}
    new_key = _key(wanted.module, path, plain=not wanted.name)
    top = wanted.module.partition(".")[0]
    kin = [i for i, key in keys.items() if wanted.name and key[2].partition(".")[0] == top]
    kin = kin or _first_block(body, keys, new_key[0])
    header = list(module.header)
    if kin:
        at = max((i + 1 for i in kin if keys[i] <= new_key), default=kin[0])
        blanks, rest = split_blanks(body[at].leading_lines) if at == kin[0] else ([], ())
        if blanks:
            body[at] = body[at].with_changes(leading_lines=rest)
    else:
        at = max((i + 1 for i, key in keys.items() if key[0] < new_key[0]), default=first)
        blanks = [_BLANK] if at else []
        if at == 0:
            header, orphans = _split_header(header)
            body[0] = body[0].with_changes(leading_lines=[*orphans, *body[0].leading_lines])
        body[at] = with_blanks(body[at], 2 if isinstance(body[at], cst.FunctionDef | cst.ClassDef) else 1)
    body.insert(at, cst.parse_statement(wanted.statement).with_changes(leading_lines=blanks))
    return module.with_changes(body=body, header=header)


def _after_prologue(body: Sequence[Statement]) -> int:
    """The index behind the docstring and the ``__future__`` imports, and behind what patches the standard library.

    What Django makes when it is imported would not be patched: all greenlets would share one connection.
    """
    index = 0
    if body and isinstance(body[0], cst.SimpleStatementLine) and is_docstring(body[0].body[0]):
        index = 1
    while index < len(body):
        key = _import_key(body[index], "")
        if key is None or key[2] != "__future__":
            break
        index += 1
    patched = (i + 1 for i, statement in enumerate(body) if _patches(statement))
    return max(index, *patched, 0)


def _patches(statement: Statement) -> bool:
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return False
    return _PATCH.search(cst.Module([]).code_for_node(statement)) is not None


def is_docstring(statement: cst.BaseSmallStatement) -> bool:
    """Say whether a first statement is a docstring."""
    if not isinstance(statement, cst.Expr):
        return False
    value = statement.value
    if isinstance(value, cst.SimpleString):
        return "b" not in value.prefix.lower()
    return isinstance(value, cst.ConcatenatedString) and isinstance(value.evaluated_value, str)


def _first_block(body: Sequence[Statement], keys: dict[int, tuple[int, int, str]], section: int) -> list[int]:
    """The first run of imports of a section, up to the next blank line: what follows may be the project's own."""
    block: list[int] = []
    for index, key in keys.items():
        if block and (key[0] != section or split_blanks(body[index].leading_lines)[0]):
            break
        if key[0] == section:
            block.append(index)
    return block


def _split_header(header: list[cst.EmptyLine]) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """Part the comments that stand directly on the first statement from those of the file."""
    last_blank = max((i for i, line in enumerate(header) if line.comment is None), default=None)
    if last_blank is None:
        return header, []
    return header[: last_blank + 1], header[last_blank + 1 :]


def split_blanks(lines: Sequence[cst.EmptyLine]) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """Part the blank lines at the start from the rest."""
    count = next((i for i, line in enumerate(lines) if line.comment is not None), len(lines))
    return list(lines[:count]), list(lines[count:])


def with_blanks(statement: Statement, count: int) -> Statement:
    """Give a statement at least so many blank lines above it and its comments."""
    missing = count - len(split_blanks(statement.leading_lines)[0])
    return statement.with_changes(leading_lines=[*[_BLANK] * missing, *statement.leading_lines])


def _only_import(statement: cst.CSTNode) -> cst.Import | cst.ImportFrom | None:
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        small = statement.body[0]
        if isinstance(small, cst.Import | cst.ImportFrom):
            return small
    return None


def _import_key(statement: cst.CSTNode, path: str) -> tuple[int, int, str] | None:
    """The sort key of a line that begins with an import; None for any other statement."""
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    if isinstance(small, cst.Import):
        return _key(_dotted(small.names[0].name), path, plain=True)
    if isinstance(small, cst.ImportFrom):
        return (3, 1, _dotted(small.module)) if small.relative else _key(_dotted(small.module), path, plain=False)
    return None


def _key(module: str, path: str, *, plain: bool) -> tuple[int, int, str]:
    top = module.partition(".")[0]
    section = 0 if top in sys.stdlib_module_names else 2 if _is_local(top, path) else 1
    return section, 0 if plain else 1, module


@cache
def _is_local(top: str, path: str) -> bool:
    return any((folder / top).is_dir() or (folder / f"{top}.py").is_file() for folder in Path(path).parents)


def _dotted(node: cst.CSTNode | None) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""
