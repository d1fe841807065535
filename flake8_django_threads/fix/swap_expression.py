"""Put another expression in the place of one, such as ``connections.all()``, and say what it was made of.

Each swap is made from the old expression with the names that it needs, and has an inverse for the proof.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import NamedTuple

import libcst as cst

from .edit import Edit, Function
from .names import Import, Names
from .source import NoEditError
from .widen_close import close_all

Swap = Callable[[cst.BaseExpression], cst.BaseExpression]
_TEST_CASES = {
    ("django.test", "TestCase"): "TransactionTestCase",
    ("django.test.testcases", "TestCase"): "TransactionTestCase",
    ("rest_framework.test", "APITestCase"): "APITransactionTestCase",
}


def swap(edit: Edit, old: cst.BaseExpression, inner: str, names: Names, chain: Sequence[Function]) -> Swap:
    """Say how the expression is to be changed. ``chain`` are the functions around it, ``inner`` the text of the
    expression that the edit names beside it. Raise NoEditError where it is not what the edit speaks of."""
    return _SWAPS[edit.swap](Was(edit, old, inner, names, chain))


class Was(NamedTuple):
    """The expression to change and what ``swap`` was told of it."""

    edit: Edit
    old: cst.BaseExpression
    inner: str
    names: Names
    chain: Sequence[Function]


def _iterate_all(was: Was) -> Swap:
    if not isinstance(was.old, cst.Name | cst.Attribute):
        raise NoEditError("the loop is over something else")
    return lambda node: cst.Call(cst.Attribute(node, cst.Name("all")))


def _await_close(was: Was) -> Swap:
    if not isinstance(was.old, cst.Call):
        raise NoEditError("the close is awaited already")
    close = was.inner or f"{was.names.reach('django.db', 'connections', was.chain)}.close_all"
    made = cst.parse_expression(f"await {was.names.reach('asgiref.sync', 'sync_to_async', was.chain)}({close})()")
    return lambda _: made


def _bare_close_all(was: Was) -> Swap:
    if not isinstance(was.old, cst.Call) or not was.old.args:
        raise NoEditError("the close has no arguments")
    return lambda node: node.with_changes(args=[], whitespace_before_args=cst.SimpleWhitespace(""))


def _close_all(was: Was) -> Swap:
    return close_all(was.old, was.names, was.chain)


def _close_wrapper(was: Was) -> Swap:
    match was.old:
        case cst.Call(func=cst.Attribute(value=cst.Attribute(value=wrapper, attr=cst.Name("connection")))):
            return lambda node: node.with_deep_changes(node.func, value=wrapper)  # type: ignore[attr-defined]
    raise NoEditError("the close is Django's own")


def _on_commit(was: Was) -> Swap:
    if not isinstance(was.old, cst.Call) or _last_name(was.old.func) == "on_commit":
        raise NoEditError("the start waits for the commit already")
    later = f"{was.names.reach('django.db', 'transaction', was.chain)}.on_commit"
    partial = was.names.reach_module("functools", "partial") if was.old.args else ""
    using = [] if was.edit.alias == "default" else [_keyword("using", f'"{was.edit.alias}"')]

    def swapped(node: cst.BaseExpression) -> cst.BaseExpression:
        assert isinstance(node, cst.Call)
        made: cst.BaseExpression = node.func
        if node.args:
            begin = node.whitespace_before_args
            blank: cst.BaseParenthesizableWhitespace = _BLANK
            if isinstance(begin, cst.ParenthesizedWhitespace):
                blank = cst.ParenthesizedWhitespace(indent=begin.indent, last_line=begin.last_line)
            first = cst.Arg(node.func, comma=cst.Comma(whitespace_after=blank))
            made = node.with_changes(func=cst.parse_expression(partial), args=[first, *node.args], lpar=[], rpar=[])
        return cst.Call(cst.parse_expression(later), [cst.Arg(made), *using])

    return swapped


def _committing_case(was: Was) -> Swap:
    found = test_case(was.names, cst.Module([]).code_for_node(was.old))
    if found is None:
        raise NoEditError("the test's class is no TestCase of Django's")
    module, name = found
    new = _TEST_CASES[found]
    if isinstance(was.old, cst.Name) and was.old.value == name and was.names.is_free(new):
        was.names.give_up(Import(module, name), Import(module, new))
        return lambda _: cst.Name(new)
    made = cst.parse_expression(was.names.reach(module, new, was.chain))
    return lambda _: made


def test_case(names: Names, text: str) -> tuple[str, str] | None:
    """The class that rolls its tests back of which an expression is a name."""
    return next((found for found in _TEST_CASES if text in names.spellings(*found)), None)


def _committing_mark(was: Was) -> Swap:
    if isinstance(was.old, cst.Call) and any(
        arg.keyword and arg.keyword.value == "transaction" for arg in was.old.args
    ):
        raise NoEditError("the mark has the option already")

    def swapped(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Call):
            return cst.Call(node, [_keyword("transaction", "True")])
        if not node.args:
            return node.with_changes(args=[_keyword("transaction", "True")])
        last = node.args[-1]
        comma = last.comma if isinstance(last.comma, cst.Comma) else cst.MaybeSentinel.DEFAULT
        ended = last.with_changes(comma=cst.Comma(whitespace_after=_BLANK), whitespace_after_arg=_NONE)
        new = _keyword("transaction", "True").with_changes(comma=comma, whitespace_after_arg=last.whitespace_after_arg)
        return node.with_changes(args=[*node.args[:-1], ended, new])

    return swapped


_SWAPS = {
    "iterate-all": _iterate_all,
    "await-close-all": _await_close,
    "bare-close-all": _bare_close_all,
    "close-all": _close_all,
    "close-wrapper": _close_wrapper,
    "on-commit": _on_commit,
    "transaction-test-case": _committing_case,
    "transaction-mark": _committing_mark,
}
KINDS = tuple(_SWAPS)
_NONE, _BLANK = cst.SimpleWhitespace(""), cst.SimpleWhitespace(" ")


def _keyword(name: str, value: str) -> cst.Arg:
    equal = cst.AssignEqual(whitespace_before=_NONE, whitespace_after=_NONE)
    return cst.Arg(cst.parse_expression(value), cst.Name(name), equal)


def _last_name(expr: cst.BaseExpression) -> str:
    return expr.attr.value if isinstance(expr, cst.Attribute) else getattr(expr, "value", "")


def swapped_back(kind: str, old: ast.expr, new: ast.AST) -> ast.expr | None:
    """What the new expression was made of, for a comparison with the old one; None where it is not what it should be.

    Parts that the edit leaves out are those of ``old``.
    """
    match kind, new:
        case "iterate-all", ast.Call(func=ast.Attribute(value=inner, attr="all"), args=[], keywords=[]):
            return inner
        case "on-commit", ast.Call(func=ast.Attribute(attr="on_commit"), args=[ast.Attribute() as start]):
            return ast.copy_location(ast.Call(start, [], []), start)
        case "on-commit", ast.Call(func=ast.Attribute(attr="on_commit"), args=[ast.Call(args=[func, *args]) as made]):
            return ast.copy_location(ast.Call(func, args, made.keywords), made)
        case "bare-close-all", ast.Call(func=func, args=[], keywords=[]) if isinstance(old, ast.Call):
            return ast.copy_location(ast.Call(func, old.args, old.keywords), new)
        case "close-wrapper", ast.Call(func=ast.Attribute(value=wrapper, attr="close")) if isinstance(old, ast.Call):
            driver = ast.Attribute(wrapper, "connection", ast.Load())
            return ast.copy_location(ast.Call(ast.Attribute(driver, "close", ast.Load()), [], []), new)
        case "transaction-mark", ast.Call(func=func, args=args, keywords=[*rest, ast.keyword("transaction")]):
            bare = isinstance(old, ast.Attribute)
            return func if bare else ast.copy_location(ast.Call(func, args, rest), new)
        case "close-all", ast.Call(func=ast.Attribute(attr="close_all"), args=[], keywords=[]):
            return old
        case "await-close-all", ast.Await(value=ast.Call(func=ast.Call(args=[_]), args=[], keywords=[])):
            return old
        case "transaction-test-case", ast.Name() | ast.Attribute():
            return old
    return None
