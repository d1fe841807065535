"""Put another expression in the place of one: ``connections.all()``, or a close that is awaited."""

from __future__ import annotations

import libcst as cst

from .edit import Edit, Function
from .names import Names
from .source import NoEditError


def swapped(
    edit: Edit, old: cst.BaseExpression, inner: cst.BaseExpression | None, names: Names, chain: list[Function]
) -> cst.BaseExpression:
    """Give the new expression. ``chain`` are the functions around it, ``inner`` what the edit names beside it."""
    code = cst.Module([]).code_for_node
    if edit.swap == "iterate-all":
        if not isinstance(old, cst.Name | cst.Attribute):
            raise NoEditError("the loop is over something else")
        return cst.Call(cst.Attribute(old, cst.Name("all")))
    if not isinstance(old, cst.Call):
        raise NoEditError("the close is awaited already")
    close = code(inner) if inner is not None else f"{names.reach('django.db', 'connections', chain)}.close_all"
    return cst.parse_expression(f"await {names.reach('asgiref.sync', 'sync_to_async', chain)}({close})()")
