"""Put a line above a statement: a close above a ``del`` or a fork, a mark above a test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from .edit import Edit, Function, own_nodes
from .names import Names
from .source import NoEditError, Source, start

ABOVE = ("close-before-del", "close-before-fork", "add-mark")


def line_above(edit: Edit, source: Source, names: Names) -> str:
    """The text to put above the statement of the edit: another statement, or what a decorator says.

    Raise NoEditError where it stands there already.
    """
    if edit.swap == "add-mark":
        return _mark(edit, source, names)
    if edit.swap == "close-before-fork":
        return _close_all(edit, source, names)
    for statements in _blocks(source.tree):
        for index, statement in enumerate(statements):
            match statement:
                case ast.Delete(targets=[ast.Subscript(value=holder, slice=alias)]) if source.columns.start(
                    statement
                ) == start(edit.span):
                    if any(isinstance(node, ast.Call | ast.NamedExpr | ast.Await) for node in own_nodes(alias)):
                        raise NoEditError("the alias is worked out where it is deleted")
                    text = f"{_written(source, holder)}[{_written(source, alias)}].close()"
                    if index and ast.dump(statements[index - 1]) == ast.dump(ast.parse(text).body[0]):
                        raise NoEditError("the connection is closed already")
                    return text
    raise NoEditError("the statement is not where it was seen")


def _mark(edit: Edit, source: Source, names: Names) -> str:
    text = f"{names.reach_module('pytest', 'mark')}.django_db(transaction=True)"
    wanted = ast.dump(ast.parse(text, mode="eval").body)
    for node in ast.walk(source.tree):
        if isinstance(node, Function) and source.columns.start(node) == start(edit.span):
            if any(ast.dump(mark) == wanted for mark in node.decorator_list):
                raise NoEditError("the test is marked already")
            return text
    raise NoEditError("the test is not where it was seen")


def _close_all(edit: Edit, source: Source, names: Names) -> str:
    text = f"{names.reach('django.db', 'connections', _around(source, start(edit.span)))}.close_all()"
    wanted = ast.dump(ast.parse(text).body[0])
    for statements in _blocks(source.tree):
        for before, statement in pairwise(statements):
            if source.columns.start(statement) == start(edit.span) and ast.dump(before) == wanted:
                raise NoEditError("the connections are closed already")
    return text


def _around(source: Source, place: tuple[int, int]) -> list[Function]:
    """The functions that a place is in, from the outermost on."""
    functions = (node for node in ast.walk(source.tree) if isinstance(node, Function))
    return [f for f in functions if source.columns.whole(f)[:2] <= place < source.columns.whole(f)[2:]]


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield value


def _written(source: Source, node: ast.expr) -> str:
    return ast.get_source_segment(source.text, node) or ast.unparse(node)


def with_line_above(node: cst.CSTNode, text: str) -> cst.FunctionDef | cst.FlattenSentinel[cst.BaseStatement]:
    """Give the statement with that text above it; blank lines and comments stay above both."""
    if isinstance(node, cst.FunctionDef):
        return node.with_changes(decorators=[cst.Decorator(cst.parse_expression(text)), *node.decorators])
    assert isinstance(node, cst.SimpleStatementLine)
    first = cst.parse_statement(text)
    assert isinstance(first, cst.SimpleStatementLine)
    return cst.FlattenSentinel(
        [first.with_changes(leading_lines=node.leading_lines), node.with_changes(leading_lines=[])]
    )
