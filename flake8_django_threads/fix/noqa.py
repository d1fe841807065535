"""``# noqa`` comments: which findings they silence, as flake8 reads them, and how to add one."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from ..base import Finding
from .source import NoEditError, Source, parse

# The comments that flake8 understands; its own patterns change their names from one version to the next.
_LIST = r"(?::\s?(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?"
_NOQA = re.compile(rf"# noqa{_LIST}", re.IGNORECASE)
_NOQA_FILE = re.compile(rf"\s*# flake8[:=]\s*noqa{_LIST}\s*$", re.IGNORECASE)


def silencer(text: str) -> Callable[[Finding], bool]:
    """Read the ``# noqa`` comments of a text; the answer says whether one of them silences a finding."""
    lines = text.splitlines(keepends=True)
    everywhere = [found for line in lines if (found := _NOQA_FILE.match(line))]
    by_line = {
        number: found
        for first, last in (_physical_lines(text) if "noqa" in text.lower() else ())
        if (found := _NOQA.search("".join(lines[first - 1 : last])))
        for number in range(first, last + 1)
    }

    def silences(finding: Finding) -> bool:
        here = by_line.get(finding.span.line)
        for found in everywhere if here is None else [*everywhere, here]:
            codes = tuple(re.findall(r"\w+", (found["codes"] or "").upper()))
            if not codes or finding.code.startswith(codes):
                return True
        return False

    return silences


def silence(source: Source, findings: Iterable[Finding]) -> str:
    """The text with a comment behind each line that a finding stands on; a comment that is there gets more codes.

    Raise NoEditError where that would change what the file means.
    """
    codes: dict[int, set[str]] = defaultdict(set)
    findings = list(findings)
    for finding in findings:
        codes[finding.span.line].add(finding.code)
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", source.text)
    for first, last in list(_physical_lines(source.text)):
        wanted = set().union(*(codes.get(number, set()) for number in range(first, last + 1)))
        if wanted:
            lines[last - 1] = _with_codes(lines[last - 1], sorted(wanted))
    text = "".join(lines)
    silent = silencer(text)
    same = ast.dump(parse(text, source.path)) == ast.dump(source.tree)
    if not same or not all(map(silent, findings)):
        raise NoEditError("a comment cannot be put on its line")
    return text


def _with_codes(line: str, codes: list[str]) -> str:
    body = line.rstrip("\r\n")
    end = line[len(body) :]
    found = _NOQA.search(body)
    if found is not None and found["codes"]:
        return f"{body[: found.end()]},{','.join(codes)}{body[found.end() :]}{end}"
    return f"{body.rstrip()}  # noqa: {','.join(codes)}{end}"


def _physical_lines(text: str) -> Iterator[tuple[int, int]]:
    """First and last line of everything between two line ends that are not inside a string."""
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (tokenize.ENDMARKER, tokenize.DEDENT):
            first = first or token.start[0]
        if token.type in (tokenize.NL, tokenize.NEWLINE):
            yield first, token.end[0]
            first = 0
