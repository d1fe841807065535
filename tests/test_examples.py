"""Each rule's own example: the bad code gets exactly its code, once, and the good code nothing."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from flake8_django_threads.base import Finding
from flake8_django_threads.engine import Engine, Options
from flake8_django_threads.rules.rule import Rule, all_rules

MODELS = """\
from django.db import models


class Order(models.Model):
    paid = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
"""
LONGEST_LINES = 25


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


@pytest.mark.parametrize("rule", all_rules(), ids=rule_id)
def test_examples_are_short_enough_to_read_in_a_review(rule: Rule) -> None:
    for code in rule.example:
        assert len(dedent(code).strip().splitlines()) <= LONGEST_LINES
