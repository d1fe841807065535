"""djt-fix: find the leaks of a project from the command line, show the repair, write it."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
import time
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from . import __version__
from .base import Finding, Problem

if TYPE_CHECKING:
    from .engine import Engine, Options, Report
    from .fix.plan import Change, Plan

_SKIPPED = frozenset({"node_modules", "__pycache__", "build", "dist", "site-packages", "venv", "env"})
_CODES = re.compile(r"[A-Z]{1,3}\d{0,3}")
# The comments that flake8 understands; its own patterns change their names from one version to the next.
_LIST = r"(?::\s?(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?"
_NOQA = re.compile(rf"# noqa{_LIST}", re.IGNORECASE)
_NOQA_FILE = re.compile(rf"\s*# flake8[:=]\s*noqa{_LIST}\s*$", re.IGNORECASE)
# Up to here nobody wonders whether anything happens.
_PATIENCE_S = 1.0
_NOTHING, _FOUND, _TROUBLE, _INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run djt-fix; give 0 for nothing to do, 1 for findings or changes, 2 where something kept it from its work."""
    try:
        arguments = _parser().parse_args(argv)
        code = _explain(arguments.explain) if arguments.explain else Run(arguments).run()
        sys.stdout.flush()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else _NOTHING
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever reads has seen enough; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return _FOUND
    except Exception as error:
        print(_internal("djt-fix", error), file=sys.stderr)
        return _TROUBLE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="djt-fix",
        description="Find Django code that runs in another thread and leaks its database connection, and repair it.",
        epilog="Exit code: 0 nothing to do, 1 findings or changes, 2 a file or an option that could not be handled.",
    )
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="files and folders; - reads from stdin")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--diff", action="store_true", help="show the repairs as a diff and change nothing (default)")
    mode.add_argument("--write", action="store_true", help="write the repairs")
    mode.add_argument("--check", action="store_true", help="list the findings and change nothing")
    mode.add_argument("--explain", metavar="CODE", help="say what a code means, and leave")
    parser.add_argument("--select", type=_codes, default=("DJT",), metavar="CODES", help="only these codes or prefixes")
    parser.add_argument("--ignore", type=_codes, default=(), metavar="CODES", help="not these codes or prefixes")
    parser.add_argument("--unsafe-fixes", action="store_true", help="repair also where that may change behaviour")
    parser.add_argument(
        "--closer",
        choices=("auto", "connection", "close_all"),
        default="auto",
        help="what to insert: connection.close(), connections.close_all(), or what the project's databases ask for",
    )
    parser.add_argument("--trace", action="store_true", help="print the evidence under each finding")
    parser.add_argument("--show-unknown", action="store_true", help="say what could not be followed, and how often")
    parser.add_argument("--djt-models", action="append", default=[], metavar="FILE", help="more rows about libraries")
    parser.add_argument(
        "--stdin-display-name", default="stdin.py", metavar="PATH", help="the name of the file on stdin"
    )
    parser.add_argument("--version", action="version", version=f"djt-fix {__version__}")
    return parser


def _codes(text: str) -> tuple[str, ...]:
    codes = tuple(part.strip() for part in text.split(",") if part.strip())
    for code in codes:
        if not _CODES.fullmatch(code):
            raise argparse.ArgumentTypeError(f"{code!r} is no code; codes look like DJT001 or DJT")
    if not codes:
        raise argparse.ArgumentTypeError("no code is given")
    return codes


def _explain(code: str) -> int:
    from .docs import explain

    page = explain(code.upper())
    if page is None:
        print(f"djt-fix: there is no rule {code}", file=sys.stderr)
        return _TROUBLE
    print(page)
    return _NOTHING


class Totals(NamedTuple):
    """What was looked at, for the last line: silence must be believable."""

    files: int = 0
    spawns: int = 0
    resolved: int = 0
    leaking: int = 0
    unknown: Counter[str] = Counter()  # noqa: RUF012 - replaced as a whole, never changed

    def plus(self, report: Report) -> Totals:
        """The totals with one more file."""
        unknown = self.unknown + Counter(dict(report.unknown))
        return Totals(
            self.files + 1,
            self.spawns + report.spawns,
            self.resolved + report.resolved,
            self.leaking + report.leaking,
            unknown,
        )


class Run:
    """One call of djt-fix."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._stdin = arguments.paths == ["-"]
        self._trouble = False
        self._totals = Totals()
        self._contents: dict[str, bytes] = {}
        self._reports: dict[str, Report] = {}
        self._started = time.monotonic()

    def run(self) -> int:
        """Analyse what was asked for, then list, show or write; give the exit code."""
        arguments = self._arguments
        if "-" in arguments.paths and not self._stdin:
            return self._refuse("- stands for stdin and cannot be mixed with paths")
        for file in arguments.djt_models:
            if not Path(file).is_file():
                return self._refuse(f"--djt-models: {file} is no file")
        if self._stdin:
            path = _absolute(arguments.stdin_display_name)
            self._contents[path] = sys.stdin.buffer.read()
        from .models.schema import BadRow

        try:
            findings = self._findings()
        except BadRow as error:
            return self._refuse(str(error))
        if arguments.check:
            self._list(findings, sys.stdout)
            self._summarise()
            code = _FOUND if findings else _NOTHING
        else:
            if arguments.trace:
                self._list(findings, sys.stderr)
            code = self._repair(findings)
        if arguments.show_unknown:
            for reason, count in self._totals.unknown.most_common():
                print(f"{count:6} {reason}", file=sys.stdout if arguments.check else sys.stderr)
        return _TROUBLE if self._trouble else code

    def _refuse(self, cause: str) -> int:
        print(f"djt-fix: error: {cause}", file=sys.stderr)
        return _TROUBLE

    def _tell(self, problem: Problem) -> None:
        self._trouble = True
        print(problem._replace(path=_shown(problem.path)).text, file=sys.stderr)

    @cached_property
    def _options(self) -> Options:
        from .engine import Options

        return Options(models=tuple(self._arguments.djt_models), enable=frozenset(self._arguments.select), census=True)

    @cached_property
    def _base_texts(self) -> Mapping[str, str]:
        return {path: _decoded(data) for path, data in self._contents.items()}

    @cached_property
    def _engine(self) -> Engine:
        from .engine import Engine

        return Engine(self._options, self._base_texts)

    def _findings(self) -> list[Finding]:
        """Analyse every file; give the findings that were asked for and are not silenced, in the order of files."""
        arguments = self._arguments
        paths = list(self._contents) or list(dict.fromkeys(_files(arguments.paths, self._tell)))
        found: list[Finding] = []
        for number, path in enumerate(paths):
            self._progress(number, len(paths))
            report = self._analyse(path)
            if report is None:
                continue
            self._totals = self._totals.plus(report)
            for problem in report.problems:
                self._tell(problem)
            asked = [finding for finding in report.findings if self._is_asked_for(finding.code)]
            found += _not_silenced(asked, self._contents.get(path))
        self._progress(0, 0)
        return found

    def _analyse(self, path: str) -> Report | None:
        absolute = _absolute(path)
        if absolute not in self._reports:
            engine = self._engine
            try:
                self._reports[absolute] = engine.analyse(_shown(absolute))
            except Exception as error:
                self._trouble = True
                print(_internal(path, error), file=sys.stderr)
                return None
        return self._reports[absolute]

    def _is_asked_for(self, code: str) -> bool:
        return code.startswith(self._arguments.select) and not code.startswith(tuple(self._arguments.ignore))

    def _progress(self, done: int, total: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - self._started > _PATIENCE_S:
            line = f"{done}/{_count(total, 'file')}" if total else ""
            print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)

    def _list(self, findings: Iterable[Finding], file: TextIO) -> None:
        for finding in findings:
            print(f"{_place(finding)}: {finding.text}", file=file)
            for step in finding.trail if self._arguments.trace else ():
                print(f"    {_shown(step.span.path)}:{step.span.line}: {step.text}", file=file)

    def _repair(self, findings: Sequence[Finding]) -> int:
        # libcst takes longer to load than most projects to analyse.
        plan = self._plan(findings) if any(finding.remedy for finding in findings) else None
        changes = plan.changes if plan else ()
        if plan:
            for refusal in plan.refused:
                print(f"{_place(refusal.finding)}: {refusal.finding.code} is left: {refusal.reason}", file=sys.stderr)
            for refusal in plan.unsafe:
                print(
                    f"{_place(refusal.finding)}: {refusal.finding.code} has an unsafe fix: {refusal.reason}",
                    file=sys.stderr,
                )
            for problem in plan.problems:
                self._tell(problem)
        if not self._arguments.write:
            for change in changes:
                self._show(change)
        elif self._stdin:
            (data,) = self._contents.values()
            _emit(changes[0].after if changes else data)
        else:
            changes = tuple(change for change in changes if self._written(change))
        fixed = sum(len(change.fixed) for change in changes)
        parts = [f"{fixed} {'fixed' if self._arguments.write else 'fixable'}"]
        if plan and plan.unsafe:
            parts.append(f"{len(plan.unsafe)} more with --unsafe-fixes")
        self._summarise(*parts)
        return _FOUND if findings or changes else _NOTHING

    def _plan(self, findings: Sequence[Finding]) -> Plan:
        from .engine import Engine
        from .fix.plan import plan

        def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
            if not overlay:
                report = self._analyse(path)
                return report.findings if report else ()
            second: Report = Engine(self._options, {**self._base_texts, **overlay}).analyse(_shown(path))
            return second.findings

        return plan(
            findings,
            recheck,
            closer=self._arguments.closer,
            unsafe=self._arguments.unsafe_fixes,
            contents=self._contents if self._stdin else None,
        )

    def _show(self, change: Change) -> None:
        from .fix.diff import diff

        _emit(diff(change, _shown(change.path), colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR")))

    def _written(self, change: Change) -> bool:
        from .fix.write import write

        try:
            write(change)
        except OSError as error:
            self._tell(Problem(change.path, 0, f"cannot be written: {error.strerror}"))
            return False
        print(f"fixed {_shown(change.path)} ({_count(len(change.fixed), 'finding')})")
        return True

    def _summarise(self, *repairs: str) -> None:
        totals = self._totals
        parts = (
            _count(totals.files, "file"),
            _count(totals.spawns, "thread start"),
            f"{totals.resolved} resolved",
            f"{totals.leaking} leaking",
            *repairs,
            f"{totals.unknown.total()} unknown",
        )
        print(", ".join(parts), file=sys.stderr)


def _files(paths: Sequence[str], tell: Callable[[Problem], None]) -> Iterator[str]:
    """Every file that is named, and the Python files of every folder that is, sorted."""

    def unreadable(error: OSError) -> None:
        tell(Problem(str(error.filename), 0, f"cannot be read: {error.strerror}"))

    for path in paths:
        if not os.path.lexists(path):
            tell(Problem(path, 0, "no such file or folder"))
        elif not Path(path).is_dir():
            yield _absolute(path)
        for folder, folders, files in os.walk(path, onerror=unreadable) if Path(path).is_dir() else ():
            inner = [] if "pyvenv.cfg" in files else folders
            folders[:] = sorted(name for name in inner if name not in _SKIPPED and not name.startswith("."))
            if "pyvenv.cfg" not in files:
                yield from (_absolute(str(Path(folder, name))) for name in sorted(files) if name.endswith(".py"))


def _not_silenced(findings: Sequence[Finding], data: bytes | None) -> Iterator[Finding]:
    """Leave out what a ``# noqa`` silences, as flake8 does. ``data`` is the text of stdin; None reads the files."""
    silencers: dict[str, Callable[[Finding], bool]] = {}
    for finding in findings:
        path = finding.span.path
        if path not in silencers:
            silencers[path] = _silencer(_decoded(Path(path).read_bytes() if data is None else data))
        if not silencers[path](finding):
            yield finding


def _silencer(text: str) -> Callable[[Finding], bool]:
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


def _physical_lines(text: str) -> Iterator[tuple[int, int]]:
    """First and last line of everything between two line ends that are not inside a string."""
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (tokenize.ENDMARKER, tokenize.DEDENT):
            first = first or token.start[0]
        if token.type in (tokenize.NL, tokenize.NEWLINE):
            yield first, token.end[0]
            first = 0


def _decoded(data: bytes) -> str:
    """The text of a Python file; bytes that its encoding does not know are replaced, as they only stand in comments."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        encoding = "utf-8"
    return data.decode(encoding, errors="replace")


def _emit(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def _internal(path: str, error: Exception) -> str:
    return f"djt-fix: internal error in {_shown(path)}: {type(error).__name__}: {' '.join(str(error).split())}"


def _place(finding: Finding) -> str:
    return f"{_shown(finding.span.path)}:{finding.span.line}:{finding.span.col + 1}"


def _absolute(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - pathlib leaves ".." in place


def _shown(path: str) -> str:
    """A path as the user would write it: relative to the current folder if it lies there."""
    here = f"{Path.cwd()}{os.sep}"
    return path.removeprefix(here)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
