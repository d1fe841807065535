"""The files as the linter sees them: the disk, and over it the texts that are not saved.

A path is an absolute, normalised string. On a slow shared folder each path call costs milliseconds, so there are no
existence tests: whether something exists is read from its folder's listing, and a folder is listed once.
"""

from __future__ import annotations

import codecs
import io
import os
import tokenize
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType

# Texts of a project are kept packed: to unpack one costs less than to open its file, above all on a shared folder.
MOST_KEPT = 32 << 20
_FASTEST = 1


class Unreadable(Exception):  # noqa: N818 - it stands beside Unloadable, and is as ordinary
    """The file's text cannot be had: ``line`` (from 1) is the one to blame, ``cause`` says why."""

    def __init__(self, path: str, line: int, cause: str) -> None:
        super().__init__(path, line, cause)
        self.path = path
        self.line = line
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.cause}"


def parent(path: str) -> str:
    """The folder of ``path``; the top of the file system is its own parent."""
    head = path.rpartition(os.sep)[0]
    return head if os.sep in head else head + os.sep


def last(path: str) -> str:
    """The last part of ``path``."""
    return path.rpartition(os.sep)[2]


def below(folder: str, name: str) -> str:
    """The path of ``name`` in ``folder``."""
    return folder + name if folder.endswith(os.sep) else folder + os.sep + name


def is_test(path: str, root: str) -> bool:
    """Whether a file of the project at ``root`` is a test's, or helps tests, by its name or its folder's."""
    folder = parent(path)
    return last(path).startswith(("test", "conftest")) or (folder != root and last(folder).startswith("test"))


def ancestors(folder: str) -> Iterator[str]:
    """``folder`` and the folders around it, inside out."""
    while True:
        yield folder
        above = parent(folder)
        if above == folder:
            return
        folder = above


class Sources:
    """Reads files and lists folders; ``overlay`` maps paths to texts that stand for them (stdin, edits under proof).

    An overlay's files and their folders exist, on the disk or not. ``path_calls`` counts the opens and folder listings
    made, and one more for each symbolic link in a listing, which has to be followed to be told apart.
    """

    def __init__(self, overlay: Mapping[str, str] = MappingProxyType({})) -> None:
        self.path_calls = 0
        self._overlay = {path: _newlines(text.removeprefix("\ufeff")) for path, text in overlay.items()}
        self._overlaid: dict[str, dict[str, bool]] = {}
        for path in overlay:
            is_folder = False
            for folder in ancestors(parent(path)):
                self._overlaid.setdefault(folder, {})[last(path)] = is_folder
                path, is_folder = folder, True
        self._listings: dict[str, Mapping[str, bool]] = {}
        self._links: set[str] = set()
        self._latest = ("", "")
        self._packed: dict[str, bytes] = {}
        self._room = MOST_KEPT

    def beside(self, overlay: Mapping[str, str]) -> Sources:
        """The files with other texts over them; what was read and listed of the disk stays as it was seen here."""
        sources = Sources(overlay)
        sources._packed, sources._room, sources._links = self._packed, self._room, self._links
        same = sources._overlaid.keys() | self._overlaid.keys()
        sources._listings = {folder: names for folder, names in self._listings.items() if folder not in same}
        return sources

    def read(self, path: str) -> str:
        """The text, decoded as Python does (BOM, PEP 263 cookie, else UTF-8), with ``\\n`` for every newline.

        A file is opened once as long as there is room to keep its text: whoever asks again sees what was there first.
        Raises Unreadable.
        """
        if path in self._overlay:
            return self._overlay[path]
        if self._latest[0] != path:
            packed = self._packed.get(path)
            text = zlib.decompress(packed).decode("utf-8", "surrogatepass") if packed is not None else self._open(path)
            self._latest = (path, text)
        return self._latest[1]

    def _open(self, path: str) -> str:
        self.path_calls += 1
        try:
            with io.FileIO(path) as file:
                data = file.readall()
        except OSError as error:
            raise Unreadable(path, 1, error.strerror or type(error).__name__) from error
        text = _decode(path, data)
        if self._room > 0:
            packed = self._packed[path] = zlib.compress(text.encode("utf-8", "surrogatepass"), _FASTEST)
            self._room -= len(packed)
        return text

    def listing(self, folder: str) -> Mapping[str, bool]:
        """The names in ``folder``, sorted, and whether each is a folder; empty when it cannot be listed.

        Sockets, devices and links that lead nowhere are left out: opening one may block.
        """
        known = self._listings.get(folder)
        if known is None:
            known = self._listings[folder] = dict(sorted((self._scan(folder) | self._overlaid.get(folder, {})).items()))
        return known

    def is_link(self, folder: str) -> bool:
        """Whether ``folder``, named by a listing made before, is a symbolic link."""
        return folder in self._links

    def _scan(self, folder: str) -> dict[str, bool]:
        self.path_calls += 1
        names: dict[str, bool] = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        self.path_calls += 1
                        self._links.add(below(folder, entry.name))
                    try:
                        if entry.is_dir():
                            names[entry.name] = True
                        elif entry.is_file():
                            names[entry.name] = False
                    except OSError:
                        continue  # a link in a loop of links
        except OSError:
            return names
        return names


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(path: str, data: bytes) -> str:
    """``data`` as Python's own reader has it. Raises Unreadable with the line of the cookie or of the bad byte."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    second = data.find(b"\n", data.find(b"\n") + 1)
    if not data.startswith(codecs.BOM_UTF8) and b"coding" not in (data[:second] if second >= 0 else data):
        with suppress(UnicodeDecodeError):
            return data.decode()
    cookie_line = 1
    try:
        tokenize.detect_encoding(io.BytesIO(data.partition(b"\n")[0]).readline)
        cookie_line = 2  # the first line alone is innocent
        encoding, first_lines = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise Unreadable(path, cookie_line, str(error.msg)) from error
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(path, data.count(b"\n", 0, error.start) + 1, f"{error.reason} ({encoding})") from error
    except (LookupError, UnicodeError) as error:  # the cookie names a codec that is not for text
        raise Unreadable(path, max(1, len(first_lines)), str(error)) from error
