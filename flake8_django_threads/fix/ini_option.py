"""Give the section of an ini file that uWSGI reads the option that lets Python threads run."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from ..base import UNKNOWN, Finding, Span
from .proofs import DisprovedError
from .source import NoEditError, Source, absolute

OPTION = "ini-enable-threads"
_NAME = "enable-threads"
Recheck = Callable[[Mapping[str, str], str], Sequence[Finding]]


def with_option(text: str, section: Span) -> str:
    """The text with the option behind the last one of the section, written as that is.

    Raise NoEditError where the section is not there, or says something of the option.
    """
    lines = text.splitlines(keepends=True)
    if section.line > len(lines) or lines[section.line - 1].strip().lower() != "[uwsgi]":
        raise NoEditError("the section is not where it was seen")
    last = section.line - 1
    blank = " = "
    for index in range(section.line, len(lines)):
        line = lines[index].strip()
        if line.startswith("["):
            break
        if line and line[0] not in ";#":
            name, equal, _ = line.partition("=")
            if name.strip().replace("_", "-") == _NAME:
                raise NoEditError("the option is there already")
            last = index
            found = re.search(r"[ \t]*=[ \t]*", line)
            blank = found[0] if equal and found is not None else blank
    before = lines[last]
    ending = before[len(before.rstrip("\r\n")) :]
    indent = before[: len(before) - len(before.lstrip(" \t"))]
    new = f"{indent}{_NAME}{blank}true"
    if ending:
        lines.insert(last + 1, f"{new}{ending}")
    else:
        other = next((line[len(line.rstrip("\r\n")) :] for line in lines if line.endswith("\n")), "\n")
        lines[last] = f"{before}{other}{new}"
    return "".join(lines)


def prove_option(source: Source, section: Span, new: str, fixed: Collection[Finding], recheck: Recheck) -> None:
    """Raise DisprovedError unless the text has one line more, and the linter is content with it."""
    old_lines, new_lines = source.text.splitlines(), new.splitlines()
    added = [index for index in range(len(new_lines)) if new_lines[:index] + new_lines[index + 1 :] == old_lines]
    if not added or _NAME not in new_lines[added[0]]:
        raise DisprovedError("taking the edit out again does not give back the original")
    try:
        with_option(new, section)
    except NoEditError:
        pass
    else:
        raise DisprovedError("a second run would change the file again")
    for path in sorted({absolute(finding.span.path) for finding in fixed}):
        before = [_key(finding) for finding in recheck({}, path)]
        wanted = [_key(finding) for finding in fixed if absolute(finding.span.path) == path]
        for finding in recheck({source.path: new}, path):
            if _key(finding) in wanted:
                raise DisprovedError("the finding would still be there")
            if _key(finding) not in before and finding.code != UNKNOWN:
                raise DisprovedError(f"a new finding would come: {finding.code} in line {finding.span.line}")


def _key(finding: Finding) -> tuple[str, Span, Span | None]:
    """One spawn has a finding for each configuration."""
    return finding.code, finding.span, finding.remedy.spawn if finding.code == "DJT901" and finding.remedy else None
