"""Which uWSGI a project installs, out of its requirements and lock files: the newer ones run threads in any case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from flake8_django_threads.project import roots
from flake8_django_threads.project.sources import Sources, Unreadable, below, last

# The first release whose --enable-threads says of itself that it is a stub, for threads run by default.
THREADS_BY_DEFAULT = (2, 0, 27)
MOST_FILES = 20
_EXACT_NAMES = frozenset({"pipfile", "pyproject.toml", "setup.cfg", "setup.py", "environment.yml", "environment.yaml"})
_IMAGES = ("dockerfile", "containerfile")
_LOCKED = re.compile(r'^name = "(?:py)?uwsgi"\s*^version = "([^"]*)"', re.MULTILINE | re.IGNORECASE)
_LOCKED_JSON = re.compile(r'"(?:py)?uwsgi": \{[^{}]*"version": "==([^"]*)"', re.IGNORECASE)
# A requirement, in any of the files' spellings: the name first on its line or quoted, then what it asks for.
_REQUIRED = re.compile(
    r"""(?:^|["'])[ \t-]*(?:py)?uwsgi\b(?:\[[^\]\n]*\])?["']?(?P<asked>[^\n#;]*)""", re.MULTILINE | re.IGNORECASE
)
# The same where an image is built: what else is installed there is the distribution's, and of no known release.
_INSTALLED = re.compile(
    r"""\bpip3? install\b(?:\\\n|[^\n&|;])*?[\s"'](?:py)?uwsgi(?![\w.-])(?P<asked>[^\s&|;]*)""", re.IGNORECASE
)
_EXACT = re.compile(r"(?:===?|=(?!=))[ \t]*(?:\{[ \t]*version[ \t]*=[ \t]*)?[\"']?(?:===?[ \t]*)?v?(\d[\d.]*)")
_BELOW = re.compile(r"<(=?)[ \t]*(\d[\d.]*)")


def threads_by_default(root: str, sources: Sources) -> bool:
    """Whether threads run under the uWSGI that the project at ``root`` installs, whatever its configuration says.

    A pinned release decides; where none is pinned, one that is asked for by name is the newest that fits. Of a project
    that names none in its files nothing is known.
    """
    asked: list[str] = []
    pinned: list[tuple[int, ...]] = []
    for path, text in _texts(root, sources):
        here = list(_asked(_INSTALLED if last(path).lower().startswith(_IMAGES) else _REQUIRED, text))
        exact = [found[1] for what in here if (found := _EXACT.match(what))]
        locked = [found[1] for one in (_LOCKED, _LOCKED_JSON) for found in one.finditer(text)]
        pinned += map(_release, [*exact, *locked])
        asked += here
    if pinned:
        return max(pinned) >= THREADS_BY_DEFAULT
    return bool(asked) and not any(map(_ends_below, asked))


def _texts(root: str, sources: Sources) -> Iterator[tuple[str, str]]:
    folders = [root, *(below(root, name) for name, is_folder in sources.listing(root).items() if is_folder)]
    wanted = [
        below(folder, name)
        for folder in folders
        if folder == root or "require" in last(folder).lower()
        for name, is_folder in sources.listing(folder).items()
        if not is_folder and _may_require(name.lower(), folder != root)
    ]
    images = (
        below(folder, name)
        for folder in roots.walk(root, sources)
        if folder != root
        for name, is_folder in sources.listing(folder).items()
        if not is_folder and name.lower().startswith(_IMAGES)
    )
    for path in (*wanted[:MOST_FILES], *islice(images, MOST_FILES)):
        with suppress(Unreadable):
            yield path, sources.read(path)


def _may_require(name: str, is_below: bool) -> bool:
    if name.endswith((".txt", ".in")):
        return is_below or "require" in name or "constraint" in name
    return name in _EXACT_NAMES or name.endswith(".lock") or name.startswith(_IMAGES)


def _asked(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """What stands behind uWSGI's name in each requirement; where anything else follows it is no requirement."""
    for found in pattern.finditer(text):
        asked = found["asked"].strip(" \t\r\"',]")
        if not asked or asked[0] in "=<>~^!":
            yield asked


def _ends_below(asked: str) -> bool:
    """Whether no release that fits runs threads by default."""
    for bound in _BELOW.finditer(asked):
        release = _release(bound[2])
        if release < THREADS_BY_DEFAULT or (not bound[1] and release == THREADS_BY_DEFAULT):
            return True
    return False


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())
