"""What must hold before an edit is written; each proof says in words why it failed."""

from __future__ import annotations

import ast
import importlib
import io
import tokenize
from collections.abc import Callable, Collection, Mapping, Sequence

from ..base import UNKNOWN, Finding, Span
from .edit import Edit, Function
from .rewrite import Extent, Place, Rewritten, rewrite
from .share_helper import Shared
from .source import NoEditError, Source, absolute, parse, start, whole
from .swap_expression import swapped_back
from .wrap_at_boundary import unwrapped

Recheck = Callable[[Mapping[str, str], str], Sequence[Finding]]


class DisprovedError(Exception):
    """A proof failed; the text names it."""


def prove(
    source: Source,
    edits: Sequence[Edit],
    done: Rewritten,
    fixed: Collection[Finding],
    before: Mapping[str, Sequence[Finding]],
    recheck: Recheck,
    shared: Shared | None = None,
) -> None:
    """Raise DisprovedError unless the edits do what they should and nothing else.

    ``before`` holds the findings, by absolute path, of every file that one of the ``fixed`` findings stands in, and of
    the edited file. ``recheck`` takes texts by absolute path, and gives the findings of a path with these in
    place of what is on the disk.
    """
    try:
        tree = parse(done.text, source.path)
    except NoEditError as error:
        raise DisprovedError(str(error)) from error
    new = Source(source.path, source.encode(done.text))
    twin = _takes_out_again(source, new, done)
    _keeps_comments(source, new)
    _names_stay_defined(source, tree)
    _repeats_without_change(new, edits, twin, shared)
    texts = {source.path: done.text}
    if shared is not None and shared.text:
        texts[shared.path] = shared.text
    _findings_are_gone(source, texts, twin, fixed, before, recheck)


def _takes_out_again(source: Source, new: Source, done: Rewritten) -> _Twin:
    """Remove what was inserted and compare with the original tree."""
    twin = _Twin(source, new, done)
    twin.compare(source.tree, new.tree)
    return twin


class _Twin:
    """Walk the old and the new tree side by side; they may differ only where an edit was planned.

    ``starts`` and ``extents`` then say where each node of the old tree stands in the new one.
    """

    def __init__(self, source: Source, new: Source, done: Rewritten) -> None:
        self._old, self._new, self._done = source.columns, new.columns, done
        self.starts: dict[Place, Place] = {}
        self.extents: dict[Extent, Extent] = {}

    def compare(self, old: object, new: object) -> None:
        if isinstance(old, ast.expr) and (kind := self._done.swapped.get(self._old.whole(old))) is not None:
            assert isinstance(new, ast.AST)
            back = swapped_back(kind, old, new)
            if back is None:
                raise DisprovedError("taking the edit out again does not give back the original")
            # The statement may begin where the expression did, and need not any more.
            self.starts[self._old.start(old)] = self._new.start(new if back is old else back)
            if back is not old:
                self._compare(old, back)
            self.extents[self._old.whole(old)] = self._new.whole(new)
            return
        self._compare(old, new)

    def _compare(self, old: object, new: object) -> None:
        if isinstance(old, ast.expr) and self._old.whole(old) in self._done.targets:
            assert isinstance(new, ast.AST)
            new = unwrapped(new, self._done.helper)
        if type(old) is not type(new):
            raise DisprovedError("taking the edit out again does not give back the original")
        if isinstance(old, ast.AST):
            self._compare_nodes(old, new)
        elif isinstance(old, list):
            assert isinstance(new, list)
            new = self._without_lines_above(old, new)
            if len(old) != len(new):
                raise DisprovedError("taking the edit out again does not give back the original")
            for left, right in zip(old, new, strict=True):
                self.compare(left, right)
        elif repr(old) != repr(new):
            raise DisprovedError("taking the edit out again does not give back the original")

    def _compare_nodes(self, old: ast.AST, new: object) -> None:
        assert isinstance(new, ast.AST)
        if hasattr(old, "lineno"):
            self.starts.setdefault(self._old.start(old), self._new.start(new))
            self.extents[self._old.whole(old)] = self._new.whole(new)
        for field in old._fields:
            left, right = getattr(old, field, None), getattr(new, field, None)
            if field == "body" and isinstance(old, ast.Module):
                right = self._without_additions(right)
            elif field == "body" and isinstance(old, ast.FunctionDef) and self._old.start(old) in self._done.bodies:
                right = self._opened(old, right)
            elif field == "decorator_list" and self._old.start(old) in self._done.above:
                right = self._without_mark(self._done.above[self._old.start(old)], right)
            self.compare(left, right)

    def _without_mark(self, text: str, marks: object) -> object:
        assert isinstance(marks, list)
        wanted = ast.dump(ast.parse(text, mode="eval").body)
        return marks[1:] if marks and ast.dump(marks[0]) == wanted else marks

    def _without_lines_above(self, old: Sequence[object], new: list[object]) -> list[object]:
        """A block without the statements that were put above others."""
        new = list(new)
        for index, statement in enumerate(old):
            text = self._above(statement)
            if text is not None and ast.dump(new[index]) == ast.dump(ast.parse(text).body[0]):  # type: ignore[arg-type]
                del new[index]
        return new

    def _above(self, statement: object) -> str | None:
        """The text put above a simple statement; that of a function is a mark."""
        if isinstance(statement, ast.stmt) and not isinstance(statement, Function):
            return self._done.above.get(self._old.start(statement))
        return None

    def _without_additions(self, body: object) -> list[ast.stmt]:
        assert isinstance(body, list)
        body = list(body)
        if self._done.added_helper:
            helper = ast.dump(ast.parse(self._done.added_helper).body[0])
            body = _without_first(body, lambda statement: ast.dump(statement) == helper)
        for was, now in self._done.renamed:
            for index, statement in enumerate(body):
                if isinstance(statement, ast.ImportFrom) and (statement.module, statement.level) == (was.module, 0):
                    names = [
                        ast.copy_location(ast.alias(was.name), a) if (a.name, a.asname) == (now.name, None) else a
                        for a in statement.names
                    ]
                    body[index] = ast.copy_location(ast.ImportFrom(statement.module, names, 0), statement)
        for wanted in self._done.imports:
            alone = ast.dump(ast.parse(wanted.statement).body[0])
            body = list(body)
            for index, statement in enumerate(body):
                if ast.dump(statement) == alone:
                    del body[index]
                    break
                if isinstance(statement, ast.ImportFrom) and statement.module == wanted.module and not statement.level:
                    names = [a for a in statement.names if (a.name, a.asname or "") != (wanted.name, wanted.asname)]
                    if len(names) < len(statement.names):
                        shorter = ast.ImportFrom(statement.module, names, 0)
                        body[index] = ast.copy_location(shorter, statement)
                        break
        return body

    def _opened(self, old: ast.FunctionDef, body: object) -> list[ast.stmt]:
        """The body of a function without its new ``try`` or its new end of a ``finally``."""
        done = self._done.bodies[self._old.start(old)]
        assert isinstance(body, list)
        enclosing = body[-1]
        if len(body) != done.lead + 1 or not isinstance(enclosing, ast.Try | getattr(ast, "TryStar", ast.Try)):
            raise DisprovedError("taking the edit out again does not give back the original")
        closing = enclosing.finalbody[-1:]
        if [ast.unparse(statement) for statement in closing] != [done.text]:
            raise DisprovedError("the close is not where it was put")
        if done.shape == "nested":
            if enclosing.handlers or enclosing.orelse or len(enclosing.finalbody) > 1:
                raise DisprovedError("taking the edit out again does not give back the original")
            inner: list[ast.stmt] = enclosing.body
        else:
            rest = type(enclosing)(enclosing.body, enclosing.handlers, enclosing.orelse, enclosing.finalbody[:-1])
            inner = [ast.copy_location(rest, enclosing)]
        return [*body[:-1], *inner, *(closing if done.moved else ())]


def _without_first(body: Sequence[ast.stmt], unwanted: Callable[[ast.stmt], bool]) -> list[ast.stmt]:
    index = next((i for i, statement in enumerate(body) if unwanted(statement)), len(body))
    return [*body[:index], *body[index + 1 :]]


def _keeps_comments(source: Source, new: Source) -> None:
    if _comments(source.text) != _comments(new.text):
        raise DisprovedError("a comment would be lost or moved past another")


def _comments(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT]


def _names_stay_defined(source: Source, tree: ast.Module) -> None:
    """pyflakes comes with flake8; imported by name because it carries no types."""
    checker = importlib.import_module("pyflakes.checker").Checker
    before = [message.message for message in checker(source.tree).messages]
    for message in checker(tree).messages:
        if message.message in before:
            before.remove(message.message)
        else:
            raise DisprovedError(f"pyflakes objects: {message.message % message.message_args}")


def _repeats_without_change(new: Source, edits: Sequence[Edit], twin: _Twin, shared: Shared | None) -> None:
    """Each edit again, at the place where its node stands now, must find nothing to do."""
    for edit in edits:
        place = (twin.starts.get(start(edit.span), (0, 0)) * 2) if edit.in_place else twin.extents[whole(edit.span)]
        try:
            rewrite(new, [edit._replace(span=Span(new.path, *place))], shared)
        except NoEditError:
            continue
        raise DisprovedError("a second run would change the file again")


def _findings_are_gone(
    source: Source,
    texts: Mapping[str, str],
    twin: _Twin,
    fixed: Collection[Finding],
    before: Mapping[str, Sequence[Finding]],
    recheck: Recheck,
) -> None:
    for path, findings in before.items():
        starts = twin.starts if path == source.path else {}
        settled = {_key(finding, starts) for finding in fixed if absolute(finding.span.path) == path}
        expected = {_key(finding, starts) for finding in findings}
        after = {_key(finding, {}): finding for finding in recheck(texts, path)}
        places = {place for _, place in settled}
        for key, finding in after.items():
            if key in settled:
                raise DisprovedError("the finding would still be there")
            if finding.code == UNKNOWN:
                if key[1] in places:
                    raise DisprovedError("what runs there could not be followed any more")
                continue
            if key not in expected:
                raise DisprovedError(f"a new finding would come: {finding.code} in line {finding.span.line}")


def _key(finding: Finding, starts: Mapping[Place, Place]) -> tuple[str, Place]:
    return finding.code, starts.get(start(finding.span), start(finding.span))
