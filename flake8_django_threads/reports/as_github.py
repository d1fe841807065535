"""Workflow commands of GitHub Actions: each finding becomes an annotation on its line."""

from __future__ import annotations

from .listing import Listing

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def render(listing: Listing) -> str:
    """A ``::warning`` for each finding and an ``::error`` for each problem."""
    told = []
    for outcome in listing.outcomes:
        finding, span = outcome.finding, outcome.finding.span
        place = {
            "file": listing.shown(span.path),
            "line": span.line,
            "endLine": span.end_line,
            "col": span.col + 1,
            "endColumn": span.end_col,
            "title": finding.code,
        }
        told.append(_command("warning", place, finding.text))
    for problem in listing.problems:
        told.append(_command("error", {"file": listing.shown(problem.path), "line": problem.line or 1}, problem.cause))
    return "".join(told)


def _command(name: str, properties: dict[str, object], text: str) -> str:
    given = ",".join(f"{key}={_escaped(str(value), _PROPERTY)}" for key, value in properties.items())
    return f"::{name} {given}::{_escaped(text, _DATA)}\n"


def _escaped(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)
