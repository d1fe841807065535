"""What an observation may do: load a case of its rule, run things beside it, and ask the database from outside."""

from __future__ import annotations

import gc
import importlib.util
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from oracle.cases import FIXTURES, Case
from oracle.databases import Database
from oracle.process import be_quiet, isolated
from oracle.roots import get
from oracle.stage import Stage

SECONDS = 300.0
T = TypeVar("T")


class Scene:
    """One observation's own process: it may load one case."""

    def __init__(self, rule: Path, database: Database, folder: Path) -> None:
        self._rule, self._database, self._folder = rule, database, folder
        self._stage: Stage | None = None

    def load(self, name: str, path: str = "case.py") -> ModuleType:
        """Set the rule's case of this name up, with its rows, and give the module at ``path`` in it."""
        self._stage = Stage(Case(self._rule / name), self._database, self._folder)
        self._stage.set_up(watched=False)
        self._stage.fill()
        # A collection at the wrong moment would close what a thread has left open.
        gc.collect()
        gc.disable()
        return self._stage.modules[path]

    @property
    def vendor(self) -> str:
        """``sqlite``, ``postgresql`` or ``mysql``."""
        return self._database.vendor

    @property
    def version(self) -> str:
        """The database's name and number."""
        return self._database.version()

    @property
    def request(self) -> Any:
        return get()

    def open(self) -> int:
        """How many connections of this process the database counts."""
        return self._loaded.sessions.count()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a query on another connection, which is none of Django's: it sees what is committed."""
        return self._loaded.ask(sql)

    def raised(self, function: Callable[..., object], *args: Any) -> str:
        """Call the function here; ``"Class: message"`` of what it raised, or an empty text."""
        try:
            function(*args)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def in_thread(self, function: Callable[..., object], *args: Any) -> str:
        """Call it in a thread, and wait for its end; what ``raised`` says of it."""
        answers: list[str] = []
        thread = threading.Thread(target=lambda: answers.append(self.raised(function, *args)))
        thread.start()
        thread.join(SECONDS)
        return answers[0] if answers else "did not end"

    def threads_end(self) -> None:
        """Wait for the threads that the case has started."""
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join(SECONDS)

    @property
    def _loaded(self) -> Stage:
        assert self._stage is not None, "load a case first"
        return self._stage


def observations() -> Iterator[tuple[Path, str]]:
    """(rule folder, function name) of each observation."""
    for file in sorted(FIXTURES.glob("rules/*/observe.py")):
        yield from ((file.parent, name) for name in vars(_module(file)) if name.startswith("observe_"))


def observe(rule: Path, name: str, database: Database) -> tuple[Any, Any]:
    """What one observation sees and what it expects. Raises ChildError."""
    return in_scene(rule, database, lambda scene: getattr(_module(rule / "observe.py"), name)(scene))


def in_scene(rule: Path, database: Database, work: Callable[[Scene], T]) -> T:
    """What ``work`` gives, in a process of its own that may load a case of the rule. Raises ChildError."""

    def on_a_stage() -> T:
        be_quiet()
        with tempfile.TemporaryDirectory(prefix="djt-scene-", ignore_cleanup_errors=True) as folder:
            scene = Scene(rule, database, Path(folder))
            try:
                return work(scene)
            finally:
                if scene._stage is not None:
                    scene._stage.clear()

    return isolated(on_a_stage, SECONDS * 2)


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"observe_{file.parent.name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
