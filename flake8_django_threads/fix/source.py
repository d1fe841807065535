"""One file as bytes, text and tree, so that what goes back to the disk differs by the edit alone."""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from functools import cached_property

from ..base import Span


class NoEditError(Exception):
    """No edit is written; the text says why, in words for the user."""


class Source:
    """A file's content. Raises NoEditError where its bytes do not survive decoding and encoding."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        try:
            self.encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            self.text = data.decode(self.encoding)
            survives = self.encode(self.text) == data
        except (SyntaxError, UnicodeError) as error:
            raise NoEditError(f"{path} cannot be decoded: {error}") from error
        if not survives:
            raise NoEditError(f"{path} does not survive a round trip through {self.encoding}")

    def encode(self, text: str) -> bytes:
        """Give the bytes of a text in this file's encoding, byte order mark included."""
        return text.encode(self.encoding)

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file. Raises NoEditError where it does not parse."""
        return parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        """The lines as ``ast`` counts them, without their ends."""
        return re.split(r"\r\n|\r|\n", self.text)

    @cached_property
    def columns(self) -> Columns:
        """The converter of this file's places."""
        return Columns(self.text)


def parse(text: str, path: str) -> ast.Module:
    """Parse a text; raise NoEditError with the parser's words where that fails."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NoEditError(f"{path} does not parse: {error}") from error


class Columns:
    """Turn the places of ``ast``, which count UTF-8 bytes, into lines and columns of characters."""

    def __init__(self, text: str) -> None:
        self._lines = re.split(r"\r\n|\r|\n", text)

    def start(self, node: ast.AST) -> tuple[int, int]:
        """Line from 1 and column from 0 of the node's first character."""
        return self._place(getattr(node, "lineno", 0), getattr(node, "col_offset", 0))

    def whole(self, node: ast.AST) -> tuple[int, int, int, int]:
        """Start and end of the node, in the order of a Span's fields."""
        return *self.start(node), *self._place(getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))

    def _place(self, line: int, offset: int) -> tuple[int, int]:
        text = self._lines[line - 1] if line else ""
        return line, offset if text.isascii() else len(text.encode()[:offset].decode(errors="replace"))


def absolute(path: str) -> str:
    """The one name of a file under which texts and findings are kept here."""
    return os.path.abspath(path)  # noqa: PTH100 - pathlib leaves ".." in place


def start(span: Span) -> tuple[int, int]:
    """The line and column where a span begins."""
    return span.line, span.col


def whole(span: Span) -> tuple[int, int, int, int]:
    """The four numbers of a span."""
    return span.line, span.col, span.end_line, span.end_col
