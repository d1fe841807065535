"""What a rule is, and the discovery of all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from flake8_django_threads import rules
from flake8_django_threads.base import Finding, Remedy, Span, Step
from flake8_django_threads.effects.linted_file import LintedFile
from flake8_django_threads.effects.sites import Connection, SpawnSite
from flake8_django_threads.facts.records import At

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

LONGEST = 200
CUT = "..."
MOST_OF_A_TOUCH = 40


class Example(NamedTuple):
    """Code that the rule reports, and the same code repaired; both are run as tests, under ``settings`` if given.

    ``bad_ini`` and ``good_ini`` are the uWSGI configurations that go with the two, where that is the matter.
    """

    bad: str
    good: str
    settings: str = ""
    bad_ini: str = ""
    good_ini: str = ""


class Rule:
    """One code. A subclass gives its parts; a missing one is an error when the class is made.

    ``name`` reads after the word "allow". ``default`` is False for a code that must be asked for.
    The docstring has two parts, headed "What it finds" and "Why it matters".

    A subclass speaks of spawn sites (``check``), of a file (``check_file``), or of both. ``words`` are the gate of
    ``check_file``: it is asked only for files whose text holds one of them, and ``looks_worth`` it. ``of_place`` marks
    a rule about where a spawn stands: it speaks where a thread object is made, too, when its class's ``run`` has the
    other findings.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    fix_safety: ClassVar[str]
    known_gaps: ClassVar[tuple[str, ...]]
    example: ClassVar[Example]
    default: ClassVar[bool] = True
    words: ClassVar[tuple[str, ...]] = ()
    of_place: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        for part in ("code", "name", "fix_safety", "known_gaps", "example"):
            if not hasattr(cls, part):
                raise TypeError(f"{cls.__name__} has no {part}")
        doc = cls.__doc__ or ""
        for heading in ("What it finds", "Why it matters"):
            if heading not in doc:
                raise TypeError(f"{cls.__name__} has no part {heading!r} in its docstring")
        if bool(cls.words) != (cls.check_file is not Rule.check_file):
            raise TypeError(f"{cls.__name__} has words without check_file, or check_file without words")

    def found_at(
        self, file: LintedFile, at: At, message: str, remedy: Remedy | None = None, trail: tuple[Step, ...] = ()
    ) -> Finding:
        """A finding at a place of the file that is not a spawn."""
        return Finding(self.code, Span(file.shown, *at), self.fitted([message]), trail, remedy)

    def fitted(self, texts: Sequence[str]) -> str:
        """The first of the texts for which a line has room; if it has for none, the last one without its end."""
        room = LONGEST - len(self.code) - len(" ")
        plain = [" ".join(text.split()) for text in texts]
        return next((text for text in plain if len(text) <= room), f"{plain[-1][: room - len(CUT)]}{CUT}")

    def asks(self, text: str, spawns: bool) -> bool:
        """Whether ``check_file`` has to see the file with this text; ``spawns``: it may start threads."""
        return any(word in text for word in self.words) and self.looks_worth(text, spawns)

    def looks_worth(self, text: str, spawns: bool) -> bool:  # noqa: ARG002
        """Whether a text that holds one of the words may hold what ``check_file`` finds: nothing is parsed for less."""
        return True

    def prepare(self, run: Interpreter, root: str) -> None:
        """Look through the project at ``root`` for what ``check_file`` wants to know, once for all worker processes."""

    def check(self, site: SpawnSite) -> Iterable[Finding]:  # noqa: ARG002
        """The findings of this rule at one spawn site."""
        return ()

    def check_file(self, file: LintedFile) -> Iterable[Finding]:  # noqa: ARG002
        """The findings of this rule elsewhere in a file that holds one of its words."""
        return ()

    def finding(self, site: SpawnSite, connection: Connection, but: str) -> Finding:
        """A finding at the site: what runs, its evidence, what is wrong; with trail and remedy."""
        where = "in a new thread" if site.kind == "thread" else "in a pool thread"
        text = self.message(site, connection, f"runs {where} and queries the database", but)
        blocked = "" if connection.ends else "the thread never ends: close in each round, before it waits"
        if connection.is_elsewhere:
            blocked = "asgiref runs the query in a thread of its own, where a close in this one does not reach"
        remedy = Remedy("wrap", site.entry, site.span, site.target, blocked=blocked, inner=site.inner)
        return Finding(self.code, site.span, text, (*site.trail, *site.steps), remedy)

    def message(self, site: SpawnSite, connection: Connection, begin: str, but: str) -> str:
        """The entry's name, and words before and after the evidence: as much of it as there is room for."""
        return self.fitted([f"{name} {begin} {found} {but}" for found, name in _evidence(site, connection)])


def _evidence(site: SpawnSite, connection: Connection) -> Iterator[tuple[str, str]]:
    """The touch in brackets, in words that grow fewer (what, where, and through which functions), and the entry's name,
    which loses its class or module before the touch is lost."""
    found = connection.touch
    place = site.trail[-1].span
    own = site.entry_name.removesuffix("()").rpartition(".")[2]
    names = [name.rpartition(".")[2] for name, _, _ in found.calls]
    names = [name for index, name in enumerate(names) if name != "<lambda>" and not (index == 0 and name == own)]
    what = f"{found.leaf.what} on {connection.alias!r}" if connection.alias != "default" else found.leaf.what
    if site.touched not in (None, connection):
        yield f"({what}, {site.seen(found)})", site.entry_name
        yield f"({what})", site.entry_name
        return
    name, file = site.entry_name, place.path.rpartition("/")[2]
    if names:
        yield f"({what}, {place.short}, via {way(names)})", name
    yield f"({what}, {place.short})", name
    yield f"({what}, {file}:{place.line})", name
    if len(what) > MOST_OF_A_TOUCH:
        what = f"{what[: MOST_OF_A_TOUCH - len(CUT)]}{CUT}"
    for shorter in (name, f"{own}()"):
        yield f"({what}, {file}:{place.line})", shorter
        yield f"({what}, line {place.line})", shorter
    yield f"({file}:{place.line})", name
    yield "", name


def way(names: Sequence[str]) -> str:
    """The functions on a way, of which a long one loses its middle."""
    return " > ".join(names if len(names) <= 3 else [*names[:2], CUT, names[-1]])


def written(path: str) -> str:
    """What a use of Django's connections is called in messages, by its path in the rows: ``connections[...].close``."""
    return path.removeprefix("django.db.").removeprefix("django.core.signals.").replace("[]", "[...]")


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """One object of each rule class in this package, by code."""
    for info in pkgutil.iter_modules(rules.__path__):
        if info.name.startswith("djt"):
            importlib.import_module(f"{rules.__name__}.{info.name}")
    return tuple(sorted((cls() for cls in Rule.__subclasses__()), key=lambda rule: rule.code))
