"""SARIF 2.1.0, for code scanning: the trail becomes a code flow, a problem a notification."""

from __future__ import annotations

import json
from urllib.parse import quote

from ..base import Finding, Problem, Span
from .listing import Listing, Outcome, RuleWords

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(listing: Listing) -> str:
    """The listing as one SARIF log with one run."""
    rules = [_rule(rule) for rule in listing.rules]
    index = {rule.code: number for number, rule in enumerate(listing.rules)}
    run = {
        "tool": {"driver": {"name": "djt-fix", "version": listing.version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not listing.problems,
                "toolExecutionNotifications": [_notification(problem, listing) for problem in listing.problems],
            }
        ],
        "results": [_result(outcome, listing, index) for outcome in listing.outcomes],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: RuleWords) -> dict[str, object]:
    return {
        "id": rule.code,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.help, "markdown": rule.help},
        "defaultConfiguration": {"level": "warning"},
    }


def _result(outcome: Outcome, listing: Listing, index: dict[str, int]) -> dict[str, object]:
    finding = outcome.finding
    result: dict[str, object] = {
        "ruleId": finding.code,
        "level": "warning",
        "message": {"text": finding.message},
        "locations": [_location(finding.span, listing)],
        "properties": {"fix": outcome.state, **({"fixReason": outcome.reason} if outcome.reason else {})},
    }
    if finding.code in index:
        result["ruleIndex"] = index[finding.code]
    if finding.trail:
        result["codeFlows"] = [{"threadFlows": [{"locations": _steps(finding, listing)}]}]
    return result


def _steps(finding: Finding, listing: Listing) -> list[dict[str, object]]:
    return [
        {"location": {**_location(step.span, listing), "message": {"text": step.text}}, "importance": "essential"}
        for step in finding.trail
    ]


def _location(span: Span, listing: Listing) -> dict[str, object]:
    region = {
        "startLine": span.line,
        "startColumn": span.col + 1,
        "endLine": span.end_line,
        "endColumn": span.end_col + 1,
    }
    return {"physicalLocation": {"artifactLocation": _artifact(span.path, listing), "region": region}}


def _artifact(path: str, listing: Listing) -> dict[str, str]:
    """The file's address; one below the present folder is left relative, to the root of what is checked."""
    shown = listing.shown(path)
    if shown.startswith("/"):
        return {"uri": f"file://{quote(shown)}"}
    return {"uri": quote(shown), "uriBaseId": "%SRCROOT%"}


def _notification(problem: Problem, listing: Listing) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": _artifact(problem.path, listing)}
    if problem.line:
        place["region"] = {"startLine": problem.line}
    return {"level": "error", "message": {"text": problem.cause}, "locations": [{"physicalLocation": place}]}
