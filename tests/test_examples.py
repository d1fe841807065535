"""Each rule's own example: the bad code gets exactly its code, once, and the good code nothing."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from flake8_django_threads.base import Finding, Span
from flake8_django_threads.engine import Engine, Options
from flake8_django_threads.rules.rule import Rule, all_rules

MODELS = """\
from django.db import models


class Order(models.Model):
    paid = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
"""
LONGEST_LINES = 25
# By code, of the bad example: the evidence, each step behind its line; and the edit with its place and, behind an
# arrow, its target.
TOLD = {
    "DJT001": (
        [
            "13 hands send_receipts() to another thread",
            "13 calls send_receipts",
            "8 touches the database: Order.objects",
        ],
        "wrap: threading.Thread(target=send_receipts) -> send_receipts",
    ),
    "DJT002": (
        [
            "15 hands send_receipts() to another thread",
            "15 calls send_receipts",
            "9 touches the database: Order.objects",
            "9 opens the connection",
            "9 may raise here",
        ],
        "wrap: threading.Thread(target=send_receipts) -> send_receipts",
    ),
    "DJT003": (
        [
            "14 hands recount() to another thread",
            "14 calls recount",
            "10 touches the database: Order.count",
            "9 closes it",
            "10 opens the connection",
        ],
        "wrap: threading.Thread(target=recount) -> recount",
    ),
    "DJT004": (
        [
            "16 hands recount() to another thread",
            "16 calls recount",
            "10 touches the database: Order.count",
            "10 opens the connection",
        ],
        "wrap: threading.Thread(target=recount) -> recount",
    ),
    "DJT005": ([], "iterate-all: connections"),
    "DJT006": ([], 'close-before-del: connections["default"]'),
    "DJT007": (
        [
            "16 hands recount() to another thread",
            "16 calls recount",
            "10 touches the database: Order.count",
            "10 opens the connection",
        ],
        "wrap: threading.Thread(target=recount) -> recount",
    ),
    "DJT008": (
        [
            "15 hands watch() to another thread",
            "15 calls watch",
            "10 touches the database: Order.count",
            "10 opens the connection",
            "11 waits with the connection open",
        ],
        (
            "wrap: threading.Thread(target=watch, daemon=True) -> watch, "
            "if not the thread never ends: close in each round, before it waits"
        ),
    ),
    "DJT101": (
        ["14 hands archive() to another thread", "14 calls archive", "10 touches the database: Order.update"],
        "wrap: POOL.submit(archive, pk) -> archive",
    ),
    "DJT102": ([], ""),
    "DJT103": ([], "await-close-all: connections.close_all() -> connections.close_all"),
    "DJT201": (
        ["18 hands send_receipt() to another thread", "18 calls send_receipt", "10 touches the database: Order.get"],
        (
            "on-commit: threading.Thread(target=send_receipt, args=[order.pk]) "
            "-> threading.Thread(target=send_receipt, args=[order.pk]).start()"
        ),
    ),
    "DJT202": (["12 begins a transaction", "13 calls archive", "8 closes the transaction's connection"], ""),
    "DJT301": (
        ["19 hands count() to another thread", "19 calls count", "11 touches the database: Order.count"],
        "transaction-test-case: threading.Thread(target=count)",
    ),
    "DJT302": (["18 hands count() to another thread", "18 calls count", "11 touches the database: Order.count"], ""),
    "DJT401": (
        ["21 hands warm_up() to another thread", "21 calls warm_up", "12 touches the database: Order.count"],
        "",
    ),
    "DJT501": (["14 hands read() to another thread"], ""),
    "DJT502": (
        [
            "12 opens the connection: Order.objects",
            "13 makes another process, which inherits it",
            "13 calls archive",
            "8 uses it: Order.update",
        ],
        "close-before-fork: Process(target=archive, args=[pk]).start()",
    ),
    "DJT900": (["6 hands the entry to another thread"], ""),
    "DJT901": (
        ["6 starts a thread", "uwsgi.ini:2 no thread of Python runs under this before uWSGI 2.0.27"],
        "ini-enable-threads: uwsgi.ini:2",
    ),
}
# What is underlined, where the evidence does not begin with it.
UNDERLINED = {
    "DJT005": "connection.close",
    "DJT006": 'connections["default"]',
    "DJT102": "connections.close_all",
    "DJT103": "connections.close_all()",
    "DJT202": "connection.close()",
    "DJT502": "Process(target=archive, args=[pk]).start()",
}


def rule_id(rule: Rule) -> str:
    return rule.code


def findings(rule: Rule, code: str, ini: str, folder: Path) -> list[Finding]:
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "models.py").write_text(MODELS, encoding="utf-8")
    (folder / "settings.py").write_text(dedent(rule.example.settings), encoding="utf-8")
    (folder / "example.py").write_text(dedent(code), encoding="utf-8")
    (folder / "uwsgi.ini").write_text(dedent(ini), encoding="utf-8")
    report = Engine(Options(enable=frozenset({rule.code})), cwd=str(folder)).analyse("example.py")
    assert report.problems == ()
    return list(report.findings)


@pytest.mark.parametrize("rule", all_rules(), ids=rule_id)
def test_the_bad_example_gets_its_code_once(rule: Rule, tmp_path: Path) -> None:
    assert [finding.code for finding in findings(rule, rule.example.bad, rule.example.bad_ini, tmp_path)] == [rule.code]


@pytest.mark.parametrize("rule", all_rules(), ids=rule_id)
def test_the_good_example_is_silent(rule: Rule, tmp_path: Path) -> None:
    assert findings(rule, rule.example.good, rule.example.good_ini, tmp_path) == []


def cut(span: Span, folder: Path) -> str:
    """The text of a place in the example; of one elsewhere its name."""
    if span.path != "example.py":
        return span.short
    assert span.line == span.end_line
    return (folder / span.path).read_text(encoding="utf-8").splitlines()[span.line - 1][span.col : span.end_col]


@pytest.mark.parametrize("rule", all_rules(), ids=rule_id)
def test_what_the_bad_example_is_told_beside_its_message(rule: Rule, tmp_path: Path) -> None:
    (finding,) = findings(rule, rule.example.bad, rule.example.bad_ini, tmp_path)
    own = "example.py:"
    steps = [f"{step.span.short.removeprefix(own)} {step.text}" for step in finding.trail]
    edit = ""
    if remedy := finding.remedy:
        target = f" -> {cut(remedy.target, tmp_path)}" if remedy.target is not None else ""
        blocked = f", if not {remedy.blocked}" if remedy.blocked else ""
        edit = f"{remedy.kind}: {cut(remedy.spawn, tmp_path)}{target}{blocked}"
        assert (remedy.inner, remedy.alias) == (None, "default")
        assert not remedy.only_spawned
    assert (steps, edit) == TOLD[rule.code]
    underlined = UNDERLINED.get(rule.code) or cut(finding.trail[0].span, tmp_path)
    assert cut(finding.span, tmp_path) == underlined


@pytest.mark.parametrize("rule", all_rules(), ids=rule_id)
def test_examples_are_short_enough_to_read_in_a_review(rule: Rule) -> None:
    for code in rule.example:
        assert len(dedent(code).strip().splitlines()) <= LONGEST_LINES
