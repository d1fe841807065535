"""Signal receivers: what the object is that a receiver of a model's signals is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import model_attributes
from flake8_django_threads.values.domain import NOTHING, ClassValue, Ext, Frame, Vals, one

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def parameter(run: Interpreter, frame: Frame, name: str) -> Vals:
    """What ``instance`` or ``sender`` is, where ``sender=`` names a model as the receiver is connected; else empty."""
    function = frame.function
    if name not in ("instance", "sender") or function is None:
        return NOTHING
    outside = frame.parent or run.module_frame(frame.module)
    found = NOTHING
    for call in (*_marks(function), *_connections(frame.module, function)):
        sender = next((k.value for k in call.keywords if k.name == "sender"), None)
        if sender is None:
            continue
        with run.detached():
            models = frozenset(v for v in run.evaluate(outside, sender) if isinstance(v, (ClassValue, Ext)))
        models = frozenset(v for v in models if model_attributes.is_model(run, v))
        found |= models if name == "sender" else frozenset().union(*(one(model_attributes.row_of(v)) for v in models))
    return found


def _marks(function: r.Function) -> list[r.Call]:
    """The decorators with a ``sender=``: only ``receiver`` takes one."""
    marks = [d for d in function.decorators if isinstance(d, r.Call)]
    return [d for d in marks if _last(d.func) == "receiver"]


def _connections(module: r.ModuleFacts, function: r.Function) -> list[r.Call]:
    """``signal.connect(function, ...)`` in the same module."""
    return [
        call
        for call, _ in module.calls
        if isinstance(call.func, r.Attr)
        and call.func.name == "connect"
        and call.args
        and _last(call.args[0]) == function.name
    ]


def _last(expr: r.Expr) -> str:
    return expr.id if isinstance(expr, r.Name) else expr.name if isinstance(expr, r.Attr) else ""
