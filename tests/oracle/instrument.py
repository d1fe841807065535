"""Lets a chosen call of a case raise, and tells where in the case a thread began.

A case's modules are compiled from a syntax tree in which each call of a function body hands its result through a
checkpoint, so that the call does its work and then raises: a query that fails has opened its connection already. What
does nothing but open a connection raises before it, for it fails where there is none to be had.
Lines and columns stay those of the file. Calls that the linter's rows name as never raising do not raise here either,
and a function of the case itself raises what its own calls raise.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import flake8_django_threads.models
from oracle.waits import without_waiting

Site = tuple[str, int, int]  # path, line, column
# Rounds after which a loop that waits counts as endless, and one that does not.
ROUNDS, MANY_ROUNDS = 4, 50
# What the interpreter knows by itself, without a row, not to raise.
BY_ITSELF = (
    "bool", "dict", "enumerate", "frozenset", "hasattr", "isinstance", "len", "list", "logging.getLogger",
    "os.environ.get", "print", "range", "repr", "set", "threading.Thread", "threading.Thread().start",
    "threading.Timer", "tuple", "type", "zip", "django.db.connections.all", "django.db.reset_queries",
    "django.db.transaction.atomic", "django.db.transaction.get_connection",
)  # fmt: skip
# Reading their caller's frame, these cannot be called in a way that differs.
UNTOUCHED = frozenset({"super", "locals", "globals", "vars", "dir", "eval", "exec"})


class RaisedError(Exception):
    """What a call raises where it is made to."""


class Enough(BaseException):
    """Ends an endless loop that has been seen to go round."""


class Checkpoints:
    """Which sites raise, and which sites and rounds a thread under observation has come to."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        # How many connections the thread has left open so far, and how many it has opened.
        self.look: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self.raises: frozenset[Site] = frozenset()
        self.here = threading.local()
        self._callees: dict[Site, object] = {}

    def before(self, site: Site, callee: Any) -> Any:
        """Remember what is called at the site, and give it back."""
        self._callees[site] = callee
        reached = getattr(self.here, "reached", None)
        if reached is not None and site in self.raises - reached and _only_opens(callee):
            reached.add(site)
            raise RaisedError(f"made to raise at {site[0]}:{site[1]}")
        if getattr(self.here, "reached", None) is not None and (instead := without_waiting(callee)):
            self.here.waited = True
            return instead
        return callee

    def after(self, site: Site, result: Any) -> Any:
        """Give the result back, or raise: once in each thread under observation, at a chosen site."""
        reached = getattr(self.here, "reached", None)
        if reached is not None and site not in reached and self._may_raise(self._callees.get(site)):
            reached.add(site)
            if site in self.raises:
                raise RaisedError(f"made to raise at {site[0]}:{site[1]}")
        return result

    def iterates(self, site: Site, items: Any) -> Any:
        """Remember that a loop runs over a queryset, which asks the database, and give it back."""
        from django.db.models import QuerySet

        self._callees[site] = QuerySet.iterator if isinstance(items, QuerySet) else print
        return items

    def round(self, site: Site) -> None:
        """Look at the connections as a round of a loop begins; a loop that has no end is left after a few."""
        reached = getattr(self.here, "reached", None)
        if reached is None:
            return
        rounds = self.here.rounds.setdefault(site, [])
        rounds.append(self.look() if len(rounds) < ROUNDS else (0, 0))
        if len(rounds) >= (ROUNDS if self.here.waited else MANY_ROUNDS):
            raise Enough

    def entered(self, path: str, first: int, last: int) -> None:
        """Remember the first function of the case that the thread runs: the lines from its decorators to ``def``."""
        if getattr(self.here, "entry", 0) is None:
            self.here.entry = (path, first, last)

    def _may_raise(self, callee: object) -> bool:
        plain = callee
        while isinstance(plain, functools.partial):
            plain = plain.func
        plain = inspect.unwrap(plain) if callable(plain) else plain
        plain = getattr(plain, "__func__", plain)
        if isinstance(plain, type):
            if issubclass(plain, BaseException) or _is_model(plain):
                return False
            return not (self._is_own(plain) and all(map(self._is_own, plain.__mro__[:-1])))
        code = getattr(plain, "__code__", None)
        if isinstance(code, CodeType):
            return not code.co_filename.startswith(self.root) and not _is_quiet(plain)
        if callable(plain) and not _is_quiet(plain):
            return not self._is_own(type(plain))
        return not _is_quiet(plain)

    def _is_own(self, klass: type) -> bool:
        file = getattr(sys.modules.get(klass.__module__), "__file__", None) or ""
        return file.startswith(self.root)


def install(root: str, transformer: Callable[[str], ast.NodeTransformer], names: dict[str, Any]) -> None:
    """Import the modules under the root in this way from now on: changed by what the transformer of their relative path
    makes of them, and with these names in them."""

    class Loader(SourceFileLoader):
        def get_code(self, fullname: str) -> CodeType:
            path = self.get_filename(fullname)
            tree = ast.parse(self.get_data(path), path)
            relative = Path(path).relative_to(root).as_posix()
            tree = ast.fix_missing_locations(transformer(relative).visit(tree))
            return compile(tree, path, "exec", dont_inherit=True)

        def exec_module(self, module: Any) -> None:
            module.__dict__.update(names)
            super().exec_module(module)

    hook = FileFinder.path_hook((Loader, [".py"]))

    def only_the_case(path: str) -> Any:
        if not path.startswith(root):
            raise ImportError
        return hook(path)

    sys.path_hooks.insert(0, only_the_case)
    sys.path.insert(0, root)
    importlib.invalidate_caches()


def install_checkpoints(checkpoints: Checkpoints) -> None:
    """Import the modules under the checkpoints' root with them from now on."""
    install(checkpoints.root, Instrument, checkpoint_names(checkpoints))


def checkpoint_names(checkpoints: Checkpoints) -> dict[str, Any]:
    """The names under which changed modules come to their checkpoints."""
    names = ("before", "after", "iterates", "entered", "round")
    return {f"__oracle_{name}__": getattr(checkpoints, name) for name in names}


class Instrument(ast.NodeTransformer):
    """Puts the checkpoints into function bodies; what a module or a class body runs at import stays as it is."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.depth = 0

    def visit_FunctionDef(self, node: Any) -> Any:
        if self.depth:
            node.decorator_list = [self.visit(one) for one in node.decorator_list]
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        self.depth += 1
        body = [self.visit(one) for one in node.body]
        self.depth -= 1
        entered = self._call("entered", [ast.Constant(self.path), ast.Constant(first), ast.Constant(node.lineno)], node)
        node.body = [ast.copy_location(ast.Expr(entered), node), *body]
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        self.depth += 1
        node.body = self.visit(node.body)
        self.depth -= 1
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        return self._call("after", [self._site(node), self._noted(node)], node) if self._is_open(node) else node

    def visit_Await(self, node: ast.Await) -> Any:
        if not isinstance(node.value, ast.Call) or not self._is_open(node.value):
            return self.generic_visit(node)
        call = node.value
        self.generic_visit(call)
        node.value = self._noted(call)
        return self._call("after", [self._site(call), node], node)

    def visit_For(self, node: Any) -> Any:
        site = ast.Constant((self.path, node.lineno, -1))
        self.generic_visit(node)
        if self.depth:
            node.iter = self._call("iterates", [site, node.iter], node.iter)
            reached = self._call("after", [site, ast.Constant(None)], node.iter)
            node.body.insert(0, ast.copy_location(ast.Expr(reached), node.iter))
        return node

    def visit_While(self, node: ast.While) -> Any:
        site = ast.Constant((self.path, node.lineno, -1))
        self.generic_visit(node)
        if self.depth:
            node.body.insert(0, ast.copy_location(ast.Expr(self._call("round", [site], node.test)), node.test))
        return node

    def _is_open(self, node: ast.Call) -> bool:
        return bool(self.depth) and not (isinstance(node.func, ast.Name) and node.func.id in UNTOUCHED)

    def _noted(self, node: ast.Call) -> ast.Call:
        node.func = self._call("before", [self._site(node), node.func], node.func)
        return node

    def _site(self, node: Any) -> ast.expr:
        return ast.Constant((self.path, node.lineno, node.end_col_offset))

    def _call(self, name: str, args: list[ast.expr], at: ast.AST) -> Any:
        return ast.copy_location(ast.Call(ast.Name(f"__oracle_{name}__", ast.Load()), args, []), at)


def _is_model(klass: type) -> bool:
    from django.db.models import Model

    return issubclass(klass, Model)


def _only_opens(callee: Any) -> bool:
    from django.db.backends.base.base import BaseDatabaseWrapper

    wrapper = getattr(callee, "__self__", None)
    return isinstance(wrapper, BaseDatabaseWrapper) and callee.__name__ in ("ensure_connection", "connect")


def _is_quiet(callee: Any) -> bool:
    if getattr(callee, "__module__", None) and callee.__module__.startswith("django.") and "close" in callee.__name__:
        # A close has closed, also where it raises.
        return True
    try:
        if callee in _quiet():
            return True
    except TypeError:
        return False
    return getattr(callee, "__name__", "") in _QUIET_METHODS.get(type(getattr(callee, "__self__", None)), ())


_QUIET_METHODS: dict[type, tuple[str, ...]] = {type(threading.Lock()): ("acquire", "release", "locked")}


@functools.cache
def _quiet() -> frozenset[object]:
    """The functions and methods that the linter's rows say never raise."""
    return frozenset(found for path in (*_quiet_paths(), *BY_ITSELF) for found in _resolved(path))


def _quiet_paths() -> Iterator[str]:
    for file in sorted(Path(flake8_django_threads.models.__file__).parent.glob("*.toml")):
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        rows = tables.get("quiet", []) + [row for row in tables.get("lazy", []) if not row.get("raises", True)]
        for row in rows:
            for path in row.get("paths") or [row["path"]]:
                yield from (f"{path}.{method}" for method in row["methods"]) if "methods" in row else [path]


def _resolved(path: str) -> Iterator[object]:
    """The object of a dotted path, where the library is installed; ``X()`` stands for an instance of X."""
    parts = path.replace("()", "").split(".")
    for cut in range(len(parts), -1, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:cut]) if cut else "builtins")
            for part in parts[cut:]:
                found = getattr(found, part)
        except (ImportError, AttributeError, ValueError):
            continue
        except Exception:
            return
        yield inspect.unwrap(getattr(found, "__func__", found))
        return
