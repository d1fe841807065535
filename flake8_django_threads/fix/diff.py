"""Show a change as a unified diff, in the bytes of the file, so that ``patch`` and ``git apply`` take it."""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator

from .plan import Change

_COLOURS = ((b"---", b"1"), (b"+++", b"1"), (b"@@", b"36"), (b"-", b"31"), (b"+", b"32"))


def diff(change: Change, name: str, *, colour: bool) -> bytes:
    """Give the diff with ``name`` as the file's path, with terminal colours if wanted."""
    before, after = (io.BytesIO(data).readlines() for data in (change.before or b"", change.after))
    was = f"a/{name}" if change.before is not None else "/dev/null"
    lines = difflib.diff_bytes(difflib.unified_diff, before, after, was.encode(), f"b/{name}".encode(), lineterm=b"\n")
    return b"".join(_painted(lines) if colour else map(_ended, lines))


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def _painted(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in map(_ended, lines):
        paint = next((code for mark, code in _COLOURS if line.startswith(mark)), b"")
        yield b"\033[%bm%b\033[0m\n" % (paint, line.removesuffix(b"\n")) if paint else line
