"""Apply edits to one file's text, and write down what was put in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from .edit import Edit, Function
from .fold_call import Fold, folded, folds
from .imports import Statement, add_import, with_blanks
from .names import Import, Names, bound_in, leading_import
from .source import NoEditError, Source, start, whole
from .swap_expression import swapped
from .wrap_at_boundary import HELPER, existing_helpers, helper_source, helper_statement, unwrapped, wrapped
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
    text of each expression that took the place of another.
    """

    text: str
    imports: tuple[Import, ...]
    bodies: Mapping[Place, Enclosed]
    targets: frozenset[Extent]
    helper: str
    added_helper: str
    swapped: Mapping[Extent, str] = MappingProxyType({})


def rewrite(source: Source, edits: Sequence[Edit]) -> Rewritten:
    """Apply all edits of one file together. Raise NoEditError where one of them has no place or nothing to do."""
    code, tail = _parted(source.text)
    try:
        module = cst.parse_module(code)
    except (cst.ParserSyntaxError, RecursionError) as error:
        raise NoEditError(f"libcst cannot read the file ({type(error).__name__})") from error
    if module.code != code:
        raise NoEditError("the file's newlines cannot be kept")
    names = Names(source.text, source.tree)
    positions = _positions(module)
    bodies: dict[cst.FunctionDef, tuple[Edit, Closing]] = {}
    for edit in edits:
        if edit.in_place:
            function = positions.functions.get(start(edit.span))
            if function is None:
                raise NoEditError("its definition is not where it was seen")
            bodies[function] = edit, _closing(source, names, edit)
    swaps: dict[cst.BaseExpression, cst.BaseExpression] = {}
    swapped_at: dict[Extent, str] = {}
    for edit in (edit for edit in edits if edit.swap):
        old = positions.expressions.get(whole(edit.span))
        beside = positions.expressions.get(whole(edit.inner)) if edit.inner is not None else None
        if old is None or (beside is None and edit.inner is not None):
            raise NoEditError("the expression is not where it was seen")
        swaps[old] = swapped(edit, old, beside, names, _around(source, start(edit.span)))
        swapped_at[whole(edit.span)] = module.code_for_node(swaps[old])
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
        helper, added = _helper(source, names, everything, min(start(span) for span in spans))
        calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
        done = {source.columns.whole(inner) for node in calls if (inner := unwrapped(node, helper)) is not None}
        if done & {whole(span) for span in spans}:
            raise NoEditError("the entry is wrapped already")
    extents = frozenset(whole(span) for span in spans)
    breaks = folds(source, extents, len(helper) + 2, module.default_indent) if targets else {}
    surgeon = _Surgeon(
        bodies, targets, helper, swaps, {positions.expressions[place]: fold for place, fold in breaks.items()}
    )
    body: list[Statement] = [_visited(statement, surgeon) for statement in module.body]
    if added:
        at = _above(module.body, positions, min(start(span) for span in spans))
        body[at] = with_blanks(body[at], 2)
        blanks = [cst.EmptyLine(indent=False)] * (2 if at else 0)
        body.insert(at, helper_statement(added).with_changes(leading_lines=blanks))
    module = module.with_changes(body=body)
    for wanted in names.added:
        module = add_import(module, wanted, source.path)
    text = module.code + tail
    return Rewritten(text, tuple(names.added), surgeon.enclosed, extents, helper, added, swapped_at)


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


def _parted(text: str) -> tuple[str, str]:
    """Cut off blank lines at the end, of which libcst loses some."""
    ends = re.search(r"[ \t\f]*(?:\r\n|\r|\n)?(?=[ \t\f\r\n]*\Z)", text)
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
    return name, helper_source(name, wraps, closing)


class _Positions(NamedTuple):
    functions: dict[Place, cst.FunctionDef]
    expressions: dict[Extent, cst.BaseExpression]
    ends: dict[cst.CSTNode, Place]


def _positions(module: cst.Module) -> _Positions:
    """Where the nodes are that an edit may name."""
    found = _Positions({}, {}, {})
    top = set(module.body)
    for node, span in MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider).items():
        first, last = (span.start.line, span.start.column), (span.end.line, span.end.column)
        if isinstance(node, cst.FunctionDef):
            found.functions[first] = node
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
        swaps: Mapping[cst.BaseExpression, cst.BaseExpression],
        breaks: Mapping[cst.BaseExpression, Fold],
    ) -> None:
        super().__init__()
        self._bodies, self._targets, self._helper, self._swaps = bodies, targets, helper, swaps
        self._breaks = breaks
        self.enclosed: dict[Place, Enclosed] = {}

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        """Give what the node becomes; its children are done."""
        if isinstance(original_node, cst.Call) and original_node in self._breaks:
            assert isinstance(updated_node, cst.Call)
            updated_node = folded(updated_node, self._breaks[original_node])
        if isinstance(original_node, cst.BaseExpression) and original_node in self._swaps:
            return self._swaps[original_node]
        if original_node in self._targets and isinstance(updated_node, cst.BaseExpression):
            return wrapped(updated_node, self._helper)
        if isinstance(original_node, cst.FunctionDef) and original_node in self._bodies:
            assert isinstance(updated_node, cst.FunctionDef)
            edit, closing = self._bodies[original_node]
            new, self.enclosed[start(edit.span)] = enclose(updated_node, closing, nest=edit.nest)
            return new
        return updated_node


def _visited(statement: Statement, surgeon: _Surgeon) -> Statement:
    new = statement.visit(surgeon)
    assert isinstance(new, Statement)
    return new
