"""The repairs as a command of libcst's own runner.

``python -m libcst.tool codemod --no-format -x flake8_django_threads.codemod.CloseConnections PATH``. Without the option
the runner gives the whole file to black, and fails where there is none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import libcst as cst
from libcst.codemod import CodemodCommand, SkipFile

from .base import Finding
from .engine import Engine, Options
from .fix.plan import plan
from .fix.source import absolute

_OPTIONS = Options(census=True)


class CloseConnections(CodemodCommand):
    """Repairs one file at a time, as that runner wants it.

    An edit that would belong into another file than the spawn is made at the spawn instead.
    """

    DESCRIPTION: str = "Close the database connections of Django code that runs in other threads."

    def transform_module_impl(self, tree: cst.Module) -> cst.Module:
        """Give the repaired module; skip a file without a repair."""
        if self.context.filename is None:
            raise SkipFile("the file has no name")
        path = absolute(self.context.filename)
        data = Path(path).read_bytes()
        if tree.bytes != data:
            raise SkipFile("the file is not what is on the disk")
        findings = _engine().analyse(path).findings
        for wrap in ("auto", "boundary"):
            made = plan(findings, _recheck, wrap=wrap, contents={path: data})
            elsewhere = any("belongs into" in refusal.reason for refusal in made.refused)
            if not elsewhere:
                break
        for refusal in made.refused:
            self.warn(f"{refusal.finding.span.short}: {refusal.finding.code} is left: {refusal.reason}")
        if not made.changes:
            raise SkipFile("nothing to repair")
        return cst.parse_module(made.changes[0].after)


@cache
def _engine() -> Engine:
    return Engine(_OPTIONS)


def _recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
    engine = _engine().again(overlay, proving=True) if overlay else _engine()
    return engine.analyse(os.path.relpath(path)).findings
