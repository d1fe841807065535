"""Which file a name leads to, and at what price in path calls."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, permutations, product
from pathlib import Path

import pytest

from flake8_django_threads.facts.lower import TooDeep
from flake8_django_threads.facts.records import ModuleFacts
from flake8_django_threads.project.classes import linearise
from flake8_django_threads.project.resolve import Place, Resolver
from flake8_django_threads.project.roots import import_roots, project_root
from flake8_django_threads.project.sources import Sources, Unreadable
from flake8_django_threads.project.store import Store, Unloadable


class Tree:
    """Files below a folder, named with slashes, and a resolver that runs there."""

    def __init__(self, top: Path, *names: str, overlay: Mapping[str, str] | None = None) -> None:
        self.top = top
        for name in names:
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                path.mkdir(exist_ok=True)
            else:
                path.touch()
        self.sources = Sources({self.path(name): text for name, text in (overlay or {}).items()})
        self.resolver = Resolver(self.sources, str(top), libraries={"celery"})

    def path(self, name: str) -> str:
        return str(self.top / name)

    def module(self, dotted: str, importer: str, level: int = 0) -> str | None:
        """The place as a file's name in the tree; a namespace package as ``ns:`` and its folders."""
        return self.shown(self.resolver.module(dotted, level, self.path(importer)))

    def shown(self, place: Place | None) -> str | None:
        if place is None:
            return None
        if place.path:
            return self.name(place.path)
        return "ns:" + ",".join(map(self.name, place.folders))

    def name(self, path: str) -> str:
        return Path(path).relative_to(self.top).as_posix()

    def dotted_name(self, name: str) -> str:
        return self.resolver.dotted_name(self.path(name))

    def files(self) -> list[str]:
        return [self.name(path) for path in self.resolver.files(str(self.top))]


@pytest.mark.parametrize(("room", "opened"), [(1 << 20, 2), (1, 3), (0, 4)])
def test_texts_are_kept_while_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, opened: int
) -> None:
    monkeypatch.setattr("flake8_django_threads.project.sources.MOST_KEPT", room)
    texts = {str(tmp_path / "long.py"): "long = 'é'\n" * 9, str(tmp_path / "short.py"): "a = 1\n"}
    for path, text in texts.items():
        Path(path).write_text(text, "utf-8")
    sources = Sources()
    for _ in range(2):
        assert {path: sources.read(path) for path in texts} == texts
    assert sources.path_calls == opened
    assert [sources.beside({}).read(path) for path in texts] == [*texts.values()]


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., Tree]:
    """Make a repository of empty files; names that end with a slash are folders."""

    def planted(*names: str, overlay: Mapping[str, str] | None = None) -> Tree:
        return Tree(tmp_path, ".git/", *names, overlay=overlay)

    return planted


def test_reads_normalise_newlines_and_drop_the_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\rc = '\xc3\xa9'\n")
    assert Sources().read(str(path)) == "a = 1\nb = 2\nc = 'é'\n"
    assert Sources({str(path): "\ufeffx\r\ny\r"}).read(str(path)) == "x\ny\n"


def test_a_cookie_names_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\na = '\xe9'\n")
    assert Sources().read(str(path)).endswith("a = 'é'\n")


@pytest.mark.parametrize(
    ("data", "line", "cause"),
    [
        (b"a = 1\nb = 2\r\nc = '\xe9'\n", 3, "(utf-8)"),
        (b"a = '\xe9'\n", 1, "invalid"),
        (b"a = 1\nb = '\xe9'\n", 2, "invalid"),
        (b"# coding: klingon\n", 1, "klingon"),
        (b"# first\n# coding: klingon\nc = '\xe9'\n", 2, "klingon"),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, "utf-8"),
        (b"# coding: ascii\n\nb = '\xe9'\n", 3, "(ascii)"),
        (b"\n# coding: hex\n", 2, "not a text encoding"),
    ],
)
def test_what_python_cannot_decode_is_unreadable_with_the_line(
    tmp_path: Path, data: bytes, line: int, cause: str
) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(data)
    with pytest.raises(Unreadable) as caught:
        Sources().read(str(path))
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert cause in str(caught.value)
    with pytest.raises(SyntaxError):
        compile(data, "a.py", "exec")


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        Sources().read(str(tmp_path / "a.py"))


def test_a_folder_is_listed_once_and_tells_folders(plant: Callable[..., Tree]) -> None:
    tree = plant("b.py", "a/x.py")
    expected = {".git": True, "a": True, "b.py": False}
    assert dict(tree.sources.listing(str(tree.top))) == expected
    assert list(tree.sources.listing(str(tree.top))) == sorted(expected)
    assert tree.sources.path_calls == 1


def test_what_cannot_be_listed_is_empty_and_remembered(tmp_path: Path) -> None:
    sources = Sources()
    assert [dict(sources.listing(str(tmp_path / "no"))) for _ in range(3)] == [{}, {}, {}]
    assert sources.path_calls == 1


def test_the_overlay_exists_with_its_folders(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    path = str(tmp_path / "new" / "deep" / "b.py")
    sources = Sources({path: "b = 1\n"})
    assert sources.read(path) == "b = 1\n"
    assert sources.path_calls == 0
    assert dict(sources.listing(str(tmp_path))) == {"a.py": False, "new": True}
    assert dict(sources.listing(str(tmp_path / "new"))) == {"deep": True}
    assert dict(sources.listing(str(tmp_path / "new" / "deep"))) == {"b.py": False}


def test_links_are_followed_and_dead_ones_and_pipes_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real.py").touch()
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "file.py").symlink_to("real.py")
    (tmp_path / "dead.py").symlink_to("nowhere.py")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe.py")
    sources = Sources()
    assert dict(sources.listing(str(tmp_path))) == {"file.py": False, "folder": True, "real": True, "real.py": False}
    assert sources.path_calls == 1 + 4
    assert sources.is_link(str(tmp_path / "folder"))
    assert not sources.is_link(str(tmp_path / "real"))


def test_looking_and_then_parsing_opens_a_file_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("a = 1\n")
    sources = Sources()
    sources.read(str(path))
    assert isinstance(Store(sources).facts(str(path)), ModuleFacts)
    assert sources.path_calls == 1


@pytest.fixture
def lonely(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder whose surroundings cannot be listed, so that no marker file outside it counts."""
    scandir = os.scandir

    def guarded(folder: str) -> object:
        if not Path(folder).is_relative_to(tmp_path):
            raise PermissionError(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    return tmp_path


@pytest.mark.parametrize(
    ("names", "cwd", "expected"),
    [
        (["repo/.git/", "repo/app/.git"], "", "repo/app"),  # a submodule's ``.git`` is a file
        (["repo/.hg/", "repo/app/pyproject.toml"], "repo/app", "repo"),
        (["repo/setup.py", "repo/app/tox.ini"], "repo/app", "repo/app"),
        (["repo/setup.py", "repo/app/tox.ini"], "elsewhere", "repo"),
        (["repo/app/manage.py"], "elsewhere", "repo/app"),
        (["repo/app/__init__.py", "repo/app/orders/__init__.py"], "elsewhere", "repo"),
        ([], "elsewhere", "repo/app/orders"),
        ([], "..", "repo/app/orders"),
    ],
)
def test_project_root(lonely: Path, names: Sequence[str], cwd: str, expected: str) -> None:
    tree = Tree(lonely, "repo/app/orders/views.py", *names)
    working = "/" if cwd == ".." else tree.path(cwd)
    found = project_root(tree.path("repo/app/orders/views.py"), tree.sources, working)
    assert tree.name(found) == (expected or ".")


def test_import_roots_begin_outside_the_outermost_package(plant: Callable[..., Tree]) -> None:
    tree = plant("lib/shop/__init__.py", "lib/shop/orders/__init__.py", "src/a.py")
    found = import_roots(tree.path("lib/shop/orders/views.py"), str(tree.top), tree.sources)
    assert [tree.name(root) for root in found] == ["lib", ".", "src"]


def test_import_roots_of_a_file_outside_the_project_end_at_the_top(lonely: Path) -> None:
    tree = Tree(lonely, "repo/.git/", "other/shop/__init__.py")
    found = import_roots(tree.path("other/shop/views.py"), tree.path("repo"), tree.sources)
    assert (found[0], found[-1]) == (tree.path("other"), os.sep)


def test_a_file_outside_a_package_is_seen_from_manage_py(plant: Callable[..., Tree]) -> None:
    tree = plant("backend/manage.py", "backend/apps/orders/models.py")
    found = import_roots(tree.path("backend/apps/orders/models.py"), str(tree.top), tree.sources)
    assert [tree.name(root) for root in found] == ["backend", "backend/apps/orders", "backend/apps", "."]


def test_src_layout(plant: Callable[..., Tree]) -> None:
    tree = plant("src/shop/__init__.py", "src/shop/orders.py", "tests/test_orders.py")
    assert tree.module("shop.orders", "src/shop/views.py") == "src/shop/orders.py"
    assert tree.module("shop.orders", "tests/test_orders.py") == "src/shop/orders.py"
    assert tree.module("shop", "tests/test_orders.py") == "src/shop/__init__.py"
    assert tree.dotted_name("src/shop/orders.py") == "shop.orders"


def test_src_as_a_package(plant: Callable[..., Tree]) -> None:
    tree = plant("src/__init__.py", "src/shop/__init__.py", "src/shop/orders.py")
    assert tree.module("src.shop.orders", "src/shop/views.py") == "src/shop/orders.py"
    assert tree.module("shop.orders", "src/shop/views.py") == "src/shop/orders.py"
    assert tree.dotted_name("src/shop/orders.py") == "src.shop.orders"


def test_tests_at_the_root_see_each_other_and_the_project(plant: Callable[..., Tree]) -> None:
    tree = plant("shop/__init__.py", "shop/models.py", "tests/helpers.py", "tests/test_shop.py")
    assert tree.module("shop.models", "tests/test_shop.py") == "shop/models.py"
    assert tree.module("helpers", "tests/test_shop.py") == "tests/helpers.py"
    assert tree.module("tests.helpers", "tests/test_shop.py") == "tests/helpers.py"


def test_backend_folder_with_a_package_of_the_same_name(plant: Callable[..., Tree]) -> None:
    tree = plant("backend/manage.py", "backend/backend/__init__.py", "backend/backend/settings.py", "tests/test_it.py")
    for importer in ("backend/backend/urls.py", "tests/test_it.py"):
        assert tree.module("backend.settings", importer) == "backend/backend/settings.py"
        assert tree.module("backend.backend.settings", importer) == "backend/backend/settings.py"
    assert tree.module("backend", "tests/test_it.py") == "backend/backend/__init__.py"


def test_each_of_several_manage_py_folders_sees_its_own(plant: Callable[..., Tree]) -> None:
    sites = ("one", "two")
    tree = plant(*(f"{site}/{name}" for site in sites for name in ("manage.py", "core/__init__.py", "core/models.py")))
    assert tree.module("core.models", "one/core/views.py") == "one/core/models.py"
    assert tree.module("core.models", "two/manage.py") == "two/core/models.py"


def test_two_answers_outside_the_importers_roots_are_none(plant: Callable[..., Tree]) -> None:
    tree = plant(*(f"src/{site}/{name}" for site in ("one", "two") for name in ("manage.py", "core/__init__.py")))
    assert tree.module("core", "tests/test_it.py") is None
    assert tree.module("core", "src/tests/test_it.py") is None


def test_the_nearer_of_two_guesses_wins(plant: Callable[..., Tree]) -> None:
    tree = plant(*(f"{site}/app/{name}" for site in ("one", "two") for name in ("manage.py", "core/__init__.py")))
    assert tree.module("core", "one/tests/test_it.py") == "one/app/core/__init__.py"


def test_src_backend_manage_py_is_found_from_elsewhere(plant: Callable[..., Tree]) -> None:
    tree = plant("src/backend/manage.py", "src/backend/core/__init__.py", "src/backend/core/models.py")
    assert tree.module("core.models", "scripts/load.py") == "src/backend/core/models.py"


def test_a_stray_init_beside_manage_py_changes_nothing(plant: Callable[..., Tree]) -> None:
    tree = plant("site/manage.py", "site/__init__.py", "site/core/__init__.py", "site/core/models.py")
    assert tree.module("core.models", "site/core/views.py") == "site/core/models.py"
    assert tree.module("site.core.models", "site/core/views.py") is None  # ``site`` is the standard library's
    assert tree.dotted_name("site/core/models.py") == "core.models"


def test_inside_a_package_a_bare_name_means_an_app_or_nothing(plant: Callable[..., Tree]) -> None:
    names = ("judge/jinja2/__init__.py", "judge/jinja2/filters.py", "judge/orders/__init__.py", "judge/orders/apps.py")
    tree = plant("manage.py", "judge/__init__.py", *names)
    assert tree.module("jinja2", "judge/views.py") is None
    assert tree.module("jinja2.sandbox", "judge/views.py") is None
    assert tree.module("jinja2.filters", "judge/views.py") == "judge/jinja2/filters.py"
    assert tree.module("orders", "judge/views.py") == "judge/orders/__init__.py"


@pytest.mark.parametrize("marker", ["shop/apps/__init__.py", "shop/apps/notes.txt"])
def test_apps_put_on_the_path_by_the_settings(plant: Callable[..., Tree], marker: str) -> None:
    tree = plant("manage.py", "shop/__init__.py", marker, "shop/apps/orders/__init__.py", "shop/apps/orders/models.py")
    assert tree.module("orders.models", "shop/urls.py") == "shop/apps/orders/models.py"
    assert tree.module("orders.absent", "shop/urls.py") is None
    assert tree.module("shop.apps.orders.models", "shop/urls.py") == "shop/apps/orders/models.py"


def test_apps_without_init_are_found_too(plant: Callable[..., Tree]) -> None:
    tree = plant("manage.py", "shop/__init__.py", "apps/orders/models.py")
    assert tree.module("orders.models", "shop/urls.py") == "apps/orders/models.py"
    assert tree.module("apps.orders.models", "shop/urls.py") == "apps/orders/models.py"
    assert tree.dotted_name("apps/orders/models.py") == "apps.orders.models"


def test_a_plain_module_of_a_package_is_no_top_level_module(plant: Callable[..., Tree]) -> None:
    tree = plant("manage.py", "config/__init__.py", "config/requests.py", "shop/__init__.py")
    assert tree.module("requests", "shop/views.py") is None


def test_a_deep_folder_is_no_import_root(plant: Callable[..., Tree]) -> None:
    tree = plant("a/b/c/orders/__init__.py", "a/b/c/d/users/__init__.py")
    assert tree.module("orders", "x.py") == "a/b/c/orders/__init__.py"
    assert tree.module("users", "x.py") is None


def test_a_package_without_the_module_does_not_hide_another(plant: Callable[..., Tree]) -> None:
    tree = plant("tests/shop/__init__.py", "shop/__init__.py", "shop/models.py")
    assert tree.module("shop.models", "tests/test_it.py") == "shop/models.py"
    assert tree.module("shop", "tests/test_it.py") == "tests/shop/__init__.py"
    assert tree.module("shop.absent", "tests/test_it.py") is None


def test_package_before_module_before_namespace(plant: Callable[..., Tree]) -> None:
    tree = plant("a/__init__.py", "a.py", "b/x.py", "b.py", "src/c/__init__.py", "c/x.py")
    assert tree.module("a", "x.py") == "a/__init__.py"
    assert tree.module("b", "x.py") == "b.py"
    assert tree.module("c", "x.py") == "src/c/__init__.py"
    assert tree.module("b.x", "x.py") is None
    assert tree.module("c.x", "x.py") == "c/x.py"


def test_a_namespace_package_has_all_its_folders(plant: Callable[..., Tree]) -> None:
    tree = plant("plugins/one.py", "src/plugins/two/__init__.py", "docs/index.txt")
    assert tree.module("plugins", "x.py") == "ns:plugins,src/plugins"
    place = tree.resolver.module("plugins", 0, tree.path("x.py"))
    assert place is not None
    assert tree.shown(tree.resolver.submodule(place, "one")) == "plugins/one.py"
    assert tree.shown(tree.resolver.submodule(place, "two")) == "src/plugins/two/__init__.py"
    assert tree.resolver.submodule(place, "three") is None
    assert tree.module("docs", "x.py") is None  # nothing in it is code


def test_a_module_has_no_submodules(plant: Callable[..., Tree]) -> None:
    tree = plant("a.py", "b/__init__.py")
    place = tree.resolver.module("a", 0, tree.path("x.py"))
    assert place == Place(tree.path("a.py"), ())
    assert tree.resolver.submodule(place, "b") is None


def test_stubs_and_compiled_modules_are_no_modules(plant: Callable[..., Tree]) -> None:
    tree = plant("a.pyi", "b.so", "c/__init__.pyi", "d.pyc", "e.py/__init__.py")
    assert [tree.module(name, "x.py") for name in ("a", "b", "c", "d", "e")] == [None] * 5


@pytest.mark.parametrize("dotted", ["", ".a", "a.", "a..b", "a/b", "..a"])
def test_what_is_no_module_name_has_no_place(plant: Callable[..., Tree], dotted: str) -> None:
    assert plant("a/__init__.py", "a/b.py").module(dotted, "x.py") is None


def test_a_repository_that_is_a_package_knows_its_own_name(plant: Callable[..., Tree]) -> None:
    tree = plant("__init__.py", "models.py")
    assert tree.module(f"{tree.top.name}.models", "views.py") == "models.py"
    assert tree.module(tree.top.name, "views.py") == "__init__.py"
    assert tree.module("models", "views.py") == "models.py"
    assert tree.dotted_name("__init__.py") == tree.top.name


def test_a_project_hides_the_standard_library_from_its_own_root_only(plant: Callable[..., Tree]) -> None:
    tree = plant("manage.py", "queue/__init__.py", "queue/jobs.py", "shop/__init__.py", "tools/email.py", "time.py")
    assert tree.module("queue.jobs", "shop/views.py") == "queue/jobs.py"
    assert tree.module("queue", "shop/views.py") == "queue/__init__.py"
    assert tree.module("queue.absent", "shop/views.py") is None
    assert tree.module("email", "shop/views.py") is None  # not at the root
    assert tree.module("email", "tools/other.py") is None  # a folder without ``__init__.py`` may be a namespace package
    assert tree.module("time", "shop/views.py") is None  # built into Python: found before any file


def test_an_app_among_apps_does_not_hide_the_standard_library(plant: Callable[..., Tree]) -> None:
    tree = plant("manage.py", "apps/calendar/__init__.py", "apps/orders/__init__.py", "shop/__init__.py")
    assert tree.module("calendar", "apps/orders/views.py") is None
    assert tree.module("calendar", "shop/views.py") is None
    assert tree.module("apps.calendar", "shop/views.py") == "apps/calendar/__init__.py"


@pytest.mark.parametrize("library", ["django", "celery", "logging"])
def test_a_folder_without_init_hides_no_library(plant: Callable[..., Tree], library: str) -> None:
    tree = plant("manage.py", f"{library}/start.py", "shop/__init__.py")
    assert tree.module(library, "shop/views.py") is None


def test_a_vendored_django_is_the_projects(plant: Callable[..., Tree]) -> None:
    tree = plant("manage.py", "django/__init__.py", "django/db/__init__.py", "vendor/django/forms/__init__.py")
    assert tree.module("django.db", "manage.py") == "django/db/__init__.py"
    assert tree.module("django.forms", "manage.py") is None


def test_a_module_does_not_import_itself_by_its_bare_name(plant: Callable[..., Tree]) -> None:
    tree = plant("config/requests.py", "config/other.py")
    assert tree.module("requests", "config/requests.py") is None
    assert tree.module("requests", "config/other.py") == "config/requests.py"


def test_relative_imports_at_levels_one_to_three(plant: Callable[..., Tree]) -> None:
    tree = plant("a/__init__.py", "a/b/__init__.py", "a/b/c/__init__.py", "a/x.py", "a/b/x.py", "a/b/c/x.py")
    importer = "a/b/c/views.py"
    assert [tree.module("x", importer, level) for level in (1, 2, 3)] == ["a/b/c/x.py", "a/b/x.py", "a/x.py"]
    assert tree.module("b.x", importer, 3) == "a/b/x.py"
    assert tree.module("", importer, 2) == "a/b/__init__.py"
    assert tree.module("c", "a/b/__init__.py", 1) == "a/b/c/__init__.py"
    assert tree.module("absent", importer, 1) is None


def test_a_missing_init_in_between_is_fine(plant: Callable[..., Tree]) -> None:
    tree = plant("a/__init__.py", "a/x.py", "a/b/c/views.py")
    assert tree.module("x", "a/b/c/views.py", 3) == "a/x.py"
    assert tree.module("", "a/b/c/views.py", 2) == "ns:a/b"


def test_relative_imports_stay_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "outside.py").touch()
    tree = Tree(tmp_path, "repo/.git/", "repo/top.py", "repo/a/__init__.py")
    assert tree.module("top", "repo/a/views.py", 2) == "repo/top.py"
    assert tree.module("outside", "repo/a/views.py", 3) is None
    assert tree.module("outside", "repo/a/views.py", 99) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop/orders/services.py", "shop.orders.services"),
        ("shop/orders/__init__.py", "shop.orders"),
        ("manage.py", "manage"),
        ("tools/load.py", "tools.load"),
        ("stdin", "stdin"),
    ],
)
def test_dotted_name(plant: Callable[..., Tree], name: str, expected: str) -> None:
    tree = plant("manage.py", "shop/__init__.py", "shop/orders/__init__.py")
    assert tree.dotted_name(name) == expected


def test_answers_and_failures_are_remembered(plant: Callable[..., Tree]) -> None:
    tree = plant("manage.py", "shop/__init__.py", "shop/models.py", "a/b/c.py")
    asked = ["shop.models", "shop.absent", "requests.adapters", "logging.handlers", "django.db", "b.c"]
    first = [tree.module(name, "shop/views.py") for name in asked]
    assert first == ["shop/models.py", None, None, None, None, "a/b/c.py"]
    before = tree.sources.path_calls
    assert [tree.module(name, "shop/other.py") for name in asked] == first
    assert [tree.module(f"absent{n}", "shop/other.py", level) for n in range(9) for level in (0, 1)] == [None] * 18
    assert tree.sources.path_calls == before


def test_an_import_lists_only_the_folders_on_its_way(plant: Callable[..., Tree]) -> None:
    tree = plant("shop/__init__.py", "shop/orders/__init__.py", "shop/orders/models.py", "a/x.py", "b/x.py", "c/x.py")
    assert tree.module("shop.orders.models", "shop/views.py") == "shop/orders/models.py"
    assert tree.module("threading", "shop/views.py") is None
    assert tree.sources.path_calls == 3  # the repository, shop, shop/orders


def test_stdin_is_an_importer_and_a_module(plant: Callable[..., Tree]) -> None:
    tree = plant("shop/__init__.py", "shop/models.py", overlay={"shop/new/jobs.py": "", "shop/new/__init__.py": ""})
    assert tree.module("shop.models", "shop/new/jobs.py") == "shop/models.py"
    assert tree.module("models", "shop/new/jobs.py", 2) == "shop/models.py"
    assert tree.module("shop.new.jobs", "shop/models.py") == "shop/new/jobs.py"
    assert tree.dotted_name("shop/new/jobs.py") == "shop.new.jobs"
    assert "shop/new/jobs.py" in tree.files()


def test_an_importer_need_not_exist(plant: Callable[..., Tree]) -> None:
    tree = plant("shop/__init__.py", "shop/models.py")
    assert tree.module("shop.models", "stdin") == "shop/models.py"
    assert tree.module("shop.models", "nowhere/at/all.py") == "shop/models.py"


def test_files_are_the_projects_code_in_order(plant: Callable[..., Tree]) -> None:
    tree = plant(
        "b.py", "a.py", "a/y.py", "a/x.pyi", "a/b/z.py", "B/q.py", "media/__init__.py", "media/models.py",
        ".tox/x.py", "node_modules/x.py", "env/pyvenv.cfg", "env/x.py", "conda/conda-meta/", "conda/x.py",
        "lib/site-packages/x.py", "a/__pycache__/x.py", "build/lib/x.py", "dist/x.py", "static/x.py", "odd.py/in.py",
    )  # fmt: skip
    assert tree.files() == ["a.py", "b.py", "B/q.py", "a/y.py", "a/b/z.py", "media/__init__.py", "media/models.py",
                            "odd.py/in.py"]  # fmt: skip


def test_files_end_in_loops_of_links(plant: Callable[..., Tree]) -> None:
    tree = plant("a/x.py", "a/b/y.py")
    (tree.top / "a" / "b" / "up").symlink_to(tree.top)
    (tree.top / "linked.py").symlink_to(tree.top / "a" / "x.py")
    assert tree.files() == ["linked.py", "a/x.py", "a/b/y.py"]
    assert tree.module("a.b.up.a.x", "z.py") == "a/b/up/a/x.py"


def test_facts_are_made_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("def f(): pass\n")
    sources = Sources()
    store = Store(sources)
    facts = store.facts(str(path))
    assert isinstance(facts, ModuleFacts)
    assert [function.name for function in facts.functions] == ["f"]
    assert store.facts(str(path)) is facts
    assert (store.loaded, sources.path_calls) == (1, 1)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a = 1\nprint 'x'\n", 2, "does not parse with this Python"),
        ("a = 1\nb = '\0'\n", 2, "does not parse with this Python"),
        ("x = " + "-" * 200_000 + "1\n", 1, "too deep"),
        ("x = 1" + " + 1" * 50_000 + "\n", 1, "too deep"),
    ],
)
def test_what_has_no_facts_has_a_reason(text: str, line: int, reason: str) -> None:
    store = Store(Sources({"/a.py": text}))
    assert store.facts("/a.py") == Unloadable("/a.py", line, reason)
    assert store.facts("/a.py") is store.facts("/a.py")
    assert store.loaded == 1


@pytest.mark.parametrize("error", [TooDeep, RecursionError, MemoryError])
def test_a_tree_that_parses_may_be_too_deep_to_lower(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def lower(*_: object) -> ModuleFacts:
        raise error

    monkeypatch.setattr("flake8_django_threads.project.store.lower", lower)
    store = Store(Sources({"/a.py": "", "/b.py": ""}))
    assert store.facts("/a.py") == Unloadable("/a.py", 1, "too deep")
    assert store.adopt("/b.py", ast.parse(""), []) == Unloadable("/b.py", 1, "too deep")


def test_unreadable_files_are_unloadable(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"\n\n# \xe9\n")
    found = Store(Sources()).facts(str(path))
    assert isinstance(found, Unloadable)
    assert (found.path, found.line) == (str(path), 3)
    assert found.reason.startswith("cannot be read: invalid")


def test_other_peoples_syntax_warnings_stay_silent() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert isinstance(Store(Sources({"/a.py": "a = '\\d'\nb = 1 is 1\n"})).facts("/a.py"), ModuleFacts)
    assert caught == []


def test_only_newlines_end_lines() -> None:
    text = "'\x0c\x1c\u2028é'; é = 1\nx = 'é'; call(y)\n"
    facts = Store(Sources({"/a.py": text})).facts("/a.py")
    assert isinstance(facts, ModuleFacts)
    (call, _), = facts.calls  # fmt: skip
    assert call.at == (2, 9, 2, 16)


def test_an_adopted_tree_is_the_modules_facts(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("def f(): pass\n")
    sources = Sources()
    store = Store(sources)
    text = "def f(): pass\n"
    facts = store.adopt(str(path), ast.parse(text), [text])
    assert isinstance(facts, ModuleFacts)
    assert store.facts(str(path)) is facts
    assert store.adopt(str(path), ast.parse(text), [text]) is facts
    assert (store.loaded, sources.path_calls) == (0, 0)


def test_a_tree_of_a_file_that_python_cannot_decode_is_not_adopted(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_bytes("a = 'é'\n".encode())
    bad.write_bytes("a = 'é'\n".encode("latin-1"))
    store = Store(Sources())
    assert isinstance(store.adopt(str(good), ast.parse("a = 'é'\n"), ["a = 'é'\n"]), ModuleFacts)
    assert isinstance(store.adopt(str(bad), ast.parse("a = 'é'\n"), ["a = 'é'\n"]), Unloadable)


def order(bases: Mapping[str, str], cls: str) -> str:
    """Linearise over classes of one letter; ``bases`` maps a class to its bases."""
    return "".join(linearise(cls, lambda name: tuple(bases.get(name, ""))))


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        ({}, "A"),
        ({"A": "B", "B": "C"}, "ABC"),
        # Both examples of Python's own document on C3: they differ in the order of the bases of B.
        ({"A": "BC", "B": "DE", "C": "DF", "D": "O", "E": "O", "F": "O"}, "ABCDEFO"),
        ({"A": "BC", "B": "ED", "C": "DF", "D": "O", "E": "O", "F": "O"}, "ABECDFO"),
        # An inconsistent order: depth first instead.
        ({"A": "XY", "X": "PQ", "Y": "QP"}, "AXPQY"),
        # The same trouble in a base, a base named twice, and cycles.
        ({"A": "BZ", "B": "XY", "X": "PQ", "Y": "QP"}, "ABXPQYZ"),
        ({"A": "BB", "B": "C"}, "ABC"),
        ({"A": "BC", "B": "C"}, "ABC"),
        ({"A": "CB", "B": "C"}, "ACB"),
        ({"A": "A"}, "A"),
        ({"A": "BD", "B": "C", "C": "A"}, "ABCD"),
    ],
)
def test_linearise(bases: Mapping[str, str], expected: str) -> None:
    assert order(bases, "A") == expected


def test_linearise_agrees_with_python() -> None:
    """Every hierarchy of five classes whose bases are up to two of the earlier ones."""
    choices = [[*permutations(range(n), 0), *permutations(range(n), 1), *permutations(range(n), 2)] for n in range(5)]
    assert sum(map(_agrees, product(*choices))) > 300


def _agrees(bases: Sequence[tuple[int, ...]]) -> bool:
    classes: list[type] = []
    try:
        for number, chosen in enumerate(bases):
            classes.append(type(str(number), tuple(classes[base] for base in chosen), {}))
    except TypeError:
        return False
    expected = [classes.index(cls) for cls in classes[-1].__mro__ if cls is not object]
    assert list(linearise(4, lambda number: bases[number])) == expected
    return True


def test_linearise_has_no_limit_of_depth_and_asks_once() -> None:
    asked: list[int] = []

    def bases_of(number: int) -> tuple[int, ...]:
        asked.append(number)
        return (number + 1,) if number < 3000 else ()

    found = linearise(0, bases_of)
    assert all(after == before + 1 for before, after in pairwise(found))
    assert asked == list(found)
    assert len(found) == 3001
