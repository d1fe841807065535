"""The rule pages and the README's table, rendered from the rule classes."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

from flake8_django_threads.rules.rule import Rule, all_rules

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- rules -->\n", "<!-- /rules -->\n"


def explain(code: str) -> str | None:
    """The page of a rule in Markdown, with the same headings in the same order for each; None for an unknown code."""
    rule = next((rule for rule in all_rules() if rule.code == code), None)
    return None if rule is None else _page(rule)


def table() -> str:
    """The README's table: a row for each rule."""
    rows = ["| code | name | reports |", "|---|---|---|"]
    rows += [f"| {rule.code} | {rule.name} | {_summary(rule).rstrip('.')}{_opt_in(rule)} |" for rule in all_rules()]
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """``text`` with the table of today between its two comment lines. Raises ValueError without such a place."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"needs one line {BEGIN.strip()} and below it one line {END.strip()}")
    return text[: text.index(BEGIN)] + BEGIN + table() + text[text.index(END) :]


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold the README's table to the rules: 0 if it is right or now written, 1 if it is old, 2 if nobody can know."""
    parser = argparse.ArgumentParser(
        prog="python -m flake8_django_threads.docs", description="The README's rule table."
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="say whether the table is that of the rules")
    mode.add_argument("--write", action="store_true", help="write the table")
    parser.add_argument("readme", nargs="?", type=Path, default=README, help="the file that holds the table")
    options = parser.parse_args(arguments)
    try:
        old = options.readme.read_text(encoding="utf-8")
        new = with_table(old)
        if options.write and new != old:
            options.readme.write_text(new, encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        cause = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        print(f"{options.readme}: {cause}", file=sys.stderr)
        return 2
    if options.check and new != old:
        print(f"{options.readme}: the rules say something else; {parser.prog} --write writes it", file=sys.stderr)
        return 1
    return 0


def _page(rule: Rule) -> str:
    parts = [f"# {rule.code} {rule.name}", _summary(rule) + _opt_in(rule)]
    for heading in ("What it finds", "Why it matters"):
        parts += [f"## {heading}", _part(rule, heading)]
    parts += ["## Example", _code(rule.example.bad), "## Use instead", _code(rule.example.good)]
    parts += ["## Fix", rule.fix_safety, "## Known gaps", "\n".join(f"- {gap}" for gap in rule.known_gaps) or "None."]
    return "\n\n".join(parts)


def _summary(rule: Rule) -> str:
    return " ".join(inspect.cleandoc(rule.__doc__ or "").partition("\n\n")[0].split())


def _opt_in(rule: Rule) -> str:
    return "" if rule.default else f" (only with `--djt-enable={rule.code}`)"


def _part(rule: Rule, heading: str) -> str:
    """The indented block below a heading of the docstring."""
    found = re.search(rf"^{heading}\n((?:[ \t].*\n?|\n)*)", inspect.cleandoc(rule.__doc__ or ""), re.MULTILINE)
    return dedent(found[1]).strip() if found else ""


def _code(text: str) -> str:
    return f"```python\n{dedent(text).strip()}\n```"


if __name__ == "__main__":
    sys.exit(main())
