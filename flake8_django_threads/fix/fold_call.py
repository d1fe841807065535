"""Break a call into lines, as formatters do, where an edit made its line too long."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

import libcst as cst

from .edit import own_nodes
from .source import Source
from .width import line_width

Extent = tuple[int, int, int, int]
# Comments that speak to a tool of the line on which they stand.
_PRAGMA = re.compile(r"#.*\b(noqa|type|pylint|pragma|fmt|nosec|nosemgrep|pyright|mypy|isort)\b")


class Fold(NamedTuple):
    """How to break a call: the longest line, the indentation of its statement and what its own line has more, and a
    step of indentation."""

    width: int
    block: str
    more: str
    step: str


def folds(source: Source, targets: frozenset[Extent], longer: int, step: str) -> dict[Extent, Fold]:
    """The calls to break, by their places, where each of the ``targets`` makes its line so much ``longer``."""
    found: dict[Extent, Fold] = {}
    width, lines = line_width(source.path, source.text), source.lines
    for statement in (node for node in ast.walk(source.tree) if isinstance(node, ast.stmt)):
        for call in own_nodes(statement):
            if not isinstance(call, ast.Call) or any(
                isinstance(node, ast.stmt) for node in ast.walk(call) if node is not call
            ):
                continue
            for value in (*call.args, *(keyword.value for keyword in call.keywords)):
                place = source.columns.whole(value)
                line, comment = _parted(lines[place[0] - 1])
                if _PRAGMA.search(comment) or (call.lineno == place[0] and _is_bracketed(source, call)):
                    continue
                if place in targets and place[0] == place[2] and len(line) <= width < len(line) + longer:
                    block = _indentation(lines[statement.lineno - 1])
                    own = _indentation(lines[call.lineno - 1])
                    if own.startswith(block):
                        found[source.columns.whole(call)] = Fold(width, block, own[len(block) :], step)
    return found


def _is_bracketed(source: Source, call: ast.Call) -> bool:
    """Whether a bracket is open where a call begins: formatters would break that one first."""
    line, column = source.columns.start(call)
    before = source.lines[line - 1][:column]
    return any(before.count(begin) > before.count(end) for begin, end in ("()", "[]", "{}"))


def _parted(line: str) -> tuple[str, str]:
    comment = re.search(r"\s+#[^'\"]*$", line)
    return (line[: comment.start()], comment[0]) if comment else (line, "")


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def folded(call: cst.Call, fold: Fold) -> cst.Call:
    """Give the call with its arguments on a line of their own, or on one each.

    A call whose arguments stand on several lines, or with comments between, is left as it is.
    """
    code = cst.Module([]).code_for_node
    texts = [code(arg.with_changes(comma=cst.MaybeSentinel.DEFAULT)).rstrip() for arg in call.args]
    begin, end = call.whitespace_before_args, call.args[-1].whitespace_after_arg
    is_open = isinstance(begin, cst.ParenthesizedWhitespace)
    commas = [arg.comma.whitespace_after for arg in call.args if isinstance(arg.comma, cst.Comma)]
    is_apart = any(isinstance(blank, cst.ParenthesizedWhitespace) for blank in commas)
    if is_apart or any("\n" in text for text in texts) or is_open != isinstance(end, cst.ParenthesizedWhitespace):
        return call
    inner = begin if is_open else _new_line(fold.more + fold.step)
    last = call.args[-1].with_changes(whitespace_after_arg=_NONE)
    if not is_open:
        end = _new_line(fold.more)
        if len(f"{fold.block}{fold.more}{fold.step}{', '.join(texts)}") <= fold.width:
            last = last.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=end)
            return call.with_changes(args=[*call.args[:-1], last], whitespace_before_args=inner)
    between = cst.Comma(whitespace_after=_without_comment(inner))
    each = [arg.with_changes(comma=between) for arg in call.args[:-1]]
    return call.with_changes(
        args=[*each, last.with_changes(comma=cst.Comma(whitespace_after=end))], whitespace_before_args=inner
    )


_NONE = cst.SimpleWhitespace("")


def _without_comment(blank: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    if isinstance(blank, cst.ParenthesizedWhitespace):
        return cst.ParenthesizedWhitespace(indent=blank.indent, last_line=blank.last_line)
    return blank


def _new_line(indent: str) -> cst.ParenthesizedWhitespace:
    return cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(indent))
