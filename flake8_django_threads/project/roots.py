"""Where a project begins, and the folders where its absolute imports may start.

The settings and the environment decide that at run time (``sys.path``), and they are not asked: the folders' names and
marker files tell nearly as much, and what they leave open is answered by nobody rather than by a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flake8_django_threads.project.sources import Sources, ancestors, below, last, parent

NEAR_DEPTH = 3
"""How many folders below the project's root an import root may lie."""

_REPOSITORY = (".git", ".hg")
_CONFIGURATION = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", ".flake8", "manage.py")
_APP = ("apps.py", "models.py", "models", "migrations")
_NEVER_CODE = frozenset({"node_modules", "site-packages", "__pycache__"})
_SELDOM_CODE = frozenset({"build", "dist", "static", "media"})
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")


def project_root(path: str, sources: Sources, cwd: str) -> str:
    """The folder where the project of the file ``path`` begins.

    The nearest repository; else ``cwd`` if the file is below it; else the topmost folder with a file that configures
    Python tools or Django; else the folder of the file's outermost package.
    """
    around = tuple(ancestors(parent(path)))
    for folder in around:
        if _holds_any(folder, _REPOSITORY, sources):
            return folder
    if cwd in around[:-1]:  # a shell at the very top of the file system says nothing about the project
        return cwd
    for folder in reversed(around):
        if _holds_any(folder, _CONFIGURATION, sources):
            return folder
    return next(folder for folder in around if not is_package(folder, sources) or folder == around[-1])


def import_roots(path: str, project_root: str, sources: Sources) -> tuple[str, ...]:
    """The folders where an absolute import in the file ``path`` probably starts, best first.

    The first folder around the file that is no package, the ones around that, and the project's ``src``. A folder
    with ``manage.py`` counts as no package (a stray ``__init__.py`` beside it changes nothing), and comes first for
    a file outside any package, whose own folder is then most likely a namespace package.
    """
    folder = parent(path)
    start = _package_parent(folder, project_root, sources)
    roots = list(_up_to(start, project_root))
    declared = _declared_root(start, project_root, sources)
    if start == folder and declared:
        roots.insert(0, declared)
    if sources.listing(project_root).get("src"):
        roots.append(below(project_root, "src"))
    return tuple(dict.fromkeys(roots))


def shadowing_root(path: str, project_root: str, sources: Sources) -> str:
    """The one folder where a module can hide an installed one of the same name from the file ``path``.

    A folder without ``__init__.py`` is not enough for that: it may be a namespace package.
    """
    folder = parent(path)
    start = _package_parent(folder, project_root, sources)
    return _declared_root(start, project_root, sources) or (project_root if start == folder else start)


def is_declared(folder: str, sources: Sources) -> bool:
    """Whether ``folder`` looks like an import root: it holds ``manage.py``, or is called ``src`` and is no package."""
    return "manage.py" in sources.listing(folder) or (last(folder) == "src" and not is_package(folder, sources))


def holds_top_level(folder: str, parts: Sequence[str], sources: Sources) -> bool:
    """Whether the import of the dotted name ``parts`` may start in ``folder``, as far as the first part tells.

    Inside a package only a package can be meant, and for a bare name only one that looks like a Django app:
    ``config/celery.py`` is not ``celery``, and ``judge/jinja2/__init__.py`` is not ``jinja2``.
    """
    listing = sources.listing(folder)
    name = parts[0]
    if not is_package(folder, sources):
        return name in listing or f"{name}.py" in listing
    inner = below(folder, name)
    if listing.get(name) is not True or not is_package(inner, sources):
        return False
    return len(parts) > 1 or _holds_any(inner, _APP, sources)


def walk(root: str, sources: Sources, depth: int = -1) -> Iterator[str]:
    """``root`` and the folders below it that may hold the project's code, outside in, in the order of their names.

    ``depth`` limits the levels below ``root``. Links to folders are not followed: they may form loops, and what they
    lead to either is in the project anyway or is none of it.
    """
    waiting = [(root, depth)]
    while waiting:
        folder, levels = waiting.pop()
        listing = sources.listing(folder)
        if folder != root and _is_foreign(folder, sources):
            continue
        yield folder
        if levels:
            waiting += [
                (path, levels - 1)
                for name, is_folder in reversed(tuple(listing.items()))
                if is_folder and name not in _NEVER_CODE and not name.startswith(".")
                if not sources.is_link(path := below(folder, name))
            ]


def is_package(folder: str, sources: Sources) -> bool:
    """Whether ``folder`` is a regular package."""
    return sources.listing(folder).get("__init__.py") is False


def _holds_any(folder: str, names: tuple[str, ...], sources: Sources) -> bool:
    listing = sources.listing(folder)
    return any(name in listing for name in names)


def _is_foreign(folder: str, sources: Sources) -> bool:
    """Whether ``folder`` is a virtual environment, or holds products, not sources (an app may be called ``media``)."""
    if _holds_any(folder, _ENVIRONMENT, sources):
        return True
    return last(folder) in _SELDOM_CODE and not is_package(folder, sources)


def _up_to(folder: str, project_root: str) -> Iterator[str]:
    """``folder`` and the folders around it, up to the project's root."""
    for around in ancestors(folder):
        yield around
        if around == project_root:
            return


def _package_parent(folder: str, project_root: str, sources: Sources) -> str:
    """The first folder from ``folder`` upwards that is no package; the project's root counts as none."""
    for around in _up_to(folder, project_root):
        if not is_package(around, sources) or is_declared(around, sources):
            return around
    return project_root


def _declared_root(folder: str, project_root: str, sources: Sources) -> str | None:
    """The nearest folder from ``folder`` upwards that looks like an import root by itself."""
    return next((around for around in _up_to(folder, project_root) if is_declared(around, sources)), None)
