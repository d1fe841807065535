"""These tests need the real libraries: ``make test-libraries`` installs and runs them, nothing else collects them.

No tables are made: a query opens the connection before the database can say that the table is not there.
"""

from __future__ import annotations

import os
import warnings

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "libraries.settings"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    django.setup()
