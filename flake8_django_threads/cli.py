"""djt-fix: find the leaks of a project from the command line, show the repair, write it."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
import time
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, NoReturn, TextIO

from . import __version__
from .base import Finding, Problem
from .reports.listing import Listing, Outcome, RuleWords
from .workers import Answer, answers

if TYPE_CHECKING:
    from .engine import Engine, Options, Report
    from .fix.plan import Change, Plan

_SKIPPED = frozenset({"node_modules", "__pycache__", "build", "dist", "site-packages", "venv", "env"})
# Up to here nobody wonders whether anything happens.
_PATIENCE_S = 1.0
_BAR = 30
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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line; the usage has ten of them."""
        self.exit(_TROUBLE, f"{self.prog}: error: {message} ({self.prog} --help lists the options)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="djt-fix",
        description="Find Django code that runs in another thread and leaks its database connection, and repair it.",
        epilog="Exit code: 0 nothing to do, 1 findings or changes, 2 a file or an option that could not be handled.",
    )
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="files and folders; - reads from stdin")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--diff", action="store_true", help="show the repairs as a diff and change nothing (default)")
    mode.add_argument("--write", action="store_true", help="write the repairs")
    mode.add_argument("--check", action="store_true", help="list the findings and change nothing")
    mode.add_argument("--add-noqa", action="store_true", help="silence the findings with comments")
    mode.add_argument("--explain", metavar="CODE", help="say what a code means, and leave")
    parser.add_argument("--select", type=_codes, default=("DJT",), metavar="CODES", help="only these codes or prefixes")
    parser.add_argument("--ignore", type=_codes, default=(), metavar="CODES", help="not these codes or prefixes")
    safety = parser.add_mutually_exclusive_group()
    safety.add_argument("--safe", action="store_true", help="repair only where nothing else can change (default)")
    safety.add_argument("--unsafe-fixes", action="store_true", help="repair also where that may change behaviour")
    parser.add_argument(
        "--closer",
        choices=("auto", "connection", "close_all"),
        default="auto",
        help="what to insert: connection.close(), connections.close_all(), or what the project's databases ask for",
    )
    parser.add_argument(
        "--wrap",
        choices=("auto", "inplace", "boundary"),
        default="auto",
        help="where to close: in the function that the thread runs, where it is handed over, or what each case allows",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "sarif", "github"),
        default="text",
        help="how to list findings; other formats than text replace the diff too",
    )
    parser.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="analyse in N processes; 0: one a processor")
    parser.add_argument("--trace", action="store_true", help="print the evidence under each finding")
    parser.add_argument("--show-unknown", action="store_true", help="say what could not be followed, and how often")
    parser.add_argument("--djt-models", action="append", default=[], metavar="FILE", help="more rows about libraries")
    parser.add_argument(
        "--stdin-display-name", default="stdin.py", metavar="PATH", help="the name of the file on stdin"
    )
    parser.add_argument("--version", action="version", version=f"djt-fix {__version__}")
    return parser


def _codes_of(prefixes: Sequence[str]) -> frozenset[str]:
    """The codes that begin with one of these."""
    from .rules.rule import all_rules

    return frozenset(rule.code for rule in all_rules() if rule.code.startswith(tuple(prefixes)))


def _codes(text: str) -> tuple[str, ...]:
    codes = tuple(part.strip() for part in text.split(",") if part.strip())
    for code in codes:
        if not _codes_of((code,)):
            raise argparse.ArgumentTypeError(f"{code!r} is no code; codes look like DJT001 or DJT")
    if not codes:
        raise argparse.ArgumentTypeError("no code is given")
    return codes


def _jobs(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes")
    return int(text) or os.cpu_count() or 1


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
        self._problems: list[Problem] = []
        self._totals = Totals()
        self._silent = 0
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
        from .engine import collector_at_rest
        from .models.schema import BadRow

        try:
            with collector_at_rest():
                findings = self._findings()
        except BadRow as error:
            return self._refuse(str(error))
        if arguments.check:
            self._tell_all([Outcome(finding) for finding in findings])
            self._summarise()
            code = _FOUND if findings else _NOTHING
        elif arguments.add_noqa:
            code = self._silence(findings)
        else:
            if arguments.trace and self._is_text:
                self._list(findings, sys.stderr)
            code = self._repair(findings)
        if arguments.show_unknown:
            for reason, count in self._totals.unknown.most_common():
                print(f"{count:6} {reason}", file=sys.stdout if arguments.check and self._is_text else sys.stderr)
        return _TROUBLE if self._trouble else code

    @property
    def _is_text(self) -> bool:
        return bool(self._arguments.format == "text")

    def _tell_all(self, outcomes: Sequence[Outcome]) -> None:
        """List the findings on stdout, in the format that was asked for."""
        if self._is_text:
            self._list([outcome.finding for outcome in outcomes], sys.stdout)
            return
        from .docs import explain, summary
        from .rules.rule import all_rules

        totals = self._totals
        counts = {
            "files": totals.files,
            "thread_starts": totals.spawns,
            "resolved": totals.resolved,
            "leaking": totals.leaking,
            "unknown": totals.unknown.total(),
        }
        rules = [RuleWords(rule.code, rule.name, summary(rule), explain(rule.code) or "") for rule in all_rules()]
        render = importlib.import_module(f".reports.as_{self._arguments.format}", __package__).render
        sys.stdout.write(render(Listing(outcomes, self._problems, counts, rules, __version__, _shown)))

    def _refuse(self, cause: str) -> int:
        print(f"djt-fix: error: {cause}", file=sys.stderr)
        return _TROUBLE

    def _tell(self, problem: Problem) -> None:
        self._trouble = True
        self._problems.append(problem)
        print(problem._replace(path=_shown(problem.path)).text, file=sys.stderr)

    @cached_property
    def _options(self) -> Options:
        from .engine import Options

        # An opt-in code must be asked for by its whole name: a prefix is no wish for it.
        enable = _codes_of(self._arguments.select).intersection(self._arguments.select)
        return Options(models=tuple(self._arguments.djt_models), enable=enable, census=True)

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
        shown = {_shown(_absolute(path)): path for path in paths}
        for number, answer in enumerate(answers(self._engine, list(shown), arguments.jobs)):
            self._progress(number, len(paths))
            path = shown[answer.path]
            report = self._kept(path, answer)
            if report is None:
                continue
            self._totals = self._totals.plus(report)
            for problem in report.problems:
                self._tell(problem)
            asked = [finding for finding in report.findings if self._is_asked_for(finding.code)]
            told = list(_not_silenced(asked, self._contents.get(path)))
            self._silent += len(asked) - len(told)
            found += told
        self._progress(0, 0)
        return found

    def _kept(self, path: str, answer: Answer) -> Report | None:
        if answer.report is None:
            self._trouble = True
            print(f"djt-fix: internal error in {_shown(path)}: {answer.error}", file=sys.stderr)
            return None
        self._reports[_absolute(path)] = answer.report
        return answer.report

    def _analyse(self, path: str) -> Report | None:
        absolute = _absolute(path)
        if absolute not in self._reports:
            for answer in answers(self._engine, [_shown(absolute)], 1):
                self._kept(path, answer)
        return self._reports.get(absolute)

    def _is_asked_for(self, code: str) -> bool:
        return code.startswith(self._arguments.select) and not code.startswith(tuple(self._arguments.ignore))

    def _progress(self, done: int, total: int) -> None:
        full = _BAR * done // total if total else 0
        self._say(f"[{'=' * full}{' ' * (_BAR - full)}] {done}/{_count(total, 'file')}" if total else "")

    def _say(self, line: str) -> None:
        """Write over the last line of a terminal whose user has waited for a while."""
        if sys.stderr.isatty() and time.monotonic() - self._started > _PATIENCE_S:
            print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)

    def _list(self, findings: Iterable[Finding], file: TextIO) -> None:
        from .reports.as_text import lines

        for finding in findings:
            for line in lines(finding, _shown, trace=self._arguments.trace, colour=_coloured(file)):
                print(line, file=file)

    def _repair(self, findings: Sequence[Finding]) -> int:
        # libcst takes longer to load than most projects to analyse.
        self._say("working out the repairs ...")
        plan = self._plan(findings) if any(finding.remedy for finding in findings) else None
        self._say("")
        changes = plan.changes if plan else ()
        if plan:
            for refusal in plan.refused if self._is_text else ():
                print(f"{_place(refusal.finding)}: {refusal.finding.code} is left: {refusal.reason}", file=sys.stderr)
            for refusal in plan.unsafe if self._is_text else ():
                print(
                    f"{_place(refusal.finding)}: {refusal.finding.code} has an unsafe fix: {refusal.reason}",
                    file=sys.stderr,
                )
            for problem in plan.problems:
                self._tell(problem)
        if self._arguments.write and self._stdin:
            (data,) = self._contents.values()
            _emit(changes[0].after if changes else data)
        elif self._arguments.write:
            done: list[Change] = []
            for change in changes:
                if change.needs and change.needs not in {other.path for other in done}:
                    self._tell(Problem(change.path, 0, f"is left: it would need {_shown(change.needs)}"))
                elif self._written(change):
                    done.append(change)
            changes = tuple(done)
        elif self._is_text:
            for change in changes:
                self._show(change)
        if not self._is_text and not (self._arguments.write and self._stdin):
            self._tell_all(_outcomes(findings, plan, changes, "fixed" if self._arguments.write else "fixable"))
        fixed = sum(len(change.fixed) for change in changes)
        parts = [f"{fixed} {'fixed' if self._arguments.write else 'fixable'}"]
        left = sum(f.remedy is None for f in findings) + len(plan.refused if plan else ())
        parts += [f"{left} left"] * bool(left)
        for reason, count in Counter(refusal.reason for refusal in (plan.unsafe if plan else ())).most_common():
            parts.append(f"{count} more with --unsafe-fixes ({reason})")
        self._summarise(*parts)
        return _FOUND if findings or changes else _NOTHING

    def _silence(self, findings: Sequence[Finding]) -> int:
        """Put a comment on the line of each finding."""
        from .fix.noqa import silence
        from .fix.plan import Change
        from .fix.source import NoEditError, Source

        by_path: dict[str, list[Finding]] = {}
        for finding in findings:
            by_path.setdefault(_absolute(finding.span.path), []).append(finding)
        silenced = 0
        for path, here in by_path.items():
            data = self._contents[path] if self._stdin else Path(path).read_bytes()
            try:
                source = Source(path, data)
                change = Change(path, data, source.encode(silence(source, here)), tuple(here))
            except NoEditError as error:
                self._tell(Problem(path, 0, str(error)))
                continue
            if self._stdin:
                _emit(change.after)
            elif not self._written(change, "silenced in"):
                continue
            silenced += len(here)
        if self._stdin and not findings:
            _emit(*self._contents.values())
        self._summarise(f"{silenced} silenced")
        return _FOUND if findings else _NOTHING

    def _plan(self, findings: Sequence[Finding]) -> Plan:
        from .fix.plan import plan

        latest: list[tuple[Mapping[str, str], Engine]] = []

        def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
            if not overlay:
                report = self._analyse(path)
                return report.findings if report else ()
            # The same edit is looked at from each file that it speaks of.
            if not latest or latest[0][0] != overlay:
                latest[:] = [(dict(overlay), self._engine.again({**self._base_texts, **overlay}, proving=True))]
            second: Report = latest[0][1].analyse(_shown(path))
            return second.findings

        return plan(
            findings,
            recheck,
            closer=self._arguments.closer,
            wrap=self._arguments.wrap,
            unsafe=self._arguments.unsafe_fixes,
            contents=self._contents if self._stdin else None,
        )

    def _show(self, change: Change) -> None:
        from .fix.diff import diff

        _emit(diff(change, _shown(change.path), colour=_coloured(sys.stdout)))

    def _written(self, change: Change, what: str = "fixed") -> bool:
        from .fix.write import write

        try:
            write(change)
        except OSError as error:
            self._tell(Problem(change.path, 0, f"cannot be written: {error.strerror}"))
            return False
        told = f"{what} {_shown(change.path)} ({_count(len(change.fixed), 'finding')})"
        if change.before is None:
            told = f"made {_shown(change.path)}"
        print(told, file=sys.stdout if self._is_text else sys.stderr)
        return True

    def _summarise(self, *repairs: str) -> None:
        totals = self._totals
        parts = (
            _count(totals.files, "file"),
            _count(totals.spawns, "thread start"),
            f"{totals.resolved} resolved",
            f"{totals.leaking} leaking",
            *[f"{self._silent} silent by noqa"] * bool(self._silent),
            *repairs,
            f"{totals.unknown.total()} unknown",
        )
        print(", ".join(parts), file=sys.stderr)


def _outcomes(
    findings: Sequence[Finding], plan: Plan | None, changes: Sequence[Change], done: Literal["fixed", "fixable"]
) -> list[Outcome]:
    """What became of each finding."""
    told: dict[Finding, Outcome] = {finding: Outcome(finding) for finding in findings}
    for refusal in plan.refused if plan else ():
        told[refusal.finding] = Outcome(refusal.finding, "left", refusal.reason)
    for refusal in plan.unsafe if plan else ():
        told[refusal.finding] = Outcome(refusal.finding, "unsafe", refusal.reason)
    told.update((finding, Outcome(finding, done)) for change in changes for finding in change.fixed)
    return list(told.values())


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
    from .fix.noqa import silencer

    silencers: dict[str, Callable[[Finding], bool]] = {}
    for finding in findings:
        path = finding.span.path
        if path not in silencers:
            silencers[path] = silencer(_decoded(Path(path).read_bytes() if data is None else data))
        if not silencers[path](finding):
            yield finding


def _decoded(data: bytes) -> str:
    """The text of a Python file; bytes that its encoding does not know are replaced, as they only stand in comments."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        encoding = "utf-8"
    return data.decode(encoding, errors="replace")


def _coloured(file: TextIO) -> bool:
    return file.isatty() and not os.environ.get("NO_COLOR")


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


if __name__ == "__main__":
    sys.exit(main())
