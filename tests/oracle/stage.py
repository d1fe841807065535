"""Makes a case a project that runs: settings, apps, tables and a few rows, on a real database."""

from __future__ import annotations

import ast
import importlib
import os
import re
import runpy
import sys
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from oracle.cases import Case
from oracle.databases import Database
from oracle.instrument import Checkpoints, install_checkpoints
from oracle.sessions import Opened, Sessions
from oracle.tracer import Tracer

# Rows of each of the case's models, with keys from 1.
ROWS = 3
CONTRIB = {"admin": ("auth", "contenttypes", "sessions", "messages"), "auth": ("contenttypes",)}


class Stage:
    """One case, set up in this process for good: Django can be configured once."""

    def __init__(self, case: Case, database: Database, folder: Path) -> None:
        self.case, self.database, self.folder = case, database, folder
        self.name = self.space = f"djt_{os.getpid()}"
        self.opened = Opened()
        self.checkpoints = Checkpoints(case.folder)
        self.modules: dict[str, ModuleType] = {}

    def set_up(self, watched: bool = True) -> None:
        """Configure Django, import the case's modules with checkpoints, and make the tables.

        Unless it is ``watched``, threads start as they always do, and no start waits for an end.
        """
        os.chdir(self.folder)
        sys.dont_write_bytecode = True
        warnings.simplefilter("ignore")
        self._instrument()
        if any("hypothesis" in text for text in self.case.files.values()):
            _few_examples()
        self.tracer = Tracer(self.checkpoints, self._sessions(), self.opened.by_thread)
        if watched:
            self.tracer.install()
        self._configure()
        self.opened.watch()
        for path in self.case.files:
            if Path(path).name not in ("manage.py", "settings.py"):
                self.modules[path] = importlib.import_module(dotted(path))
        self._make_tables()

    def _instrument(self) -> None:
        install_checkpoints(self.checkpoints)

    def reconnect(self) -> None:
        """Count over a connection of this process, under its own name: a forked child must not use its parent's."""
        self._rename()
        # Processes that the case forks are another matter than its threads.
        os.register_at_fork(after_in_child=self._rename)
        self.tracer.sessions = self._sessions()

    def _rename(self) -> None:
        from django.db import connections

        self.name = f"djt_{os.getpid()}"
        for alias in connections:
            self.database.rename(connections.settings[alias], self.name)

    @property
    def sessions(self) -> Sessions:
        return self.tracer.sessions

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows that a query gives on a connection that is none of Django's."""
        return self.database.ask(self.folder, self.space, sql)

    def fill(self) -> None:
        """Put the rows there that the case's views look for, and close the connection again."""
        from django.apps import apps
        from django.core.management.color import no_style
        from django.db import connection, connections

        own = [model for model in apps.get_models() if not model.__module__.startswith("django.")]
        with connection.constraint_checks_disabled():
            for model in reversed(own):
                # Without signals: what they start belongs to no run.
                model._base_manager.all()._raw_delete(connection.alias)
            for model in own:
                for key in range(1, ROWS + 1):
                    _row(model, key)
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), own):
                cursor.execute(statement)
        connections.close_all()

    @cached_property
    def aliases(self) -> list[str]:
        """``default`` and each alias that the case's text names."""
        names: set[str] = set()
        for text in self.case.files.values():
            names.update(_aliases(ast.parse(text)))
        return sorted(names | {"default"} | set(self._settings().get("DATABASES", ())))

    def _settings(self) -> dict[str, Any]:
        """The case's own settings, where it has a module of them."""
        found = next((path for path in self.case.files if Path(path).name == "settings.py"), None)
        return runpy.run_path(str(self.case.folder / found)) if found else {}

    def _configure(self) -> None:
        import django
        from django.apps import AppConfig
        from django.conf import settings

        models = [path for path, source in self.case.files.items() if "models.Model" in source or "Model)" in source]

        class CaseApp(AppConfig):
            def import_models(self) -> None:
                self.models = self.apps.all_models[self.label]
                for path in models:
                    if dotted(path).partition(".")[0] == self.name:
                        importlib.import_module(dotted(path))

        tops = sorted({dotted(path).partition(".")[0] for path in models})
        own = {name: value for name, value in self._settings().items() if name.isupper()}
        given = own.pop("DATABASES", {})
        own.pop("INSTALLED_APPS", None)
        apps = self._other_apps()
        for top in tops:
            stub = ModuleType(top)
            stub.__file__ = str(self.case.folder / f"{top}.py")
            if (self.case.folder / top).is_dir():
                stub.__path__ = [str(self.case.folder / top)]
            apps.append(CaseApp(top, stub))  # type: ignore[arg-type]
        defaults = {
            "SECRET_KEY": "oracle",
            "ALLOWED_HOSTS": ["*"],
            "USE_TZ": True,
            "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
            "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
            "MEDIA_ROOT": str(self.folder / "media"),
            "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        }
        databases = {
            alias: {key: value for key, value in given.get(alias, {}).items() if key.startswith(("CONN_", "ATOMIC_"))}
            | self.database.settings(self.folder, self.space, self.name)
            for alias in self.aliases
        }
        settings.configure(**defaults | own, INSTALLED_APPS=apps, DATABASES=databases)
        django.setup()

    def _other_apps(self) -> list[Any]:
        """The applications that the case's own ones stand on."""
        text = "\n".join(self.case.files.values())
        contrib = set(re.findall(r"django\.contrib\.(\w+)", text))
        contrib |= {needed for name in contrib for needed in CONTRIB.get(name, ())}
        return [f"django.contrib.{name}" for name in sorted(contrib)]

    def _sessions(self) -> Sessions:
        return self.database.sessions(self.folder, self.name, self.opened)

    def _make_tables(self) -> None:
        from django.apps import apps
        from django.db import connection, connections

        self.database.make_space(self.space)
        with connection.schema_editor() as editor:
            for model in apps.get_models():
                if model._meta.managed and not model._meta.proxy:
                    editor.create_model(model)
        connections.close_all()

    def clear(self) -> None:
        """Drop what the database holds of this case."""
        from django.db import connections

        connections.close_all()
        self.database.drop_space(self.space)


def _few_examples() -> None:
    """Let Hypothesis try a few examples, the same each time, and take as long for one as the machine needs."""
    from hypothesis import settings

    settings.register_profile("oracle", max_examples=3, deadline=None, derandomize=True, database=None)
    settings.load_profile("oracle")


def _aliases(tree: ast.AST) -> Iterator[str]:
    """Each text, by itself or as a constant, that stands where an alias stands."""
    constants = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case (
                ast.Subscript(value=ast.Name("connections"), slice=alias)
                | ast.Call(func=ast.Attribute(attr="using" | "db_manager"), args=[alias])
                | ast.keyword(arg="using", value=alias)
            ):
                known = constants.get(alias.id) if isinstance(alias, ast.Name) else alias
                if isinstance(known, ast.Constant) and isinstance(known.value, str):
                    yield known.value


def dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _row(model: Any, key: int) -> None:
    """Make a row with this key; a foreign key points at the row with the same key."""
    row = model(pk=key)
    for field in model._meta.concrete_fields:
        if field.primary_key or field.has_default() or field.null:
            continue
        if field.is_relation or field.get_internal_type() not in (
            "CharField",
            "TextField",
            "AutoField",
            "BigAutoField",
        ):
            setattr(row, field.attname, key)
        elif field.unique:
            setattr(row, field.attname, str(key))
    row.save(force_insert=True)
