"""Calls of Django that lead to other code of the project: models by name, commands, signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes, boxes, registered
from flake8_django_threads.values.domain import (
    NONE,
    NOTHING,
    Arguments,
    Bound,
    Box,
    ClassValue,
    Ext,
    Frame,
    Instance,
    Vals,
    Value,
    Wrapped,
    join,
    one,
    string,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter


def _get_model(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    label = string(arguments.get(0, "app_label") or NOTHING)
    name = string(arguments.get(1, "model_name") or NOTHING)
    if label is not None:
        app, _, model = (label, "", name) if name is not None else label.partition(".")
        found = run.model_classes.app_model(frame.module.path, app, model or "")
        if found is not None:
            return one(found)
    return one(Ext("django.db.models.Model"))


def _get_user_model(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return one(Ext("django.contrib.auth.models.User"))


def _call_command(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    from flake8_django_threads.values import touches

    given = arguments.get(0, "command_name") or NOTHING
    name = string(given)
    commands = [v for v in given if isinstance(v, Instance)]
    if name is not None:
        commands = [
            Instance(v)
            for place in run.resolver.commands_called(name, frame.module.path)
            for v in run.names.member(run.model_classes.module_at(place), "Command")
            if isinstance(v, ClassValue)
        ]
    if not commands:
        run.may_raise(at)
        ending = f".management.commands.{name}.Command"
        for row in run.models.rows("touch"):
            if row.path.endswith(ending):
                touches.touch(run, row, None, Arguments(), at, f"call_command.{name}")
        return NONE
    methods = join(attributes.of(run, command, "handle", at, frame) for command in commands)
    methods = frozenset(v for v in methods if isinstance(v, (Bound, Wrapped)))
    if methods:
        passed = Arguments([], dict(arguments.keywords), NOTHING, unknown("command option"))
        run.call(methods, passed, at, frame)
    return NONE


def _signal(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return one(Ext("django.dispatch.Signal()", None, "", (frame.module.path, at)))


def _connect(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if receiver is not None:
        run.store.add((receiver, registered.RECEIVERS), arguments.get(0, "receiver") or NOTHING)
    return NONE


def _receiver(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    signals = tuple(attributes.ordered(arguments.get(0, "signal") or NOTHING))
    return one(Ext("<receiver>", None, "", signals))


def connect_decorated(run: Interpreter, decorator: Ext, function: Vals) -> None:
    """``@receiver(signal)`` on a function: the signal will call it."""
    for signal in decorator.site if isinstance(decorator.site, tuple) else ():
        for each in boxes.values(run, signal) if isinstance(signal, Box) else (signal,):
            run.store.add((each, registered.RECEIVERS), function)


def _send(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    keywords = {**arguments.keywords, "signal": unknown("signal")}
    for each in registered.everything(registered.receivers(run, receiver)):
        run.call(one(each), Arguments(arguments.args, keywords), at, frame)
    run.may_raise(at)
    return unknown("result of a signal")


HANDLERS: dict[str, Handler] = {
    "django.apps.apps.get_model": _get_model,
    "django.contrib.auth.get_user_model": _get_user_model,
    "django.core.management.call_command": _call_command,
    "django.dispatch.Signal": _signal,
    "django.dispatch.Signal().connect": _connect,
    "django.dispatch.Signal().send": _send,
    "django.dispatch.Signal().send_robust": _send,
    "django.dispatch.receiver": _receiver,
}
