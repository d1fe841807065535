"""The uWSGI configurations of a project, and whether they let Python threads run.

A configuration is a file of options (ini, yaml, json, xml) or a command line in a Procfile, Dockerfile, compose file,
supervisor or systemd unit or shell script. Only those count that name the application to serve.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from flake8_django_threads.project.sources import Sources, Unreadable, below, last
from flake8_django_threads.project.uwsgi_release import threads_by_default

DEPTH = 2
MOST_FOLDERS, MOST_FILES = 60, 40
_APPLICATION = frozenset({"module", "wsgi", "wsgi-file", "file", "mount", "w", "pyrun", "paste", "ini-paste"})
_THREADS = frozenset({"enable-threads", "threads", "T", "gevent", "gevent-monkey-patch", "asyncio"})
# Options that bring others from somewhere else: what they say is not known.
_ELSEWHERE = frozenset(
    {"include", "inherit", "ini", "yaml", "yml", "json", "xml", "config", "emperor", "import-config"}
)
_OFF = frozenset({"false", "off", "no", "0"})
_ENVIRONMENT = re.compile(r"\bUWSGI_(?:ENABLE_THREADS|THREADS|GEVENT)\b[\"']?\s*[=: ]\s*[\"']?(\w+)")
# Folders of the project's own code need no look; these names, in part, are where a deployment is kept.
_FOLDERS = ("docker", "deploy", "uwsgi", "conf", "compose", "etc", "ops", "infra", "script", "bin", "provision", "serv")
_SCRIPTS = ("entrypoint", "start", "run", "serve", "boot", "web")
_COMMAND = re.compile(r"(?:^|[\s/\"'=\[,])uwsgi(?=[\s\"',\]]|$)(.*)", re.DOTALL)
_SECTION = re.compile(r"^\[uwsgi\]\s*$", re.MULTILINE)
_OPTION = re.compile(r"^--?([A-Za-z][\w-]*)(?:=(.*))?$")


class Configuration(NamedTuple):
    """One configuration: ``line`` is that of its section or command; ``kind`` is "ini", "yaml", "json", "xml" or
    "command". ``options`` are its options, dashes for underscores, with their last values."""

    path: str
    line: int
    kind: str
    options: dict[str, str]

    @property
    def serves(self) -> bool:
        """Whether it names an application by itself."""
        return not _APPLICATION.isdisjoint(self.options)

    @property
    def is_complete(self) -> bool:
        """Whether all its options are known."""
        return _ELSEWHERE.isdisjoint(self.options)

    @property
    def has_threads(self) -> bool:
        """Whether Python threads run under it."""
        return any(self.options.get(name, "false").strip().lower() not in _OFF for name in _THREADS)


def without_threads(root: str, sources: Sources) -> tuple[Configuration, ...]:
    """The configurations of the project at ``root`` under which its threads never run, in the order of their paths.

    None where the project installs a release whose threads run by default.
    """
    found: list[Configuration] = []
    for path in _files(root, sources):
        with suppress(Unreadable):
            text = sources.read(path)
            if any(match[1].lower() not in _OFF for match in _ENVIRONMENT.finditer(text)):
                return ()
            if "uwsgi" in text:
                found.extend(read(path, text))
    commands = [c for c in found if c.kind == "command"]
    wanting = []
    for one in found:
        started = [c for c in commands if any(last(value) == last(one.path) for value in c.options.values())]
        if one.serves and one.is_complete and not one.has_threads and not any(c.has_threads for c in started):
            wanting.append(one)
    if wanting and threads_by_default(root, sources):
        return ()
    return tuple(sorted(wanting, key=lambda c: (c.path, c.line)))


def read(path: str, text: str) -> Iterator[Configuration]:
    """The configurations in one file."""
    name = last(path)
    if name.endswith(".ini") or (name.endswith((".conf", ".cfg")) and _SECTION.search(text)):
        yield from _ini(path, text)
    elif name.endswith(".json"):
        yield from _json(path, text)
    elif name.endswith(".xml"):
        yield from _xml(path, text)
    else:
        if name.endswith((".yaml", ".yml")):
            yield from _yaml(path, text)
        yield from _commands(path, text)


def _files(root: str, sources: Sources) -> Iterator[str]:
    """The files, by name, that may hold a configuration."""
    waiting = [(root, 0)]
    folders = files = 0
    while waiting and folders < MOST_FOLDERS:
        folder, depth = waiting.pop(0)
        folders += 1
        for name, is_folder in sources.listing(folder).items():
            path = below(folder, name)
            if is_folder:
                known = depth > 0 or any(part in name.lower() for part in _FOLDERS)
                if known and depth < DEPTH and not sources.is_link(path) and name not in (".git", "node_modules"):
                    waiting.append((path, depth + 1))
            elif _may_configure(name) and files < MOST_FILES:
                files += 1
                yield path


def _may_configure(name: str) -> bool:
    lowered = name.lower()
    if lowered.endswith((".ini", ".service", ".sh", ".dockerfile")) or "uwsgi" in lowered:
        return lowered not in ("tox.ini", "pytest.ini", "mypy.ini") and not lowered.endswith((".py", ".md", ".rst"))
    if lowered.startswith(("procfile", "dockerfile", "containerfile", "docker-compose", "compose", ".env")):
        return True
    if lowered.endswith(".conf"):
        return "superv" in lowered or "circus" in lowered
    return "." not in lowered and any(lowered.startswith(word) or lowered.endswith(word) for word in _SCRIPTS)


def _option(name: str) -> str:
    return name.strip().replace("_", "-")


def _ini(path: str, text: str) -> Iterator[Configuration]:
    options: dict[str, str] | None = None
    start = 0
    for number, written in enumerate(text.splitlines(), 1):
        line = written.strip()
        if line.startswith("["):
            if options is not None:
                yield Configuration(path, start, "ini", options)
            options = {} if line.lower() == "[uwsgi]" else None
            start = number
        elif options is not None and line and line[0] not in ";#":
            name, _, value = line.partition("=")
            options[_option(name)] = value.strip() or "true"
    if options is not None:
        yield Configuration(path, start, "ini", options)


def _yaml(path: str, text: str) -> Iterator[Configuration]:
    options: dict[str, str] | None = None
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.rstrip() == "uwsgi:":
            options, start = {}, number
        elif options is not None and line.strip() and not line.lstrip().startswith("#"):
            if not line[0].isspace():
                break
            name, _, value = line.strip().removeprefix("- ").partition(":")
            options[_option(name)] = value.strip().strip("\"'") or "true"
    # A service of a compose file may have the same name: its keys are no options of uWSGI.
    if options is not None and _APPLICATION & options.keys():
        yield Configuration(path, start, "yaml", options)


def _json(path: str, text: str) -> Iterator[Configuration]:
    try:
        loaded = json.loads(text)
    except ValueError:
        return
    section = loaded.get("uwsgi") if isinstance(loaded, dict) else None
    if isinstance(section, dict):
        line = text[: text.index('"uwsgi"')].count("\n") + 1
        options = {_option(name): "false" if value is False else str(value) for name, value in section.items()}
        yield Configuration(path, line, "json", options)


def _xml(path: str, text: str) -> Iterator[Configuration]:
    for section in re.finditer(r"<uwsgi\b[^>]*>(.*?)</uwsgi>", text, re.DOTALL):
        options = {}
        for tag in re.finditer(r"<([A-Za-z][\w-]*)\s*(?:/>|>([^<]*)<)", section[1]):
            options[_option(tag[1])] = (tag[2] or "").strip() or "true"
        yield Configuration(path, text[: section.start()].count("\n") + 1, "xml", options)


def _commands(path: str, text: str) -> Iterator[Configuration]:
    """The command lines: each with its continued lines, and with the items of the list that it begins."""
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        start, line = index, lines[index]
        index += 1
        if line.lstrip().startswith("#") or "uwsgi" not in line:
            continue
        listed = line.strip().lstrip("- ").strip("\"'").endswith("uwsgi") or line.rstrip().endswith(("[", ","))
        while index < len(lines) and (line.rstrip().endswith("\\") or _goes_on(lines[index], listed)):
            line = line.rstrip().rstrip("\\") + " " + lines[index].strip().removeprefix("- ")
            index += 1
        found = _COMMAND.search(line)
        if found is None or "install" in line[: found.start()].split():
            continue
        options = _parsed(re.sub(r"[\[\]\"',]", " ", found[1]).split())
        if options:
            yield Configuration(path, start + 1, "command", options)


def _goes_on(line: str, listed: bool) -> bool:
    stripped = line.strip().strip("\"',")
    return stripped.startswith(("--", "- --", '- "--', "- '--")) or (listed and stripped.startswith(("-", '"', "'")))


def _parsed(words: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    name = ""
    for word in words:
        if word in ("&&", "||", ";", "|", "&"):
            break
        option = _OPTION.match(word)
        if option is not None:
            name = _option(option[1])
            options[name] = option[2] or "true"
        elif name:
            options[name] = word
            name = ""
        else:
            # A bare argument is a file of options, or a variable that may be anything.
            options["config"] = word
    return options
