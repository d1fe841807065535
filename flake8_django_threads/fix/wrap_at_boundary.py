"""Leave the entry as it is and hand a closing version of it to the other thread."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

HELPER = "closing_connections"


def helper_source(name: str, wraps: str, closing: str) -> str:
    """The text of the module-level helper: ``name(function)`` runs the function and closes behind it."""
    return f'''\
def {name}(function):
    """Run the function so that its thread's database connections are closed when it ends."""

    @{wraps}(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            {closing}

    return run
'''


def helper_statement(source: str) -> cst.FunctionDef:
    """The helper as a node that takes over the newlines and the indentation of the module it goes into."""
    (statement,) = cst.parse_module(source).body
    assert isinstance(statement, cst.FunctionDef)
    return statement


def wrapped(target: cst.BaseExpression, helper: str) -> cst.Call:
    """The target expression, evaluated where it was, as argument of the helper."""
    match target.lpar, target.rpar:
        case (
            [cst.LeftParen(whitespace_after=cst.SimpleWhitespace())],
            [cst.RightParen(whitespace_before=cst.SimpleWhitespace())],
        ) if not isinstance(target, cst.Yield | cst.Tuple | cst.GeneratorExp):
            target = target.with_changes(lpar=[], rpar=[])
    return cst.Call(func=cst.Name(helper), args=[cst.Arg(target)])


def existing_helpers(tree: ast.Module, wraps: str, closing: str) -> Iterator[ast.FunctionDef]:
    """Every module-level function that is the helper, letter by letter but for its name."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and ast.dump(statement) == ast.dump(
            ast.parse(helper_source(statement.name, wraps, closing)).body[0]
        ):
            yield statement


def unwrapped(node: ast.AST, helper: str) -> ast.expr | None:
    """What stands in ``helper(...)``; None where the node is anything else."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name == helper:
            return argument
    return None
