"""What a module's names stand for: how a function of Django can be called at a given place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .edit import Function, own_nodes

Origin = tuple[str, str]


class Import(NamedTuple):
    """A statement to add at module level: ``from module import name [as asname]``, or ``import module``."""

    module: str
    name: str = ""
    asname: str = ""

    @property
    def statement(self) -> str:
        """The import as source text."""
        tail = f" as {self.asname}" if self.asname else ""
        return f"from {self.module} import {self.name}{tail}" if self.name else f"import {self.module}{tail}"

    @property
    def bound(self) -> str:
        """The name that the statement binds; for a plain import its module has no dot."""
        return self.asname or self.name or self.module


class Names:
    """The names of one module, and the imports that were asked for on top of its own."""

    def __init__(self, text: str, tree: ast.Module) -> None:
        self._tree = tree
        # Words of comments count too: a fresh name that nobody has written anywhere misleads nobody.
        self._words = set(re.findall(r"\w+", text))
        self._module = [*bound(tree.body), *((name, None) for name in _declared_global(tree))]
        self.added: list[Import] = []
        self._given_up: dict[tuple[Import, Import], int] = {}

    def give_up(self, old: Import, new: Import) -> None:
        """Let one use of an imported name become one of another name, which is not bound yet."""
        self._given_up[old, new] = self._given_up.get((old, new), 0) + 1

    def settle(self) -> tuple[tuple[Import, Import], ...]:
        """The imports to rename, for no use of the old name is left; where one is, the new name is asked for."""
        used = [node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)]
        renamed = {pair: count >= used.count(pair[0].name) for pair, count in self._given_up.items()}
        self.added += [new for (_, new), is_last in renamed.items() if not is_last and new not in self.added]
        return tuple(pair for pair, is_last in renamed.items() if is_last)

    def is_free(self, name: str) -> bool:
        """Whether the module binds no such name."""
        return all(bound_name != name for bound_name, _ in self._module)

    def fresh(self, name: str) -> str:
        """Make a name that the file does not hold yet out of the wanted one."""
        number, made = 2, name
        while made in self._words:
            made, number = f"{name}_{number}", number + 1
        self._words.add(made)
        return made

    def spellings(self, module: str, name: str) -> Iterator[str]:
        """Every expression that means ``module.name`` by an unconditional import and is rebound nowhere."""
        package, _, last = module.rpartition(".")
        for statement in self._tree.body:
            if isinstance(statement, ast.ImportFrom) and not statement.level:
                for alias in statement.names:
                    if (statement.module, alias.name) == (module, name):
                        yield from self._steady(alias.asname or name, (module, name), "")
                    elif package and (statement.module, alias.name) == (package, last):
                        yield from self._steady(alias.asname or last, (package, last), f".{name}")
            elif isinstance(statement, ast.Import):
                for alias in statement.names:
                    if alias.name == module and alias.asname:
                        yield from self._steady(alias.asname, (module, ""), f".{name}")
                    elif alias.name == module:
                        root = module.partition(".")[0]
                        yield from self._steady(root, None, f"{module.removeprefix(root)}.{name}")

    def written(self, name: str, *modules: str) -> str:
        """The shortest expression that means this name of one of the modules in an annotation; empty if there is none.

        A name that is bound for type checkers alone counts where annotations are not evaluated.
        """
        spellings = [spelling for module in modules for spelling in self.spellings(module, name)]
        if spellings:
            return min(spellings, key=len)
        origins = [origin for bound_name, origin in self._module if bound_name == name]
        is_late = ("annotations", ("__future__", "annotations")) in self._module
        return name if is_late and origins and set(origins) <= {(module, name) for module in modules} else ""

    def _steady(self, root: str, origin: Origin | None, rest: str) -> Iterator[str]:
        if all(found == (origin or (root, "")) for name, found in self._module if name == root):
            yield root + rest

    def reach(self, module: str, name: str, functions: Sequence[Function] = ()) -> str:
        """Give an expression for ``module.name`` inside the nested ``functions``; ask for an import if need be."""
        local = {bound_name for function in functions for bound_name, _ in bound_in(function)}
        asked = [made.bound for made in self.added if (made.module, made.name) == (module, name)]
        for spelling in (*self.spellings(module, name), *asked):
            if spelling.partition(".")[0] not in local:
                return spelling
        taken = local | {bound_name for bound_name, _ in self._module}
        made = Import(module, name, self.fresh(f"db_{name}") if name in taken or name in asked else "")
        self.added.append(made)
        return made.bound

    def reach_module(self, module: str, name: str) -> str:
        """Give an expression for ``module.name`` at module level; import what is missing in the file's own manner."""
        for spelling in self.spellings(module, name):
            return spelling
        for made in self.added:
            if (made.module, made.name) in ((module, ""), (module, name)):
                return made.bound if made.name else f"{made.bound}.{name}"
        taken = {bound_name for bound_name, _ in self._module}
        is_parted = any(isinstance(node, ast.ImportFrom) and node.module == module for node in self._tree.body)
        if is_parted and name not in taken:
            made = Import(module, name)
        else:
            made = Import(module, "", self.fresh(f"_{module}") if module in taken else "")
        self.added.append(made)
        return made.bound if made.name else f"{made.bound}.{name}"


def leading_import(function: Function, module: str, name: str, skip: int) -> tuple[str, int] | None:
    """Find ``from module import name`` among the imports that open a body, from statement ``skip`` on.

    The answer is the local name and the number of statements up to and with that import; None where there is
    none, or where the body binds the name a second time.
    """
    for index, statement in enumerate(function.body[skip:], skip):
        if isinstance(statement, ast.ImportFrom) and not statement.level and statement.module == module:
            for alias in statement.names:
                local = alias.asname or alias.name
                if alias.name == name and [n for n, _ in bound_in(function)].count(local) == 1:
                    return local, index + 1
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            break
    return None


def bound_in(function: Function) -> Iterator[tuple[str, Origin | None]]:
    """Every name that is local to a function, or that it declares to live elsewhere."""
    arguments = function.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if argument is not None:
            yield argument.arg, None
    yield from bound(function.body)


def bound(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, Origin | None]]:
    """Every binding that these statements make in their own scope, with the origin of those that are imports."""
    for node in (node for statement in statements for node in own_nodes(statement)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, None
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name, None
            case ast.Import(names=names):
                for alias in names:
                    top = alias.name.partition(".")[0]
                    yield (alias.asname, (alias.name, "")) if alias.asname else (top, (top, ""))
            case ast.ImportFrom(module=module, names=names, level=level):
                for alias in names:
                    yield alias.asname or alias.name, None if level else (module or "", alias.name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, None
            case ast.MatchMapping(rest=str(name)):
                yield name, None
            case ast.Global(names=declared) | ast.Nonlocal(names=declared):
                yield from ((name, None) for name in declared)


def _declared_global(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names
