"""The words of a close and of what is closed, for a look at a text before anything is parsed."""

from __future__ import annotations

import re

from flake8_django_threads.models.gate import Gate

# A text that does not pass closes nothing.
CLOSING = Gate(
    [("close_all",), ("close_old_connections",), ("connection", ".close("), ("close_if_unusable",)]
    + [(signal, "send") for signal in ("request_finished", "request_started")]
)


def has(text: str, name: str) -> bool:
    """Whether a text may have ``connection`` or ``connections`` from elsewhere: by an import, or as ``db.name``."""
    if f"db.{name}" in text or "import *" in text:
        return True
    return any(is_imported(text, found.start()) for found in re.finditer(rf"\b{name}\b", text))


def is_imported(text: str, place: int) -> bool:
    """Whether the name at a place of the text stands in an import statement."""
    line = text[text.rfind("\n", 0, place) + 1 : place].lstrip()
    bracket = text.rfind("(", 0, place)
    inside = bracket >= 0 and text[:bracket].rstrip(" ").endswith("import") and ")" not in text[bracket:place]
    return inside or line.startswith(("from ", "import "))
