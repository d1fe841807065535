"""Finds out how to call a case: which of its functions nobody else there names, and with which arguments."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import threading
import unittest
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from types import ModuleType
from typing import Any

# What a parameter of this name is given, where nothing is declared.
BY_NAME: dict[str, Callable[[], Any]] = {
    "request": lambda: get(),
    "pk": lambda: 1,
    "id": lambda: 1,
    "pks": lambda: [1, 2],
    "path": lambda: "some.txt",
    "depth": lambda: 2,
    "tidy": lambda: True,
    "paid": lambda: True,
    "alias": lambda: "default",
    "later": lambda: False,
    "form": lambda: None,
    "job": lambda: print,
    "jobs": lambda: [print],
    "delay": lambda: 0,
    # What pytest-django's own fixtures give.
    "db": lambda: None,
    "transactional_db": lambda: None,
}


class UnknownArgumentError(Exception):
    """Nothing says what to give a function's parameter: the case needs a ``# run:`` line."""


def roots(modules: dict[str, ModuleType], sources: dict[str, str]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Name and call of each function, method, test and thread class of the case that the case itself never names."""
    named: Counter[str] = Counter()
    for source in sources.values():
        named.update(_named(ast.parse(source)))
    for path, module in modules.items():
        for name, found in list(vars(module).items()):
            if getattr(found, "__module__", None) != module.__name__ or name.startswith("__"):
                continue
            if inspect.isclass(found):
                yield from ((f"{path} {name}.{one}", call) for one, call in _of_class(found, named))
            elif callable(found) and not named[name] and type(found).__name__ != "FixtureFunctionDefinition":
                yield f"{path} {name}", functools.partial(call, found)


def tests(module: ModuleType) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Name and call of each test of the module."""
    for found in list(vars(module).values()):
        if inspect.isclass(found) and issubclass(found, unittest.TestCase) and found.__module__ == module.__name__:
            yield from _of_class(found, Counter())


def call(function: Callable[..., Any], argument: Callable[[inspect.Parameter], Any] | None = None) -> Any:
    """Call it with arguments made up from names and annotations; a coroutine runs as in Django's own handler.

    Raises UnknownArgumentError, unless ``argument`` makes up others.
    """
    from asgiref.sync import async_to_sync

    args, kwargs = _arguments(function, argument or _argument)
    if inspect.iscoroutinefunction(function):
        return async_to_sync(function)(*args, **kwargs)
    return function(*args, **kwargs)


def _of_class(klass: type, named: Counter[str]) -> Iterator[tuple[str, Callable[[], Any]]]:
    from django.apps import AppConfig
    from django.db.models import Model

    if issubclass(klass, AppConfig):
        module = sys.modules[klass.__module__]
        yield f"{klass.__name__}.ready", lambda: klass(klass.__module__, module).ready()
        return
    if issubclass(klass, unittest.TestCase):
        for name in unittest.defaultTestLoader.getTestCaseNames(klass):
            yield name, functools.partial(_run_test, klass, name)
        return
    if issubclass(klass, threading.Thread):
        if not named[klass.__name__]:
            yield "start", lambda: call(klass).start()
        return
    if issubclass(klass, Model | BaseException):
        return
    for name, found in vars(klass).items():
        if inspect.isfunction(found) and not name.startswith("_") and not named[name]:
            yield name, lambda name=name: call(getattr(call(klass), name))
        if isinstance(found, classmethod | staticmethod) and not named[name]:
            yield name, functools.partial(call, getattr(klass, name))


def _run_test(klass: type[unittest.TestCase], name: str) -> None:
    from django.core.management import call_command

    # As the test's runner hands it over: without a row.
    call_command("flush", interactive=False, verbosity=0)
    result = unittest.TestResult()
    unittest.TestSuite([klass(name)]).run(result)
    for _, text in [*result.errors, *result.failures]:
        raise AssertionError(text)


def _named(tree: ast.AST) -> Iterator[str]:
    """Each name that is read, and each attribute."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                yield name
            case ast.ImportFrom(names=names):
                yield from (alias.name for alias in names)
            case ast.Call(func=ast.Name("getattr"), args=[_, ast.Constant(str(name))]):
                yield name


def _arguments(
    function: Callable[..., Any], argument: Callable[[inspect.Parameter], Any]
) -> tuple[list[Any], dict[str, Any]]:
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if (
            parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            or parameter.default is not parameter.empty
        ):
            continue
        value = argument(parameter)
        if parameter.kind is parameter.KEYWORD_ONLY:
            kwargs[parameter.name] = value
        else:
            args.append(value)
    return args, kwargs


def _argument(parameter: inspect.Parameter) -> Any:
    from django.db.models import Model

    wanted = parameter.annotation
    if inspect.isclass(wanted) and issubclass(wanted, Model) and wanted is not parameter.empty:
        return wanted._base_manager.get(pk=1)
    if wanted is Executor:
        return ProcessPoolExecutor(1)
    if wanted is ThreadPoolExecutor:
        return ThreadPoolExecutor(2)
    if parameter.name in BY_NAME:
        return BY_NAME[parameter.name]()
    raise UnknownArgumentError(f"what to give {parameter.name}?")


def get(**query: str) -> Any:
    """A request with these parameters."""
    from django.test import RequestFactory

    return RequestFactory().get("/", query)
