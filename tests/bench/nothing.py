"""A flake8 plugin that does nothing: what the plugin's cost is measured against."""

from __future__ import annotations

import ast
from collections.abc import Iterator


class Plugin:
    name = "nothing"
    version = "1"

    def __init__(self, tree: ast.AST) -> None:
        self.tree = tree

    def run(self) -> Iterator[tuple[int, int, str, type]]:
        yield from ()
