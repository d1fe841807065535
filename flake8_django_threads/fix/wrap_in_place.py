"""Put a function's body under ``try`` and the close into its ``finally``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import libcst as cst

from .imports import Statement, split_blanks
from .source import NoEditError


class Enclosed(NamedTuple):
    """What was done to a body, so that it can be taken out again.

    ``text`` is the close, and ``lead`` statements stay before the ``try``. That is a new one (``nested``), or an
    existing one that got a ``finally`` (``added``) or one more statement in it (``appended``). ``moved`` says that
    the close was the body's own last statement.
    """

    text: str
    lead: int
    shape: Literal["nested", "added", "appended"]
    moved: bool


class Closing(NamedTuple):
    """How a body is to be closed.

    ``text`` is the statement; with ``move`` it is the body's own last one. ``lead`` statements are left in front
    of the ``try``, docstring included. A ``finally`` that ends with one of ``enough`` needs no other.
    """

    text: str
    lead: int
    move: bool
    enough: frozenset[str]


def enclose(function: cst.FunctionDef, closing: Closing, step: str, *, nest: bool) -> tuple[cst.FunctionDef, Enclosed]:
    """Give the function with the close run however its body ends.

    With ``nest`` an existing ``try`` is left as it is. ``step`` is the module's step of indentation. Raise NoEditError
    where the body is closed already, or empty.
    """
    lead, move = closing.lead, closing.move
    block = _block(function.body)
    head, rest = _split(block.body, lead)
    tail: Statement = cst.parse_statement(closing.text)
    if move:
        rest, moved = _split(rest, _count(rest) - 1)
        tail = moved[0].with_changes(leading_lines=split_blanks(moved[0].leading_lines)[1])
    if not rest:
        raise NoEditError("the body has nothing to wrap")
    only = rest[0] if len(rest) == 1 and isinstance(rest[0], cst.Try | cst.TryStar) else None
    if only is not None and only.finalbody is not None:
        final_lines = _block(only.finalbody.body).body
        if _code(final_lines[-1]) in closing.enough and (not nest or len(final_lines) == 1):
            raise NoEditError("the body is closed already")
    footer = list(block.footer)

    final = cst.Finally(body=cst.IndentedBlock(body=[tail], indent=block.indent, footer=footer if move else []))
    enclosing: cst.Try | cst.TryStar
    shape: Literal["nested", "added", "appended"]
    if only is None or nest:
        blanks, own = split_blanks(rest[0].leading_lines)
        if own and own[0].comment is not None and own[0].comment.value.startswith("# type: ("):
            # The signature's types have to stay the first line of the body.
            blanks, own = [*blanks, own[0]], own[1:]
        if not blanks and head and _is_import(head[-1]):
            blanks = [cst.EmptyLine(indent=False)]
        deeper = _Deeper(block.indent or step)
        rest = [deeper.moved(rest[0].with_changes(leading_lines=own)), *map(deeper.moved, rest[1:])]
        inner = cst.IndentedBlock(body=rest, indent=block.indent, footer=[] if move else footer)
        enclosing, shape, footer = cst.Try(leading_lines=blanks, body=inner, finalbody=final), "nested", []
    elif only.finalbody is None:
        enclosing, shape, footer = only.with_changes(finalbody=final), "added", [] if move else footer
    else:
        old = _block(only.finalbody.body)
        longer = old.with_changes(body=[*old.body, tail])
        enclosing, shape = only.with_changes(finalbody=only.finalbody.with_changes(body=longer)), "appended"
    done = Enclosed(closing.text, lead, shape, move)
    return function.with_changes(body=block.with_changes(body=[*head, enclosing], footer=footer)), done


class _Deeper(cst.CSTTransformer):
    """Move the lines that a backslash continues as far as those that begin a statement."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step

    def moved(self, statement: Statement) -> Statement:
        """The statement, one step deeper."""
        moved = statement.visit(self)
        assert isinstance(moved, Statement)
        return moved

    def leave_SimpleWhitespace(  # noqa: N802 - libcst's name
        self,
        original_node: cst.SimpleWhitespace,  # noqa: ARG002
        updated_node: cst.SimpleWhitespace,
    ) -> cst.SimpleWhitespace:
        """Blanks hold a newline only behind a backslash."""
        return updated_node.with_changes(value=updated_node.value.replace("\n", f"\n{self._step}"))


def _block(suite: cst.BaseSuite) -> cst.IndentedBlock:
    """The suite as a block of its own lines; ``def f(): return 1  # why`` keeps its comment on the statement."""
    if isinstance(suite, cst.IndentedBlock):
        return suite
    assert isinstance(suite, cst.SimpleStatementSuite)
    return cst.IndentedBlock(body=[cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)])


def _is_import(statement: Statement) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(
        statement.body[-1], cst.Import | cst.ImportFrom
    )


def _count(lines: Sequence[cst.CSTNode]) -> int:
    return sum(len(line.body) if isinstance(line, cst.SimpleStatementLine) else 1 for line in lines)


def _split(lines: Sequence[cst.CSTNode], count: int) -> tuple[list[Statement], list[Statement]]:
    """Cut a body behind ``count`` statements, within a line ``a; b`` if need be."""
    before: list[Statement] = []
    after: list[Statement] = []
    for line in lines:
        assert isinstance(line, Statement)
        size = len(line.body) if isinstance(line, cst.SimpleStatementLine) else 1
        if size <= count:
            before.append(line)
        elif count <= 0:
            after.append(line)
        else:
            assert isinstance(line, cst.SimpleStatementLine)
            ended = line.body[count - 1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            first = line.with_changes(body=[*line.body[: count - 1], ended])
            before.append(first.with_changes(trailing_whitespace=cst.TrailingWhitespace()))
            after.append(line.with_changes(body=line.body[count:], leading_lines=[]))
        count -= size
    return before, after


def _code(line: cst.CSTNode) -> str:
    """The last statement of a line as text, without comments."""
    last = line.body[-1] if isinstance(line, cst.SimpleStatementLine) else line
    return cst.Module([]).code_for_node(last).rstrip("; \t")
