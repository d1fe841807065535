"""Which file of the project a module's name leads to; a name that leads out of the project has no place."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from flake8_django_threads.project import roots
from flake8_django_threads.project.sources import Sources, ancestors, below, last, parent


class Place(NamedTuple):
    """A module: the ``path`` of its file ("" for a namespace package) and the ``folders`` where its submodules are."""

    path: str
    folders: tuple[str, ...]


class Resolver:
    """Answers for all projects that files are asked about; remembers every answer, and that there was none.

    ``cwd`` is where the linter runs. ``libraries`` are top-level names that, like Django's and those of the standard
    library, mean the installed package unless the project surely hides it.
    """

    def __init__(self, sources: Sources, cwd: str, libraries: Collection[str] = ()) -> None:
        self.sources = sources
        self._cwd = cwd
        self._installed = sys.stdlib_module_names | {"django", *libraries}
        self._projects: dict[str, str] = {}
        self._files: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        self._import_roots: dict[str, tuple[str, ...]] = {}
        self._near_folders: dict[str, tuple[str, ...]] = {}
        self._declared: dict[str, tuple[str, ...]] = {}
        self._holding: dict[tuple[str, str], tuple[str, ...]] = {}
        self._absolutes: dict[tuple[str, str], Place | None] = {}
        self._named_folders: dict[str, dict[str, list[str]]] = {}

    def project_root(self, path: str) -> str:
        """The folder where the project of the file ``path`` begins."""
        folder = parent(path)
        if folder not in self._projects:
            self._projects[folder] = roots.project_root(path, self.sources, self._cwd)
        return self._projects[folder]

    def module(self, dotted: str, level: int, importer: str) -> Place | None:
        """The place of the module ``dotted``, with ``level`` leading dots, imported in the file ``importer``.

        None when it is not in the project, and when several places outside the importer's own roots are as likely.
        """
        parts = dotted.split(".") if dotted else []
        if not all(parts) or not (parts or level):
            return None
        if level:
            return self._relative(parts, level, importer)
        key = (parent(importer), dotted)
        if key not in self._absolutes:
            self._absolutes[key] = self._absolute(parts, importer)
        place = self._absolutes[key]
        if place and place.path == importer and len(parts) == 1:
            return None  # no module imports itself by its bare name: ``celery.py`` wants the library
        return place

    def submodule(self, place: Place, name: str) -> Place | None:
        """The module or package ``name`` in the package ``place``; None when there is none."""
        return self._find(place.folders, name)

    def dotted_name(self, path: str) -> str:
        """The module name of the file ``path`` seen from its own import root: ``shop.orders.services``."""
        root = self._roots(path)[0]
        name = path.removeprefix(root).removesuffix(".py").strip(os.sep).replace(os.sep, ".")
        return last(root) if name == "__init__" else name.removesuffix(".__init__")

    def listing(self, folder: str) -> Mapping[str, bool]:
        """The names in a folder, and whether each is a folder."""
        return self.sources.listing(folder)

    def files(self, root: str, endings: tuple[str, ...] = (".py",)) -> tuple[str, ...]:
        """Every file of the project at ``root`` with such a name: of each folder first its files, then its folders."""
        if (root, endings) not in self._files:
            self._files[root, endings] = tuple(
                below(folder, name)
                for folder in roots.walk(root, self.sources)
                for name, is_folder in self.sources.listing(folder).items()
                if name.endswith(endings) and not is_folder
            )
        return self._files[root, endings]

    def packages_called(self, name: str, importer: str) -> tuple[Place, ...]:
        """The packages whose folder is called ``name``, anywhere in the project: applications by label."""
        return tuple(self._package(folder) or Place("", (folder,)) for folder in self._folders(importer).get(name, ()))

    def commands_called(self, name: str, importer: str) -> tuple[Place, ...]:
        """The modules of the management commands called ``name`` in the importer's project."""
        found = (
            self._find((folder,), name)
            for folder in self._folders(importer).get("commands", ())
            if last(parent(folder)) == "management"
        )
        return tuple(place for place in found if place is not None and place.path)

    def modules_like(self, name: Sequence[str], importer: str) -> tuple[Place, ...]:
        """The modules of the importer's project whose names begin and end so, with something between the parts.

        A gap at the beginning stands for any package; any other one for no more than one part of the dotted name.
        """
        steps = "\0".join(name).split(".")
        gaps = [index for index, step in enumerate(steps) if "\0" in step]
        if not all(steps) or not gaps:
            return ()
        if gaps[0] == 0:
            return self._ending_in(steps[1:], importer) if steps[0] == "\0" and len(gaps) == 1 else ()
        places = [place for place in (self.module(".".join(steps[: gaps[0]]), 0, importer),) if place is not None]
        for step in steps[gaps[0] :]:
            places = [inner for place in places for inner in self._fitting(place, step)]
        return tuple(place for place in places if place.path)

    def _fitting(self, place: Place, step: str) -> Iterator[Place]:
        """The modules and packages in ``place`` whose names fit one part of a dotted name."""
        if "\0" not in step:
            names = [step]
        else:
            fits = re.compile(r"\w+".join(map(re.escape, step.split("\0"))))
            held = (name.removesuffix(".py") for folder in place.folders for name in self.listing(folder))
            names = [name for name in dict.fromkeys(held) if fits.fullmatch(name) and not name.startswith("__")]
        for name in names:
            if (inner := self.submodule(place, name)) is not None:
                yield inner

    def _ending_in(self, steps: Sequence[str], importer: str) -> tuple[Place, ...]:
        """Every module of the project whose dotted name ends in these parts."""
        if not steps:
            return ()
        folders = (folder for group in self._folders(importer).values() for folder in group)
        found = (self._descend(Place("", (folder,)), steps) for folder in folders)
        return tuple(dict.fromkeys(place for place in found if place is not None and place.path))

    def _folders(self, importer: str) -> Mapping[str, list[str]]:
        project = self.project_root(importer)
        if project not in self._named_folders:
            named: dict[str, list[str]] = {}
            for folder in roots.walk(project, self.sources):
                named.setdefault(last(folder), []).append(folder)
            self._named_folders[project] = named
        return self._named_folders[project]

    def _roots(self, path: str) -> tuple[str, ...]:
        folder = parent(path)
        if folder not in self._import_roots:
            self._import_roots[folder] = roots.import_roots(path, self.project_root(path), self.sources)
        return self._import_roots[folder]

    def _relative(self, parts: Sequence[str], level: int, importer: str) -> Place | None:
        project = self.project_root(importer)
        base = parent(importer)
        for _ in range(level - 1):
            if base == project:
                return None
            base = parent(base)
        return self._descend(self._package(base) or Place("", (base,)), parts)

    def _absolute(self, parts: Sequence[str], importer: str) -> Place | None:
        project = self.project_root(importer)
        if parts[0] in self._installed:
            if parts[0] in sys.builtin_module_names:
                return None
            place = self._from_root(roots.shadowing_root(importer, project, self.sources), parts)
            return place if place and place.path else None
        near = [place for root in self._roots(importer) if (place := self._from_root(root, parts))]
        if parts[0] == last(project) and (itself := self._package(project)):
            near += [place] if (place := self._descend(itself, parts[1:])) else []
        for place in near:
            if place.path:
                return place
        # As in Python, a package or module anywhere beats a folder without ``__init__.py`` of that name.
        declared = self._found(self._declared_roots(project), parts)
        if place := _nearest({root: place for root, place in declared.items() if place.path}, importer):
            return place
        if portions := dict.fromkeys(folder for place in near for folder in place.folders if self._holds_code(folder)):
            return Place("", tuple(portions))
        return _nearest(self._found(self._roots_holding(parts, project), parts), importer)

    def _near(self, project: str) -> tuple[str, ...]:
        """The folders of the project where an import root may be, whatever they are called."""
        if project not in self._near_folders:
            self._near_folders[project] = tuple(roots.walk(project, self.sources, roots.NEAR_DEPTH))
        return self._near_folders[project]

    def _declared_roots(self, project: str) -> tuple[str, ...]:
        if project not in self._declared:
            near = self._near(project)
            self._declared[project] = tuple(folder for folder in near if roots.is_declared(folder, self.sources))
        return self._declared[project]

    def _roots_holding(self, parts: Sequence[str], project: str) -> tuple[str, ...]:
        key = (project, ".".join(parts))
        if key not in self._holding:
            near = self._near(project)
            self._holding[key] = tuple(folder for folder in near if roots.holds_top_level(folder, parts, self.sources))
        return self._holding[key]

    def _found(self, folders: Iterable[str], parts: Sequence[str]) -> dict[str, Place]:
        """What the import gives from each of ``folders`` where it gives any code."""
        places = {folder: self._from_root(folder, parts) for folder in folders}
        return {
            folder: place
            for folder, place in places.items()
            if place and (place.path or any(map(self._holds_code, place.folders)))
        }

    def _from_root(self, root: str, parts: Sequence[str]) -> Place | None:
        return self._descend(Place("", (root,)), parts)

    def _descend(self, place: Place | None, parts: Iterable[str]) -> Place | None:
        for name in parts:
            if place is None:
                return None
            place = self._find(place.folders, name)
        return place

    def _find(self, folders: Iterable[str], name: str) -> Place | None:
        """What ``import name`` takes from ``folders``: the first package or module, else all of a namespace package."""
        portions = []
        for folder in folders:
            listing = self.sources.listing(folder)
            is_folder = listing.get(name) is True
            path = below(folder, name)
            if is_folder and (package := self._package(path)):
                return package
            if listing.get(f"{name}.py") is False:
                return Place(f"{path}.py", ())
            if is_folder:
                portions.append(path)
        return Place("", tuple(portions)) if portions else None

    def _package(self, folder: str) -> Place | None:
        return Place(below(folder, "__init__.py"), (folder,)) if roots.is_package(folder, self.sources) else None

    def _holds_code(self, folder: str) -> bool:
        """Whether ``folder`` or a folder in it has a module: any other folder is hardly a namespace package."""
        listing = self.sources.listing(folder)
        inner = (below(folder, name) for name, is_folder in listing.items() if is_folder and name.isidentifier())
        return _has_module(listing) or any(_has_module(self.sources.listing(path)) for path in inner)


def _has_module(listing: Iterable[str]) -> bool:
    return any(name.endswith(".py") for name in listing)


def _nearest(found: Mapping[str, Place], importer: str) -> Place | None:
    """The place found from the folder that shares most with the importer's path; none if two share as much."""
    around = set(ancestors(parent(importer)))
    shared = {folder: sum(above in around for above in ancestors(folder)) for folder in found}
    most = max(shared.values(), default=0)
    best = {place for folder, place in found.items() if shared[folder] == most}
    return best.pop() if len(best) == 1 else None
