"""The modules of a layer know each other, so each has to be importable first."""

from __future__ import annotations

import subprocess
import sys

EACH = """
import importlib, pkgutil, sys
import flake8_django_threads as package

for module in list(pkgutil.walk_packages(package.__path__, "flake8_django_threads.")):
    for known in [name for name in sys.modules if name.startswith("flake8_django_threads")]:
        del sys.modules[known]
    importlib.import_module(module.name)
"""


def test_each_module_can_be_imported_first() -> None:
    done = subprocess.run([sys.executable, "-c", EACH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
