"""The looks at a text that spare a file its parsing: whatever a rule may report has to get past them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_django_threads.effects.connection_names import connection_names
from flake8_django_threads.engine import Engine, Options
from flake8_django_threads.facts.records import ModuleFacts
from flake8_django_threads.models.load import load
from flake8_django_threads.project.beyond import Beyond
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources
from flake8_django_threads.project.store import Store
from flake8_django_threads.rules.rule import Rule, all_rules
from flake8_django_threads.values.interpreter import Interpreter

IMPORT = "from django.db import connection, connections\n"
WORTH = {
    "DJT005": (
        f"{IMPORT}for each in connections:\n    each.close()\n",
        "from django.db import connections as known\nfor each in known:\n    each.close()\n",
        "from django import db\nnames = [each.close() for each in db.connections]\n",
        "from django.db import (\n    connection,\n    connections,\n)\nmap(shut, connections)\n",
    ),
    "DJT006": (
        f"{IMPORT}with connection:\n    pass\n",
        f"{IMPORT}with connections['a'] as first, open('b') as second:\n    pass\n",
        f"{IMPORT}with (\n    open('b') as second,\n    connection,\n):\n    pass\n",
        f"{IMPORT}async def f():\n    async with connection:\n        pass\n",
        f"{IMPORT}with get_connection('a: b'):\n    pass\n",
        f"{IMPORT}connections.close_all(1)\n",
        f"{IMPORT}del connections['a']\n",
        f"{IMPORT}connections['a'].connection.close()\n",
        "from django.db import (\n    connections as known,\n)\ndel known['a']\n",
        "from django import db\nwith db.connection:\n    pass\n",
    ),
    "DJT103": (f"{IMPORT}async def f():\n    connections.close_all()\n",),
    "DJT202": (f"{IMPORT}connection.close()\n", f"{IMPORT}connections.close_all()\n"),
}
NOT_WORTH = {
    "DJT005": (
        f"{IMPORT}connections['a'].close()\n",
        "connections = find()\nfor each in connections:\n    each.close()\n",
        "from django.db import (\n    connections,\n)\n",
    ),
    "DJT006": (
        f"{IMPORT}with connection.cursor() as cursor:\n    pass\n",
        f"{IMPORT}with self.assertRaises(Wrong, msg='a: b'):\n    connections.close_all()\n",
        f"{IMPORT}connection.close()  # dealt with: see above\n",
        "from django.db import connection\ndel form['connections']\n",
        "# Many connections:\ndel form['a']\nwith context:\n    pass\n",
    ),
    "DJT102": (f"{IMPORT}connections.close_all()\n",),
    "DJT103": (f"{IMPORT}def f():\n    connections.close_all()\n",),
    "DJT202": (f"{IMPORT}connection.cursor()\n",),
}


def rule(code: str) -> Rule:
    return next(each for each in all_rules() if each.code == code)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in WORTH.items() for text in texts])
def test_what_may_be_reported_is_looked_at(code: str, text: str) -> None:
    assert rule(code).asks(text, spawns=False)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in NOT_WORTH.items() for text in texts])
def test_what_cannot_be_reported_is_not_parsed(code: str, text: str) -> None:
    assert not rule(code).asks(text, spawns=False)


FILES = {
    "dbtools": "from django.db import connections\n\n\ndef shut_db():\n    connections.close_all()\n",
    "again": "from shop.dbtools import *\n\n\ndef close_it():\n    shut_db()\n",
    "continued": "from django.db import \\\n    connections\n",
    "renamed": "import django.db as here\n\n\ndef conn():\n    return here.connections['default']\n",
    "db": "from django.core import signals as told\n\n\ndef close_told():\n    told.request_finished.send(None)\n",
    "dbbooks": "connections = []\n",
    "other": "from shop import other\n\n\ndef close_file():\n    other.close_file()\n",
}
IMPORTS = (
    "from django.db import IntegrityError, connection as own, models, transaction\n"
    "from django.core.signals import request_finished\nfrom shop.again import close_it, open_it, shut_db\n"
    "from shop.other import close_file\nfrom shop import dbtools, other\nfrom redis import connection\n"
    "import json, django as whole\nfrom shop.dbbooks import connections\n"
    "from shop.continued import connections as all_of_them\nfrom shop.renamed import conn\n"
    "from shop.db import close_told\n"
    "def late():\n    from shop.dbtools import shut_db as late_db\n    import django.db\n"
)


def test_only_names_that_lead_to_djangos_connections_count(tmp_path: Path) -> None:
    """Through other modules of the project too; a library's connection is none, if no row says so."""
    shop = tmp_path / "shop"
    shop.mkdir()
    for file, text in {"__init__": "", **FILES, "sale": IMPORTS}.items():
        (shop / f"{file}.py").write_text(text)
    sources = Sources()
    resolver, modules = Resolver(sources, str(tmp_path)), Store(sources)
    facts = modules.facts(str(shop / "sale.py"))
    assert isinstance(facts, ModuleFacts)
    names = connection_names(Interpreter(modules, resolver, load(), Beyond(sources)), facts)
    assert names == {"own", "request_finished", "close_it", "shut_db", "late_db", "dbtools", "django", "whole"} | {
        "all_of_them", "conn", "close_told",
    }  # fmt: skip


def test_the_project_is_looked_through_once_before_workers_begin(tmp_path: Path) -> None:
    """Else each worker would do it again; for one file alone it is not worth it."""
    text = (
        "from django.db import connection, transaction\n\n\ndef sell():\n"
        "    with transaction.atomic():\n        connection.close()\n"
    )
    (tmp_path / "sale.py").write_text(text)
    for path, times in (("sale.py", 0), (".", 1)):
        engine = Engine(Options(), cwd=str(tmp_path))
        engine.prepare([path])
        assert sum(question == "closes inside atomic" for question, _ in engine._answers) == times
        assert [finding.code for finding in engine.analyse("sale.py").findings] == ["DJT202"]
