"""The flake8 adapter."""

from __future__ import annotations

import argparse
import ast
import os
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from flake8.options.manager import OptionManager
from flake8.utils import stdin_get_lines

from flake8_django_threads import __version__
from flake8_django_threads.engine import BadRow, Engine, Options


class Plugin:
    """Asks the engine about each file; one engine serves a process."""

    name = "flake8-django-threads"
    version = __version__
    _engine: ClassVar[Engine | None] = None

    def __init__(self, tree: ast.Module, filename: str, lines: Sequence[str]) -> None:
        self._tree = tree
        self._filename = filename
        self._lines = lines

    @staticmethod
    def add_options(parser: OptionManager) -> None:
        """Register the options, readable from flake8's configuration files too."""
        parser.add_option(
            "--djt-models",
            default="",
            comma_separated_list=True,
            normalize_paths=True,
            parse_from_config=True,
            metavar="FILES",
            help="TOML files with rows of your own: what spawns, touches and closes.",
        )
        parser.add_option(
            "--djt-enable",
            default="",
            comma_separated_list=True,
            parse_from_config=True,
            metavar="CODES",
            help="Opt-in codes of flake8-django-threads to switch on.",
        )
        parser.add_option(
            "--djt-index",
            default="on",
            choices=("on", "off"),
            parse_from_config=True,
            help="Whether to look through the whole project for helpers that start threads (default: on).",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Make the engine and survey the project, before flake8 forks its workers, so that they inherit both.

        A table that cannot be used ends flake8 with one line and its exit code for errors, 1.
        """
        cls._engine = None
        chosen = [*(options.select or ()), *(options.extend_select or ())]
        if options.select and not any(_matches(code) for code in chosen):
            return
        models, enable = tuple(options.djt_models), frozenset(options.djt_enable)
        given = Options(models, enable, survey=options.djt_index == "on", lasting=True)
        try:
            cls._engine = Engine(given, _unsaved(options))
        except BadRow as error:
            raise SystemExit(f"flake8-django-threads: {error}") from None
        names = [options.stdin_display_name if name == "-" else name for name in options.filenames or ["."]]
        cls._engine.prepare(names)

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """Yield (line, column, text, type) for each finding."""
        cls = type(self)
        if cls._engine is None:
            return
        report = cls._engine.analyse(self._filename, self._tree, self._lines)
        for finding in report.findings:
            yield finding.span.line, finding.span.col, finding.text, cls


def _unsaved(options: argparse.Namespace) -> dict[str, str]:
    """The text on stdin, by the path that it stands for, so that other files see it too; flake8 reads it only once."""
    if "-" not in (options.filenames or ()):
        return {}
    try:
        text = "".join(stdin_get_lines())
    except UnicodeDecodeError:
        return {}
    return {os.path.abspath(options.stdin_display_name): text}  # noqa: PTH100 - pathlib leaves ".." in place


def _matches(code: str) -> bool:
    """Whether a selected code or prefix may mean one of ours."""
    return code.startswith("DJT") or "DJT".startswith(code)
