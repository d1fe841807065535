"""One line a finding, ``path:line:column: code message``, as flake8 prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..base import Finding


def lines(finding: Finding, shown: Callable[[str], str], *, trace: bool, colour: bool) -> Iterator[str]:
    """The lines of a finding; with ``trace`` its evidence below it, indented.

    What is to be changed in a file of another kind gets a line there.
    """
    place = f"{shown(finding.span.path)}:{finding.span.line}:{finding.span.col + 1}:"
    if colour:
        yield f"\033[1m{place}\033[0m \033[31m{finding.code}\033[0m {finding.message}"
    else:
        yield f"{place} {finding.text}"
    change = finding.remedy.spawn if finding.remedy is not None else finding.span
    if change.path != finding.span.path and finding.trail:
        yield f"{shown(change.path)}:{change.line}:{change.col + 1}: {finding.code} {finding.trail[-1].text}"
    for step in finding.trail if trace else ():
        yield f"    {shown(step.span.path)}:{step.span.line}: {step.text}"
