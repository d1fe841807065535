"""The flake8 adapter."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from flake8.options.manager import OptionManager

from flake8_django_threads import __version__
from flake8_django_threads.engine import Engine, Options


class Plugin:
    """Asks the engine about each file; one engine serves a process."""

    name = "flake8-django-threads"
    version = __version__
    options: ClassVar[Options] = Options()
    _engine: ClassVar[Engine | None] = None

    def __init__(self, tree: ast.Module, filename: str, lines: Sequence[str]) -> None:
        self._tree = tree
        self._filename = filename
        self._lines = lines

    @staticmethod
    def add_options(parser: OptionManager) -> None:
        """Register the options, readable from flake8's configuration files too."""
        parser.add_option(
            "--djt-models", default="", comma_separated_list=True, normalize_paths=True, parse_from_config=True,
            metavar="FILES", help="TOML files with rows of your own: what spawns, touches and closes.",
        )
        parser.add_option(
            "--djt-enable", default="", comma_separated_list=True, parse_from_config=True, metavar="CODES",
            help="Opt-in codes of flake8-django-threads to switch on.",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Take over the options; the engine is made when the first file needs it."""
        cls.options = Options(tuple(options.djt_models), frozenset(options.djt_enable))
        cls._engine = None

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """Yield (line, column, text, type) for each finding."""
        cls = type(self)
        if cls._engine is None:
            cls._engine = Engine(cls.options)
        report = cls._engine.analyse(self._filename, self._tree, self._lines)
        for finding in report.findings:
            yield finding.span.line, finding.span.col, finding.text, cls
