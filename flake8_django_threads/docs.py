"""The rule pages, the README's table and the page of rows, rendered from the rule classes and the tables."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from flake8_django_threads.models.load import shipped
from flake8_django_threads.models.schema import TABLES
from flake8_django_threads.rules.rule import Rule, all_rules

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- rules -->\n", "<!-- /rules -->\n"


def explain(code: str) -> str | None:
    """The page of a rule in Markdown, with the same headings in the same order for each; None for an unknown code."""
    rule = next((rule for rule in all_rules() if rule.code == code), None)
    return None if rule is None else _page(rule)


def table() -> str:
    """The README's table: a row for each rule."""
    rows = ["| code | name | reports |", "|---|---|---|"]
    rows += [f"| {rule.code} | {rule.name} | {summary(rule).rstrip('.')}{_opt_in(rule)} |" for rule in all_rules()]
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """``text`` with the table of today between its two comment lines. Raises ValueError without such a place."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"needs one line {BEGIN.strip()} and below it one line {END.strip()}")
    return text[: text.index(BEGIN)] + BEGIN + table() + text[text.index(END) :]


def pages() -> dict[str, str]:
    """Every generated page, by its path in the repository: one for each rule, and one of all rows."""
    found = {f"docs/rules/{rule.code}.md": _page(rule) + "\n" for rule in all_rules()}
    return {**found, "docs/rows.md": rows_page()}


def rows_page() -> str:
    """All shipped rows with their reasons, by table."""
    parts = [
        "# What the linter knows",
        "Each row says one thing about one path, and why. [Teach it your helper](teach.md) shows how to add your own.",
    ]
    for table, meaning in TABLES.items():
        lines = ["| path | says | why |", "|---|---|---|"]
        for entry in (entry for tables in shipped().values() for entry in tables.get(table, ())):
            lines.append("| " + " | ".join(map(_cell, (_paths(entry), _says(entry), entry["why"]))) + " |")
        parts += [f"## {table}", meaning, "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _paths(entry: Mapping[str, Any]) -> str:
    paths = entry.get("paths") or [entry["path"]]
    return ", ".join(f"`{path}`" for path in paths) + "".join(f" `.{name}`" for name in entry.get("methods", ()))


def _says(entry: Mapping[str, Any]) -> str:
    said = {key: value for key, value in entry.items() if key not in ("path", "paths", "methods", "why")}
    return ", ".join(f"{key} = {_literal(value)}" for key, value in said.items())


def _literal(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold README and pages to rules and rows: 0 if all is right or now written, 1 if something is old.

    2 if nobody can know, because a file cannot be read, written or holds no place for the table.
    """
    parser = argparse.ArgumentParser(
        prog="python -m flake8_django_threads.docs", description="The README's rule table and the pages in docs."
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="say whether they are those of the rules and rows")
    mode.add_argument("--write", action="store_true", help="write them")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT, help="the folder that holds README.md and docs")
    options = parser.parse_args(arguments)
    path = options.folder
    try:
        path = options.folder / "README.md"
        wanted = {path: with_table(path.read_text(encoding="utf-8"))}
        wanted |= {options.folder / name: text for name, text in pages().items()}
        old = []
        for path, text in wanted.items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                old.append(path)
        for path in old if options.write else ():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        cause = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        print(f"{path}: {cause}", file=sys.stderr)
        return 2
    for path in old if options.check else ():
        print(f"{path}: the rules or rows say something else; {parser.prog} --write writes it", file=sys.stderr)
    return 1 if options.check and old else 0


def _page(rule: Rule) -> str:
    parts = [f"# {rule.code} {rule.name}", summary(rule) + _opt_in(rule)]
    for heading in ("What it finds", "Why it matters"):
        parts += [f"## {heading}", _part(rule, heading)]
    settings = [_code(rule.example.settings)] if rule.example.settings else []
    bad, good = ([_code(ini, "ini")] if ini else [] for ini in (rule.example.bad_ini, rule.example.good_ini))
    parts += ["## Example", *settings, *bad, _code(rule.example.bad)]
    parts += ["## Use instead", *good, _code(rule.example.good)]
    parts += ["## Fix", rule.fix_safety, "## Known gaps", "\n".join(f"- {gap}" for gap in rule.known_gaps) or "None."]
    return "\n\n".join(parts)


def summary(rule: Rule) -> str:
    """What a rule reports, in one line."""
    return " ".join(inspect.cleandoc(rule.__doc__ or "").partition("\n\n")[0].split())


def _opt_in(rule: Rule) -> str:
    return "" if rule.default else f" (only with `--djt-enable={rule.code}`)"


def _part(rule: Rule, heading: str) -> str:
    """The indented block below a heading of the docstring."""
    found = re.search(rf"^{heading}\n((?:[ \t].*\n?|\n)*)", inspect.cleandoc(rule.__doc__ or ""), re.MULTILINE)
    return dedent(found[1]).strip() if found else ""


def _code(text: str, language: str = "python") -> str:
    return f"```{language}\n{dedent(text).strip()}\n```"


if __name__ == "__main__":
    sys.exit(main())
