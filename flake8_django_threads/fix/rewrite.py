"""Apply edits to one file's text, and write down what was put in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from .edit import Edit, Function
from .fold_call import Fold, folded, folds
from .imports import Statement, add_import, rename_import, with_blanks
from .names import Import, Names, bound_in, leading_import
from .share_helper import Shared
from .source import NoEditError, Source, start, whole
from .stand_above import ABOVE, line_above, with_line_above
from .swap_expression import Swap, swap
from .wrap_at_boundary import (
    HELPER,
    Types,
    existing_helpers,
    helper_source,
    helper_statement,
    unwrapped,
    wants_types,
    wrapped,
)
from .wrap_in_place import Closing, Enclosed, enclose

Place = tuple[int, int]
Extent = tuple[int, int, int, int]
_DATABASES = "django.db"
_CLOSES = {
    "connections": (".close_all",),
    "connection": (".close",),
    "close_old_connections": ("",),
}


class Rewritten(NamedTuple):
    """A new text and what it has more than the old one. Places are those of the old text.

    ``helper`` is the name that ``targets`` are wrapped in, ``added_helper`` its text if it is new. ``swapped`` has the
    kind of edit of each expression that was made into another one, and ``above`` the text put above a statement, a
    decorator's or another statement's. ``renamed`` are the imports that give another name now.
    """

    text: str
    imports: tuple[Import, ...]
    bodies: Mapping[Place, Enclosed]
    targets: frozenset[Extent]
    helper: str
    added_helper: str
    swapped: Mapping[Extent, str] = MappingProxyType({})
    above: Mapping[Place, str] = MappingProxyType({})
    renamed: tuple[tuple[Import, Import], ...] = ()


def rewrite(source: Source, edits: Sequence[Edit], shared: Shared | None = None) -> Rewritten:
    """Apply all edits of one file together, with a ``shared`` wrapper if there is one.

    Raise NoEditError where one of them has no place or nothing to do.
    """
    module, tail, positions = _read(source)
    names = Names(source.text, source.tree)
    bodies: dict[cst.FunctionDef, tuple[Edit, Closing]] = {}
    for edit in edits:
        if edit.in_place:
            function = positions.functions.get(start(edit.span))
            if function is None:
                raise NoEditError("its definition is not where it was seen")
            bodies[function] = edit, _closing(source, names, edit)
    swaps, above = _other_edits(source, module, names, positions, edits)
    spans = [edit.span for edit in edits if not edit.in_place and not edit.swap]
    targets: set[cst.BaseExpression] = set()
    for span in spans:
        target = positions.expressions.get(whole(span))
        if target is None:
            raise NoEditError("the spawn's argument is not where it was seen")
        if isinstance(target, cst.BaseString):
            raise NoEditError("the entry is named by a text, which cannot be wrapped")
        targets.add(target)
    helper, added = "", ""
    if targets:
        everything = any(edit.all_databases for edit in edits if not edit.in_place and not edit.swap)
        if shared is not None:
            helper = names.reach(shared.module, HELPER)
        else:
            helper, added = _helper(source, names, everything, min(start(span) for span in spans))
        calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
        done = {source.columns.whole(inner) for node in calls if (inner := unwrapped(node, helper)) is not None}
        if done & {whole(span) for span in spans}:
            raise NoEditError("the entry is wrapped already")
    extents = frozenset(whole(span) for span in spans)
    breaks = folds(source, extents, len(helper) + 2, module.default_indent) if targets else {}
    lines_above = {positions.statements[place]: text for place, text in above.items()}
    folded_calls = {positions.expressions[place]: fold for place, fold in breaks.items()}
    surgeon = _Surgeon(bodies, targets, helper, swaps, lines_above, folded_calls, module.default_indent)
    body = [_visited(statement, surgeon) for statement in module.body]
    if added:
        at = _above(module.body, positions, min(start(span) for span in spans))
        blanks = [cst.EmptyLine(indent=False)] * (2 if at else 0)
        new = helper_statement(added).with_changes(leading_lines=blanks)
        body[at][:1] = [new, with_blanks(body[at][0], 2)]
    module = module.with_changes(body=[statement for part in body for statement in part])
    renamed = names.settle()
    for old_name, new_name in renamed:
        module = rename_import(module, old_name, new_name)
    for wanted in names.added:
        module = add_import(module, wanted, source.path)
    return Rewritten(
        module.code + tail,
        tuple(names.added),
        surgeon.enclosed,
        extents,
        helper,
        added,
        {whole(edit.span): edit.swap for edit in edits if edit.swap and edit.swap not in ABOVE},
        above,
        renamed,
    )


def _other_edits(
    source: Source, module: cst.Module, names: Names, positions: _Positions, edits: Sequence[Edit]
) -> tuple[dict[cst.BaseExpression, Swap], dict[Place, str]]:
    """The expressions to change, and the lines to put above statements."""
    swaps: dict[cst.BaseExpression, Swap] = {}
    above: dict[Place, str] = {}
    for edit in edits:
        if edit.swap in ABOVE:
            if start(edit.span) not in positions.statements:
                raise NoEditError("the statement shares its line with others")
            above[start(edit.span)] = line_above(edit, source, names)
        elif edit.swap:
            old = positions.expressions.get(whole(edit.span))
            beside = positions.expressions.get(whole(edit.inner)) if edit.inner is not None else None
            if old is None or (beside is None and edit.inner is not None):
                raise NoEditError("the expression is not where it was seen")
            inner = module.code_for_node(beside) if beside is not None else ""
            swaps[old] = swap(edit, old, inner, names, _around(source, start(edit.span)))
    return swaps, above


def _above(body: Sequence[cst.CSTNode], positions: _Positions, first: Place) -> int:
    """Where a function goes that is called at ``first``: above the definition around it, or behind the last one."""
    at = next(i for i, old in enumerate(body) if positions.ends[old] > first)
    definition = cst.FunctionDef | cst.ClassDef
    if isinstance(body[at], definition):
        return at
    last = next((i for i in reversed(range(at)) if not _is_plain(body[i])), -1)
    return last + 1 if last >= 0 and isinstance(body[last], definition) else at


def _is_plain(statement: cst.CSTNode) -> bool:
    """Whether a statement is of one line and no import."""
    return isinstance(statement, cst.SimpleStatementLine) and not isinstance(
        statement.body[0], cst.Import | cst.ImportFrom
    )


@lru_cache(maxsize=1)
def _read(source: Source) -> tuple[cst.Module, str, _Positions]:
    """The file as libcst sees it, and the blank lines at its end; the proofs ask for each edit anew."""
    code, tail = _parted(source.text)
    try:
        module = cst.parse_module(code)
    except (cst.ParserSyntaxError, RecursionError) as error:
        raise NoEditError(f"libcst cannot read the file ({type(error).__name__})") from error
    if module.code != code:
        raise NoEditError("the file's newlines cannot be kept")
    return module, tail, _positions(module)


def _parted(text: str) -> tuple[str, str]:
    """Cut off blank lines at the end, of which libcst loses some."""
    ends = re.compile(r"[ \t\f]*(?:\r\n|\r|\n)?").match(text, len(text.rstrip(" \t\f\r\n")))
    assert ends is not None
    return text[: ends.end()], text[ends.end() :]


def _closing(source: Source, names: Names, edit: Edit) -> Closing:
    """How a body is to be closed: by a close of its own that can be moved, else by a new one."""
    chain = next(_chains(source, source.tree.body, start(edit.span)))
    function = chain[-1]
    skip = 0 if ast.get_docstring(function, clean=False) is None else 1
    while skip < len(function.body) and isinstance(function.body[skip], ast.Global | ast.Nonlocal):
        skip += 1
    name, call = ("connections", "close_all") if edit.all_databases else ("connection", "close")
    imports = _leading_imports(function, skip)
    if edit.move:
        own = dict(_own_closes(names, chain, skip))
        last = function.body[-1]
        if (text := ast.unparse(last)) in own:
            lead = max(own[text], imports if imports < len(function.body) - 1 else skip)
            return Closing(text, lead, True, frozenset(own))
        if isinstance(last, ast.Try) and last.finalbody and (text := ast.unparse(last.finalbody[-1])) in own:
            return Closing(text, max(own[text], imports), False, frozenset(own))
    opening = leading_import(function, _DATABASES, name, skip)
    root, lead = opening or (names.reach(_DATABASES, name, chain), skip)
    text = f"{root}.{call}()"
    return Closing(text, max(lead, imports if imports < len(function.body) else skip), False, frozenset([text]))


def _leading_imports(function: Function, skip: int) -> int:
    """The number of statements up to the end of the imports that open a body; those need no close."""
    while skip < len(function.body) and isinstance(function.body[skip], ast.Import | ast.ImportFrom):
        skip += 1
    return skip


def _own_closes(names: Names, chain: Sequence[Function], skip: int) -> Iterator[tuple[str, int]]:
    """Every statement that closes and can stand in a ``finally`` here, and where the ``try`` may begin."""
    local = {name for function in chain for name, _ in bound_in(function)}
    for name, calls in _CLOSES.items():
        opening = leading_import(chain[-1], _DATABASES, name, skip)
        if opening:
            yield from ((f"{opening[0]}{call}()", opening[1]) for call in calls)
        for root in names.spellings(_DATABASES, name):
            if root.partition(".")[0] not in local:
                yield from ((f"{root}{call}()", skip) for call in calls)


def _around(source: Source, place: Place) -> list[Function]:
    """The functions whose text holds a place, from the outermost on."""
    functions = (node for node in ast.walk(source.tree) if isinstance(node, Function))
    return [f for f in functions if source.columns.whole(f)[:2] <= place < source.columns.whole(f)[2:]]


def _chains(source: Source, nodes: Sequence[ast.AST], place: Place) -> Iterator[list[Function]]:
    """The functions around and including the ``def`` at a place, from the outermost on."""
    for node in nodes:
        if isinstance(node, Function) and source.columns.start(node) == place:
            yield [node]
        for chain in _chains(source, list(ast.iter_child_nodes(node)), place):
            yield [node, *chain] if isinstance(node, Function) else chain


def _helper(source: Source, names: Names, all_databases: bool, before: Place) -> tuple[str, str]:
    """The helper's name, and its text if the file does not have it yet above ``before``."""
    root = names.reach(_DATABASES, "connections" if all_databases else "connection")
    closing = f"{root}.close_all()" if all_databases else f"{root}.close()"
    wraps = names.reach_module("functools", "wraps")
    for statement in existing_helpers(source.tree, wraps, closing):
        if source.columns.start(statement) < before:
            return statement.name, ""
    name = names.fresh(HELPER)
    return name, helper_source(name, wraps, closing, _types(source, names))


def _types(source: Source, names: Names) -> Types | None:
    """The types that the helper is to have: some where most functions have some."""
    if not wants_types(source.tree):
        return None
    modules = {"Callable": ("collections.abc", "typing"), "Any": ("typing",)}
    known = {name: names.written(name, *origins) for name, origins in modules.items()}
    if not all(spelling or names.is_free(name) for name, spelling in known.items()):
        return None
    return Types(*(known[name] or names.reach(origins[0], name) for name, origins in modules.items()))


class _Positions(NamedTuple):
    functions: dict[Place, cst.FunctionDef]
    statements: dict[Place, cst.CSTNode]
    expressions: dict[Extent, cst.BaseExpression]
    ends: dict[cst.CSTNode, Place]


def _positions(module: cst.Module) -> _Positions:
    """Where the nodes are that an edit may name."""
    found = _Positions({}, {}, {}, {})
    top = set(module.body)
    for node, span in MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider).items():
        first, last = (span.start.line, span.start.column), (span.end.line, span.end.column)
        if isinstance(node, cst.FunctionDef):
            found.functions[first] = found.statements[first] = node
        elif isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
            found.statements[first] = node
        elif isinstance(node, cst.BaseExpression):
            found.expressions[*first, *last] = node
        if node in top:
            found.ends[node] = last
    return found


class _Surgeon(cst.CSTTransformer):
    """Replace the bodies and targets that were picked out before."""

    def __init__(
        self,
        bodies: Mapping[cst.FunctionDef, tuple[Edit, Closing]],
        targets: set[cst.BaseExpression],
        helper: str,
        swaps: Mapping[cst.BaseExpression, Swap],
        above: Mapping[cst.CSTNode, str],
        breaks: Mapping[cst.BaseExpression, Fold],
        step: str,
    ) -> None:
        super().__init__()
        self._step = step
        self._bodies, self._targets, self._helper, self._swaps = bodies, targets, helper, swaps
        self._above, self._breaks = above, breaks
        self.enclosed: dict[Place, Enclosed] = {}

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.FlattenSentinel[cst.BaseStatement]:
        """Give what the node becomes; its children are done."""
        if isinstance(original_node, cst.Call) and original_node in self._breaks:
            assert isinstance(updated_node, cst.Call)
            updated_node = folded(updated_node, self._breaks[original_node])
        if isinstance(original_node, cst.BaseExpression) and original_node in self._swaps:
            assert isinstance(updated_node, cst.BaseExpression)
            updated_node = self._swaps[original_node](updated_node)
        if original_node in self._targets and isinstance(updated_node, cst.BaseExpression):
            return wrapped(updated_node, self._helper)
        if isinstance(original_node, cst.FunctionDef) and original_node in self._bodies:
            assert isinstance(updated_node, cst.FunctionDef)
            edit, closing = self._bodies[original_node]
            updated_node, self.enclosed[start(edit.span)] = enclose(updated_node, closing, self._step, nest=edit.nest)
        if original_node in self._above:
            return with_line_above(updated_node, self._above[original_node])
        return updated_node


def _visited(statement: Statement, surgeon: _Surgeon) -> list[Statement]:
    new = statement.visit(surgeon)
    made = list(new) if isinstance(new, cst.FlattenSentinel) else [new]
    return [part for part in made if isinstance(part, Statement)]
