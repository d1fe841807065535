"""Runs the tests of modules as Django's runner and pytest-django would, on the tables that are there.

Each finds a row that was written in its own set-up, and tells whether a transaction is open around it.
"""

from __future__ import annotations

import os
import unittest
from collections.abc import Iterable, Iterator
from types import ModuleType
from unittest import mock

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper


def run_tests(modules: Iterable[ModuleType]) -> None:
    """Run the test cases and the test functions; tell of each that fails."""
    for module in modules:
        suite = unittest.defaultTestLoader.loadTestsFromModule(module)
        for case in suite:
            assert isinstance(case, unittest.TestSuite)
            for test in case:
                with mock.patch.object(type(test), "setUp", lambda _: _set_up()):
                    _tell(type(test).__name__, _result(test))
        if suite.countTestCases() == 0:
            _run_functions(module)


def _result(test: unittest.TestCase | unittest.TestSuite) -> unittest.TestResult:
    result = unittest.TestResult()
    # Django's set-up of a class only runs in a suite.
    unittest.TestSuite([test])(result)
    return result


def _tell(name: str, result: unittest.TestResult) -> None:
    for _, told in (*result.errors, *result.failures):
        print(f"{name}: {told.splitlines()[-1]}")


def _set_up() -> None:
    from orders.models import Order

    Order.objects.create(name="of the test")
    print("in a transaction:", connection.in_atomic_block)


def _run_functions(module: ModuleType) -> None:
    """Run the module's test functions by pytest."""
    assert module.__file__ is not None
    options = ["-s", *(f"-pno:{name}" for name in ("cacheprovider", "terminal", "threadexception")), "-c", os.devnull]
    # pytest-django lets nobody else connect, and leaves it at that.
    with mock.patch.object(BaseDatabaseWrapper, "ensure_connection", BaseDatabaseWrapper.ensure_connection):
        pytest.main([*options, module.__file__], [_Rows()])


class _Rows:
    def pytest_configure(self, config: pytest.Config) -> None:
        # Later than pytest-django, whose fixture it takes the place of.
        config.pluginmanager.register(_Tables())

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self) -> Iterator[None]:
        _set_up()
        return (yield)  # type: ignore[return-value]


class _Tables:
    @pytest.fixture(scope="session")
    def django_db_setup(self) -> None:
        """Make no database: there is one."""
