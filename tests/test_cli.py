"""djt-fix from the command line, with a stand-in for the linter (see ``fix_marks``)."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from fix_marks import leaks, spans

from flake8_django_threads import __version__
from flake8_django_threads.base import Finding, Problem
from flake8_django_threads.cli import main
from flake8_django_threads.fix.source import Source
from flake8_django_threads.models.schema import BadRow

FIXES = Path(__file__).parent / "fixes"
LEAK = (FIXES / "plain_function" / "before.py").read_bytes()
FIXED = (FIXES / "plain_function" / "after.py").read_bytes()


class Options(NamedTuple):
    models: tuple[str, ...] = ()
    enable: frozenset[str] = frozenset()
    survey: bool = True
    census: bool = False


class Report(NamedTuple):
    findings: tuple[Finding, ...] = ()
    spawns: int = 0
    resolved: int = 0
    leaking: int = 0
    unknown: tuple[tuple[str, int], ...] = ()
    problems: tuple[Problem, ...] = ()


class Engine:
    def __init__(self, options: Options, overlay: Mapping[str, str]) -> None:
        self._options, self._overlay = options, overlay
        for file in options.models:
            raise BadRow(file, "[[spawn]] 1", "path", "missing")

    def again(self, overlay: Mapping[str, str], *, proving: bool) -> Engine:
        assert proving
        return Engine(self._options, overlay)

    def analyse(self, path: str) -> Report:
        text = self._overlay.get(str(Path.cwd() / path)) or Source(path, Path(path).read_bytes()).text
        if "# crash" in text:
            raise ValueError("one\nline")
        if "# interrupt" in text:
            raise KeyboardInterrupt
        try:
            found = tuple(finding for finding in spans(path, text) if leaks(finding, text))
        except SyntaxError as error:
            return Report(problems=(Problem(path, error.lineno or 0, f"does not parse: {error.msg}"),))
        unknown = (("a parameter", 2),) if "unknown" in text else ()
        return Report(found, text.count("Thread("), len(found), len(found), unknown)


def install(explain: Callable[[str], str | None] = {"DJT001": "# DJT001 the page"}.get) -> None:
    """Put the stand-ins where djt-fix imports the linter from."""
    for name, members in {
        "engine": {"Engine": Engine, "Options": Options, "collector_at_rest": nullcontext},
        "docs": {"explain": explain, "summary": lambda rule: rule.name},
    }.items():
        module = ModuleType(f"flake8_django_threads.{name}")
        vars(module).update(members)
        sys.modules[module.__name__] = module


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the stand-ins in place."""
    for name in ("engine", "docs"):
        monkeypatch.setitem(sys.modules, f"flake8_django_threads.{name}", ModuleType(name))
    install()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def djt(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def call(*arguments: str) -> Said:
        code = main(arguments)
        return Said(code, *capsys.readouterr())

    return call


Djt = Callable[..., Said]


def test_nothing_to_do(project: Path, djt: Djt) -> None:
    (project / "quiet.py").write_text("x = 1\n")
    assert djt() == Said(0, "", "1 file, 0 thread starts, 0 resolved, 0 leaking, 0 fixable, 0 unknown\n")


def test_check_lists_and_changes_nothing(project: Path, djt: Djt) -> None:
    (project / "a.py").write_bytes(LEAK)
    (project / "b.py").write_bytes(LEAK)
    said = djt("--check", "--trace", ".")
    assert said.code == 1
    assert said.out.splitlines() == [
        "a.py:15:5: DJT001 runs in a new thread",
        "    a.py:15: the spawn",
        "b.py:15:5: DJT001 runs in a new thread",
        "    b.py:15: the spawn",
    ]
    assert said.err == "2 files, 2 thread starts, 2 resolved, 2 leaking, 0 unknown\n"
    assert (project / "a.py").read_bytes() == LEAK


def test_diff_is_the_default_and_applies(project: Path, djt: Djt) -> None:
    (project / "a.py").write_bytes(LEAK)
    said = djt("a.py")
    assert said.code == 1
    assert said == djt("--diff", "a.py")
    assert said.err == "1 file, 1 thread start, 1 resolved, 1 leaking, 1 fixable, 0 unknown\n"
    assert (project / "a.py").read_bytes() == LEAK
    subprocess.run(["git", "apply", "-"], input=said.out, text=True, check=True, cwd=project)
    assert (project / "a.py").read_bytes() == FIXED


def test_write_and_then_nothing_is_left(project: Path, djt: Djt) -> None:
    (project / "a.py").write_bytes(LEAK)
    said = djt("--write")
    assert said.code == 1
    assert said.out == "fixed a.py (1 finding)\n"
    assert "1 fixed" in said.err
    assert (project / "a.py").read_bytes() == FIXED
    assert djt("--write").code == 0


def test_trace_and_unknown_stay_out_of_a_diff(project: Path, djt: Djt) -> None:
    (project / "a.py").write_bytes(LEAK + b"# unknown\n")
    said = djt("--trace", "--show-unknown")
    assert said.out.startswith("--- a/a.py")
    assert "a.py:15: the spawn" in said.err
    assert "     2 a parameter\n" in said.err
    assert "2 unknown" in said.err
    assert "     2 a parameter\n" in djt("--check", "--show-unknown").out


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (("--select", "DJT1"), 1),
        (("--select", "DJT001,DJT101"), 2),
        (("--ignore", "DJT0"), 1),
        (("--ignore", "DJT"), 0),
        (("--select", "DJT9"), 0),
    ],
)
def test_codes_are_chosen_by_prefix(arguments: tuple[str, ...], lines: int, project: Path, djt: Djt) -> None:
    (project / "a.py").write_bytes(LEAK)
    (project / "b.py").write_bytes(LEAK.replace(b"DJT001", b"DJT101"))
    said = djt("--check", *arguments)
    assert len(said.out.splitlines()) == lines
    assert said.code == (1 if lines else 0)


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("# noqa", True),
        ("#  DJT", False),
        ("# NoQA:DJT001", True),
        ("# noqa: E501, DJT0", True),
        ("# noqa: E501", False),
    ],
)
def test_noqa_is_read_as_flake8_reads_it(comment: str, silent: bool, project: Path, djt: Djt) -> None:
    (project / "a.py").write_text(LEAK.decode().replace("  # DJT001", f"  {comment}  # DJT001"))
    said = djt("--check")
    assert said.code == (0 if silent else 1)
    assert ("1 leaking, 1 silent by noqa, 0 unknown" in said.err) == silent


@pytest.mark.parametrize(
    ("line", "silent"),
    [
        ("# flake8: noqa", True),
        ("# flake8: noqa: DJT001", True),
        ("# flake8: noqa: E501", False),
        ("x = 1  # flake8: noqa: DJT001", False),
        ("x = '''\n# noqa'''", False),
    ],
)
def test_noqa_for_a_file(line: str, silent: bool, project: Path, djt: Djt) -> None:
    (project / "a.py").write_text(f"{LEAK.decode()}{line}\n")
    assert djt("--check").code == (0 if silent else 1)


def test_noqa_behind_a_long_string_counts_for_its_first_line(project: Path, djt: Djt) -> None:
    spawn = 'Thread(target=sync_orders, args=("""\n""",))  # noqa  # DJT001 in-place sync_orders'
    (project / "a.py").write_text(LEAK.decode().rpartition("\n    Thread")[0] + f"\n    {spawn}\n")
    assert djt("--check").code == 0


def test_folders_are_walked_without_the_foreign_ones(project: Path, djt: Djt) -> None:
    for name in ("b/x.py", "a/x.py", ".git/x.py", "node_modules/x.py", "lib/site-packages/x.py", "ve/bin/x.py"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(LEAK)
    (project / "ve" / "pyvenv.cfg").touch()
    (project / "a" / "script").write_bytes(LEAK)
    assert [line.split(":")[0] for line in djt("--check").out.splitlines()] == ["a/x.py", "b/x.py"]
    assert djt("--check", "a/script", ".git").out.count("DJT001") == 2
    assert djt("--check", "a", "a/x.py").out.count("DJT001") == 1


def test_a_file_that_does_not_parse_costs_no_other(project: Path, djt: Djt) -> None:
    (project / "a.py").write_text("def f(:\n")
    (project / "b.py").write_text("# crash\n")
    (project / "c.py").write_bytes(LEAK)
    said = djt("--write")
    assert said.code == 2
    assert said.err.splitlines()[:2] == [
        "a.py:1: does not parse: invalid syntax",
        "djt-fix: internal error in b.py: ValueError: one line",
    ]
    assert (project / "c.py").read_bytes() == FIXED


def test_a_file_that_cannot_be_written_costs_no_other(project: Path, djt: Djt) -> None:
    for name in ("a.py", "b.py"):
        (project / name).write_bytes(LEAK)
    (project / "a.py").chmod(0o444)
    said = djt("--write")
    assert said.code == 2
    assert said.out == "fixed b.py (1 finding)\n"
    assert said.err.splitlines()[0] == "a.py: cannot be written: it is read-only"
    assert (project / "a.py").read_bytes() == LEAK


def test_what_is_left_is_told_with_its_reason(project: Path, djt: Djt) -> None:
    (project / "a.py").write_bytes((FIXES / "generator" / "before.py").read_bytes())
    (project / "b.py").write_bytes(LEAK.replace(b"DJT001", b"DJT004"))
    said = djt("--write")
    assert said.code == 1
    first, second, summary = said.err.splitlines()
    assert first.startswith("a.py:10:1: DJT001 is left: the entry is a generator")
    assert second.startswith("b.py:15:5: DJT004 has an unsafe fix: ")
    reason = "a connection that CONN_MAX_AGE was set to keep would be closed"
    assert summary.endswith(f"0 fixed, 1 left, 1 more with --unsafe-fixes ({reason}), 0 unknown")
    assert djt("--write", "--unsafe-fixes").out == "fixed b.py (1 finding)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--select", "nonsense"), "'nonsense' is no code"),
        (("--select", "XYZ"), "'XYZ' is no code"),
        (("--ignore", "DJT7"), "'DJT7' is no code"),
        (("--select", ","), "no code is given"),
        (("--closer", "all"), "invalid choice"),
        (("--write", "--check"), "not allowed with"),
        (("--frobnicate",), "unrecognized arguments"),
        (("--safe", "--unsafe-fixes"), "not allowed with"),
        (("--wrap", "twice"), "invalid choice"),
        (("--format", "xml"), "invalid choice"),
        (("--jobs", "many"), "'many' is no number of processes"),
        (("missing.py",), "missing.py: no such file or folder"),
        (("--djt-models", "missing.toml"), "missing.toml is no file"),
        (("--djt-models", "bad.toml"), "bad.toml: [[spawn]] 1: path: missing"),
        (("-", "a.py"), "- stands for stdin"),
        (("--explain", "DJT999"), "there is no rule DJT999"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(arguments: tuple[str, ...], message: str, project: Path, djt: Djt) -> None:
    (project / "bad.toml").touch()
    (project / "a.py").write_text("x = 1\n")
    said = djt(*arguments)
    assert said.code == 2
    (told,) = [line for line in said.err.splitlines() if " thread starts" not in line]
    assert message in told


def test_help_version_and_explain(djt: Djt) -> None:
    assert djt("--version") == Said(0, f"djt-fix {__version__}\n", "")
    assert djt("--help").out.startswith("usage: djt-fix")
    assert djt("--explain", "djt001") == Said(0, "# DJT001 the page\n", "")


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_stdin_stands_for_the_named_file(project: Path, djt: Djt, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "a.py").write_text("x = 1\n")
    stdin(monkeypatch, b"\xef\xbb\xbf" + LEAK.replace(b"\n", b"\r\n"))
    assert djt("-", "--check", "--stdin-display-name", "a.py").out.startswith("a.py:15:5: DJT001")
    assert (project / "a.py").read_text() == "x = 1\n"


def test_stdin_is_fixed_to_stdout(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    data = b"\xef\xbb\xbf" + LEAK.replace(b"\n", b"\r\n")
    stdin(monkeypatch, data)
    assert main(["-", "--write"]) == 1
    assert capfdbinary.readouterr().out == b"\xef\xbb\xbf" + FIXED.replace(b"\n", b"\r\n")
    stdin(monkeypatch, b"x = 1\r\n")
    assert main(["-", "--write"]) == 0
    assert capfdbinary.readouterr().out == b"x = 1\r\n"
    stdin(monkeypatch, LEAK)
    assert main(["-"]) == 1
    assert capfdbinary.readouterr().out.startswith(b"--- a/stdin.py\n")


def test_an_interrupt_is_quiet(project: Path, djt: Djt) -> None:
    (project / "a.py").write_text("# interrupt\n")
    assert djt() == Said(130, "", "")


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A script that is djt-fix with the stand-in."""
    script = tmp_path_factory.mktemp("bin") / "djt.py"
    here = Path(__file__).parent
    script.write_text(
        f"import sys\nsys.path[:0] = {[str(here), str(here.parent)]!r}\nimport test_cli\n"
        "from flake8_django_threads.cli import main\ntest_cli.install()\n"
        "sys.exit(main())\n"
    )
    return str(script)


def test_as_a_process(project: Path, starter: str) -> None:
    (project / "a.py").write_bytes(LEAK)
    made = subprocess.run([sys.executable, starter, "--write", "."], capture_output=True, text=True, cwd=project)
    assert (made.returncode, made.stdout) == (1, "fixed a.py (1 finding)\n"), made.stderr
    assert (project / "a.py").read_bytes() == FIXED


def test_as_a_module() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "flake8_django_threads.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout == f"djt-fix {__version__}\n"


def test_a_lost_reader_is_no_error(project: Path, starter: str) -> None:
    for number in range(300):
        (project / f"file_{number}.py").write_bytes(LEAK)
    command = [sys.executable, "-u", starter, "--check", "--trace", "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=project) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert b"rror" not in process.stderr.read()
    assert process.returncode == 1


@pytest.mark.parametrize("arguments", [["--help"], ["--explain", "DJT001"], ["--check", "."], ["--version"]])
def test_libcst_is_loaded_for_edits_alone(arguments: list[str], project: Path) -> None:
    (project / "a.py").write_bytes(LEAK)
    script = (
        f"import sys; sys.path[:0] = {[str(Path(__file__).parent.parent)]!r}; arguments = {arguments!r}\n"
        "from flake8_django_threads.cli import main\n"
        "from types import ModuleType, SimpleNamespace as N\n"
        "for name in ('engine', 'docs'): sys.modules['flake8_django_threads.' + name] = ModuleType(name)\n"
        "engine, docs = (sys.modules['flake8_django_threads.' + name] for name in ('engine', 'docs'))\n"
        "docs.explain = lambda code: code\n"
        "from contextlib import nullcontext as rest\n"
        "engine.Options, engine.collector_at_rest = (lambda **_: None), rest\n"
        "report = N(findings=(), spawns=0, resolved=0, leaking=0, unknown=(), problems=())\n"
        "engine.Engine = lambda *_: N(analyse=lambda path: report)\n"
        "code = main(arguments)\n"
        "sys.exit('libcst' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=project, capture_output=True).returncode == 0
