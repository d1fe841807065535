"""These tests need the real libraries: ``make test-libraries`` installs and runs them, nothing else collects them.

No tables are made: a query opens the connection before the database can say that the table is not there.
"""

from __future__ import annotations

import os
import warnings

import django
import pytest

os.environ["DJANGO_SETTINGS_MODULE"] = "libraries.settings"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    django.setup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Some clients leave sockets to the garbage collector, which tells whichever test runs then; nothing else may."""
    left = r"ignore:Exception ignored in. <socket\.socket:pytest.PytestUnraisableExceptionWarning"
    for item in items:
        item.add_marker(pytest.mark.filterwarnings(left))
