"""Leave the entry as it is and hand a closing version of it to the other thread."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from .edit import Function

HELPER = "closing_connections"
_NONE = cst.SimpleWhitespace("")


class Types(NamedTuple):
    """How the module spells ``Callable`` and ``Any``."""

    callable: str
    any: str


def helper_source(name: str, wraps: str, closing: str, types: Types | None) -> str:
    """The text of the module-level helper: ``name(function)`` runs the function and closes behind it."""
    code, any_args, any_kwargs, code_back, back = "", "", "", "", ""
    if types is not None:
        handed = f"{types.callable}[..., {types.any}]"
        code, code_back, back = f": {handed}", f" -> {handed}", f" -> {types.any}"
        any_args = any_kwargs = f": {types.any}"
    return f'''\
def {name}(function{code}){code_back}:
    """Run the function, then close its thread's database connections."""

    @{wraps}(function)
    def run(*args{any_args}, **kwargs{any_kwargs}){back}:
        try:
            return function(*args, **kwargs)
        finally:
            {closing}

    return run
'''


def wants_types(tree: ast.Module) -> bool:
    """Whether most functions of a file say something of their types."""
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    return sum(map(_says_types, functions)) * 2 > len(functions)


def _says_types(function: Function) -> bool:
    given = function.args
    return function.returns is not None or any(
        argument.annotation is not None for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)
    )


def helper_statement(source: str) -> cst.FunctionDef:
    """The helper as a node that takes over the newlines and the indentation of the module it goes into."""
    (statement,) = cst.parse_module(source).body
    assert isinstance(statement, cst.FunctionDef)
    return statement


def wrapped(target: cst.BaseExpression, helper: str) -> cst.Call:
    """The target expression, evaluated where it was, as argument of the helper."""
    begin: cst.BaseParenthesizableWhitespace = _NONE
    end: cst.BaseParenthesizableWhitespace = _NONE
    if len(target.lpar) == 1 and not isinstance(target, cst.Yield | cst.Tuple | cst.GeneratorExp):
        begin, end = (
            blank if isinstance(blank, cst.ParenthesizedWhitespace) else _NONE
            for blank in (target.lpar[0].whitespace_after, target.rpar[0].whitespace_before)
        )
        target = target.with_changes(lpar=[], rpar=[])
    return cst.Call(cst.Name(helper), [cst.Arg(target, whitespace_after_arg=end)], whitespace_before_args=begin)


def existing_helpers(tree: ast.Module, wraps: str, closing: str) -> Iterator[ast.FunctionDef]:
    """Every module-level function that is the helper, letter by letter but for its name and its types."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            wanted = ast.parse(helper_source(statement.name, wraps, closing, None)).body[0]
            if ast.dump(_without_types(statement)) == ast.dump(wanted):
                yield statement


def _without_types(statement: ast.FunctionDef) -> ast.AST:
    copied = copy.deepcopy(statement)
    for node in ast.walk(copied):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return copied


def unwrapped(node: ast.AST, helper: str) -> ast.expr | None:
    """What stands in ``helper(...)``; None where the node is anything else."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name == helper:
            return argument
    return None
