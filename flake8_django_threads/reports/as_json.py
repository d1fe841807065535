"""One JSON object: ``findings``, ``problems`` and ``counts``. Lines and columns count from 1, ends are included."""

from __future__ import annotations

import json

from ..base import Span
from .listing import Listing, Outcome


def render(listing: Listing) -> str:
    """The listing as JSON text."""
    content = {
        "version": listing.version,
        "findings": [_finding(outcome, listing) for outcome in listing.outcomes],
        "problems": [
            {"path": listing.shown(problem.path), "line": problem.line, "cause": problem.cause}
            for problem in listing.problems
        ],
        "counts": dict(listing.counts),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _finding(outcome: Outcome, listing: Listing) -> dict[str, object]:
    finding = outcome.finding
    return {
        "code": finding.code,
        "message": finding.message,
        **_place(finding.span, listing),
        "trail": [{"text": step.text, **_place(step.span, listing)} for step in finding.trail],
        "fix": {"state": outcome.state, "reason": outcome.reason},
    }


def _place(span: Span, listing: Listing) -> dict[str, object]:
    return {
        "path": listing.shown(span.path),
        "line": span.line,
        "column": span.col + 1,
        "end_line": span.end_line,
        "end_column": span.end_col,
    }
