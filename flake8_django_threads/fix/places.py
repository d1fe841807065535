"""Where the edits that close nothing go, and what speaks against them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from ..base import Remedy, Span
from .edit import Edit, Function
from .names import Names
from .source import NoEditError, Source, start
from .swap_expression import test_case

# What waits for a thread or a job has one of these names.
_WAITS = frozenset({"join", "result", "is_alive", "wait", "as_completed", "shutdown"})


def _on_commit(source: Source, remedy: Remedy, edit: Edit) -> Edit:
    """The statement that starts the thread; nothing in the function may need it before the commit."""
    if remedy.target is None or remedy.alias == "?":
        raise NoEditError("the start of the thread, or the database of the block, is not known")
    chain = list(_chain(source, remedy.target))
    call = next((node for node in chain if _at(source, node, remedy.target) and isinstance(node, ast.Call)), None)
    if call is None:
        raise NoEditError("the start of the thread stands in another file")
    if not any(isinstance(node, ast.Expr) and node.value is call for node in chain):
        raise NoEditError("what the start gives is used at once")
    root = next((node for node in chain if isinstance(node, Function)), source.tree)
    for node in ast.walk(root):
        if isinstance(node, ast.Call) and _name(node.func) in _WAITS and not _is_of_text(node.func):
            raise NoEditError("the function waits for the thread before the commit")
    pools = {
        ast.dump(_loaded(item.optional_vars))
        for node in chain
        if isinstance(node, ast.With | ast.AsyncWith)
        for item in node.items
        if item.optional_vars is not None
    }
    if isinstance(call.func, ast.Attribute) and ast.dump(call.func.value) in pools:
        raise NoEditError("the pool ends before the commit")
    return edit._replace(span=remedy.target, alias=remedy.alias)


def _case(source: Source, remedy: Remedy, edit: Edit) -> Edit:
    """The base of the test's class that rolls back."""
    klass = next((node for node in _chain(source, remedy.spawn) if isinstance(node, ast.ClassDef)), None)
    if klass is None:
        raise NoEditError("the test's class stands in another file")
    if any(isinstance(node, Function) and node.name == "setUpTestData" for node in klass.body):
        raise NoEditError("its setUpTestData is only called for a TestCase")
    names = Names(source.text, source.tree)
    for base in klass.bases:
        if test_case(names, ast.unparse(base)) is not None:
            return edit._replace(span=Span(edit.path, *source.columns.whole(base)))
    raise NoEditError("a base class that is written elsewhere makes it a TestCase")


def _mark(source: Source, remedy: Remedy, edit: Edit) -> Edit:
    """The mark on the test, else the test that gets one."""
    test = next((node for node in _chain(source, remedy.spawn) if isinstance(node, Function)), None)
    if test is None or not test.name.startswith("test"):
        raise NoEditError("a mark on a fixture is not heard")
    for mark in test.decorator_list:
        if _name(mark.func if isinstance(mark, ast.Call) else mark) == "django_db":
            return edit._replace(span=Span(edit.path, *source.columns.whole(mark)))
    return edit._replace(span=Span(edit.path, *source.columns.whole(test)), swap="add-mark")


def _deletion(source: Source, remedy: Remedy, edit: Edit) -> Edit:
    """The statement that deletes the connection, if that is all it does."""
    for node in _chain(source, remedy.spawn):
        if isinstance(node, ast.Delete) and len(node.targets) == 1:
            return edit._replace(span=Span(edit.path, *source.columns.whole(node)))
    raise NoEditError("the statement deletes other things too")


def _fork(source: Source, remedy: Remedy, edit: Edit) -> Edit:
    """The statement that makes the process."""
    statement = [node for node in _chain(source, remedy.spawn) if isinstance(node, ast.stmt)][-1]
    if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return):
        raise NoEditError("the process is made in the head of a statement")
    return edit._replace(span=Span(edit.path, *source.columns.whole(statement)))


PLACES: Mapping[str, Callable[[Source, Remedy, Edit], Edit]] = {
    "on-commit": _on_commit,
    "transaction-test-case": _case,
    "transaction-mark": _mark,
    "close-before-del": _deletion,
    "close-before-fork": _fork,
}


def _chain(source: Source, span: Span) -> Iterator[ast.AST]:
    """The nodes around a place, from the outermost on, and those that are it."""
    first, last = start(span), (span.end_line, span.end_col)
    for node in ast.walk(source.tree):
        if hasattr(node, "lineno"):
            whole = source.columns.whole(node)
            begin = min([whole[:2], *map(source.columns.start, getattr(node, "decorator_list", ()))])
            if begin <= first and last <= whole[2:]:
                yield node


def _at(source: Source, node: ast.AST, span: Span) -> bool:
    return source.columns.whole(node) == span[1:]


def _name(expr: ast.expr) -> str:
    return expr.attr if isinstance(expr, ast.Attribute) else expr.id if isinstance(expr, ast.Name) else ""


def _is_of_text(func: ast.expr) -> bool:
    if not isinstance(func, ast.Attribute):
        return False
    return isinstance(func.value, ast.Constant | ast.JoinedStr) or _name(func.value) == "path"


def _loaded(target: ast.expr) -> ast.expr:
    """The target of a with statement as the expression that reads it."""
    return ast.parse(ast.unparse(target), mode="eval").body
