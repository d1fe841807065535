"""From findings to proven changes of whole files; nothing is written here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..base import Finding, Problem
from .choose import Closer, Wrap, choose
from .edit import Edit
from .ini_option import OPTION, prove_option, with_option
from .proofs import DisprovedError, Recheck, prove
from .rewrite import Rewritten, rewrite
from .share_helper import Shared, share
from .source import NoEditError, Source, absolute

# By code, or by the kind of the remedy.
UNSAFE: Mapping[str, str] = {
    "DJT004": "a connection that CONN_MAX_AGE was set to keep would be closed",
    "on-commit": "the thread would start later, and not at all after a rollback",
    "transaction-test-case": "the tests of the class would commit, and flush every table after each of them",
    "transaction-mark": "the test would commit, and flush every table at its end",
    "close-wrapper": "Django would notice that the connection is closed",
    "close-before-fork": "a transaction or a server-side cursor that is under way would end with the connection",
    "close-before-del": "the connection would be closed where it is only forgotten now",
}

# A tree too deep to walk is left alone like any other that cannot be edited.
_FAILURES = (NoEditError, DisprovedError, RecursionError)


class Change(NamedTuple):
    """A proven new content of one file, by absolute path, and the findings that it settles.

    ``before`` is None for a file that has to be made. ``needs`` is the path of one that has to be there first.
    """

    path: str
    before: bytes | None
    after: bytes
    fixed: tuple[Finding, ...]
    needs: str = ""


class Refusal(NamedTuple):
    """A finding that stays, and why. ``disproved``: the edit could be made, but a proof of it failed."""

    finding: Finding
    reason: str
    disproved: bool = False


class Plan(NamedTuple):
    """What to write, what stays for a reason, what only ``--unsafe-fixes`` writes, and what broke the fixer."""

    changes: tuple[Change, ...]
    refused: tuple[Refusal, ...]
    unsafe: tuple[Refusal, ...]
    problems: tuple[Problem, ...]


def plan(
    findings: Iterable[Finding],
    recheck: Recheck,
    *,
    closer: Closer = "auto",
    wrap: Wrap = "auto",
    unsafe: bool = False,
    contents: Mapping[str, bytes] | None = None,
) -> Plan:
    """Work out the changes that repair the findings, file by file, and prove each.

    ``contents`` gives files, by absolute path, that are not to be read from the disk: only these may then be
    changed. Findings without a remedy are passed over. With ``wrap`` "auto" a finding is repaired at the boundary where
    the edit in place has no proof, and the other way round.
    """
    findings, reasons, ways = list(findings), dict[Finding, str](), dict[Finding, Wrap]()
    while True:
        made, in_place = _plan(findings, recheck, closer, wrap, unsafe, contents, ways)
        again = [refusal for refusal in made.refused if refusal.disproved and refusal.finding not in ways]
        if not again or wrap != "auto":
            # The first reason is told: it speaks of the edit that a reader would expect.
            refused = tuple(r._replace(reason=reasons.get(r.finding, r.reason)) for r in made.refused)
            return made._replace(refused=refused)
        for refusal in again:
            reasons[refusal.finding] = refusal.reason
            ways[refusal.finding] = "boundary" if refusal.finding in in_place else "inplace"


def _plan(
    findings: Sequence[Finding],
    recheck: Recheck,
    closer: Closer,
    wrap: Wrap,
    unsafe: bool,
    contents: Mapping[str, bytes] | None,
    ways: Mapping[Finding, Wrap],
) -> tuple[Plan, frozenset[Finding]]:
    """The plan, with some findings repaired in ``ways`` of their own; and those whose edit was to be in place."""
    sources = _Sources(contents)
    wanted: dict[str, dict[Edit, list[Finding]]] = defaultdict(dict)
    refused: list[Refusal] = []
    hidden: list[Refusal] = []
    spawns = Counter(finding.remedy.entry for finding in findings if finding.remedy is not None)
    for finding in findings:
        if finding.remedy is None:
            continue
        try:
            edit = choose(finding, closer, sources.get, ways.get(finding, wrap), spawns[finding.remedy.entry])
            if contents is not None and edit.path not in contents:
                raise NoEditError(f"the edit belongs into {edit.path}")
        except _FAILURES as error:
            refused.append(Refusal(finding, str(error)))
            continue
        danger = UNSAFE.get(finding.code) or UNSAFE.get(finding.remedy.kind)
        if danger is not None and not unsafe:
            hidden.append(Refusal(finding, danger))
        else:
            _join(wanted[edit.path], edit, finding)
    changes, failures, problems = _settle_all(wanted, sources, recheck, shares=contents is None)
    in_place = frozenset(
        finding for edits in wanted.values() for edit, fixed in edits.items() if edit.in_place for finding in fixed
    )
    return Plan(tuple(changes), (*refused, *failures), tuple(hidden), tuple(problems)), in_place


def _settle_all(
    wanted: Mapping[str, Mapping[Edit, list[Finding]]], sources: _Sources, recheck: Recheck, *, shares: bool
) -> tuple[list[Change], list[Refusal], list[Problem]]:
    """The changes of all files; where ``shares``, those that need a module of their package have it made first."""
    problems: list[Problem] = []
    settled: dict[str, tuple[Change | None, list[Refusal]]] = {}

    def settle(path: str, shared: Shared | None) -> bool:
        try:
            settled[path] = _settle(sources.get(path), wanted[path], recheck, shared)
        except Exception as error:  # one file that trips libcst or the linter must not cost the others theirs
            text = " ".join(str(error).split())
            problems.append(Problem(path, 0, f"internal error: {type(error).__name__}: {text}"))
            settled[path] = None, []
        return not settled[path][1]

    edits = {path: list(wanted[path]) for path in sorted(wanted)}
    shared = share({path: sources.get(path) for path in edits}, edits) if shares else {}
    users: dict[Shared, list[str]] = defaultdict(list)
    for path in edits:
        if path in shared and settle(path, shared[path]):
            users[shared[path]].append(path)
        else:
            settle(path, None)
    for made, paths in users.items():
        if made.text and len(paths) == 1:
            settle(paths.pop(), None)
    new = [made for made, paths in users.items() if made.text and paths]
    needs = {path: made.path for made in new for path in users[made]}
    changes = [Change(made.path, None, made.text.encode(), ()) for made in new]
    changes += [c._replace(needs=needs.get(path, "")) for path, (c, _) in settled.items() if c is not None]
    return changes, [refusal for _, refusals in settled.values() for refusal in refusals], problems


class _Sources:
    def __init__(self, contents: Mapping[str, bytes] | None) -> None:
        self._contents, self._known = contents or {}, dict[str, Source]()

    def get(self, path: str) -> Source:
        path = absolute(path)
        if path not in self._known:
            try:
                data = self._contents[path] if path in self._contents else Path(path).read_bytes()
            except OSError as error:
                raise NoEditError(f"{path} cannot be read: {error.strerror}") from error
            self._known[path] = Source(path, data)
        return self._known[path]


def _join(edits: dict[Edit, list[Finding]], edit: Edit, finding: Finding) -> None:
    """Add a finding to the edit of its place; several spawns of one entry share one edit."""
    for known in edits:
        if known.span == edit.span and known.swap == edit.swap:
            either = known.all_databases or edit.all_databases
            merged = known._replace(all_databases=either, move=known.move or edit.move)
            edits[merged] = [*edits.pop(known), finding]
            return
    edits[edit] = [finding]


def _settle(
    source: Source, edits: Mapping[Edit, Sequence[Finding]], recheck: Recheck, shared: Shared | None
) -> tuple[Change | None, list[Refusal]]:
    """Try all edits of a file together; where that fails add them one by one and leave out those that fail."""
    if any(edit.swap == OPTION for edit in edits):
        return _settle_options(source, edits, recheck)
    paths = {source.path, *(absolute(finding.span.path) for fixed in edits.values() for finding in fixed)}
    before = {path: recheck({}, path) for path in sorted(paths)}

    def attempt(chosen: Mapping[Edit, Sequence[Finding]]) -> Rewritten:
        done = rewrite(source, list(chosen), shared)
        prove(source, list(chosen), done, [f for fixed in chosen.values() for f in fixed], before, recheck, shared)
        return done

    accepted, refused = dict(edits), []
    try:
        result: Rewritten | None = attempt(accepted)
    except _FAILURES:
        accepted, result = {}, None
        for edit, fixed in edits.items():
            # The first reason is told: it speaks of the edit that a reader would expect.
            reason, disproved = "", False
            for variant in edit.variants:
                try:
                    result = attempt({**accepted, variant: fixed})
                except _FAILURES as error:
                    reason, disproved = reason or str(error), disproved or isinstance(error, DisprovedError)
                else:
                    accepted[variant] = fixed
                    break
            else:
                refused += [Refusal(finding, reason, disproved) for finding in fixed]
    if result is None:
        return None, refused
    fixed_all = tuple(finding for fixed in accepted.values() for finding in fixed)
    return Change(source.path, source.data, source.encode(result.text), fixed_all), refused


def _settle_options(
    source: Source, edits: Mapping[Edit, Sequence[Finding]], recheck: Recheck
) -> tuple[Change | None, list[Refusal]]:
    """The same for a file of options, the last section first, so that the places of the others stay."""
    text, done, refused = source.text, list[Finding](), list[Refusal]()
    for edit, fixed in sorted(edits.items(), key=lambda item: item[0].span, reverse=True):
        try:
            new = with_option(text, edit.span)
            prove_option(Source(source.path, source.encode(text)), edit.span, new, fixed, recheck)
        except _FAILURES as error:
            refused += [Refusal(finding, str(error), isinstance(error, DisprovedError)) for finding in fixed]
        else:
            text, done = new, [*done, *fixed]
    if not done:
        return None, refused
    return Change(source.path, source.data, source.encode(text), tuple(done)), refused
