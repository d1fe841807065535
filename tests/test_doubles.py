"""What a test replaces: the last names of what is patched in it, in its class, and in the fixtures that it asks for."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from flake8_django_threads.effects.doubles import replaced, takes_the_query
from flake8_django_threads.facts.records import ClassFact, ModuleFacts
from flake8_django_threads.models.load import load
from flake8_django_threads.project.beyond import Beyond
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources
from flake8_django_threads.project.store import Store
from flake8_django_threads.values.interpreter import Interpreter

REPLACED = {
    "nothing": ("def test(): print('shop.push')", set()),
    "a patch by its path": ("def test():\n    with patch('shop.push'): pass", {"push"}),
    "a patch above": ("@mock.patch('shop.jobs.push')\ndef test(push): pass", {"push"}),
    "a patch of an attribute": ("def test():\n    mock.patch.object(shop, 'push')", {"push"}),
    "a patch of several": ("def test():\n    patch.multiple(shop, push=1, spec=2, pull=3)", {"push", "pull"}),
    "a path in a name": ("PUSH = 'shop.push'\ndef test():\n    patch(PUSH)", {"push"}),
    "a mock that is put there": ("def test():\n    shop.push = MagicMock()", {"push"}),
    "a mock of its own": ("def test():\n    push = MagicMock()", set()),
    "something else that is put there": ("def test():\n    shop.push = make()", set()),
    "in another test": ("def test(): pass\ndef test_other():\n    patch('shop.push')", set()),
    "before each test": (
        "class T:\n    def setUp(self):\n        patch('shop.push')\n    def test(self): pass",
        {"push"},
    ),
    "above the class": ("@patch('shop.push')\nclass T:\n    def test(self, push): pass", {"push"}),
    "in another method": (
        "class T:\n    def other(self):\n        patch('shop.push')\n    def test(self): pass",
        set(),
    ),
    "in a fixture": ("@fixture\ndef push():\n    patch('shop.push')\ndef test(push): pass", {"push"}),
    "in a fixture of a fixture": (
        "@fixture\ndef a():\n    patch('shop.push')\n@fixture\ndef b(a): pass\ndef test(b): pass",
        {"push"},
    ),
    "in a fixture of another test": ("@fixture\ndef push():\n    patch('shop.push')\ndef test(other): pass", set()),
    "in what is no fixture": ("def push():\n    patch('shop.push')\ndef test(push): pass", set()),
}


@pytest.mark.parametrize(("source", "names"), REPLACED.values(), ids=REPLACED)
def test_what_a_test_replaces(tmp_path: Path, source: str, names: set[str]) -> None:
    path = tmp_path / "test_shop.py"
    path.write_text(dedent(source), encoding="utf-8")
    sources = Sources()
    run = Interpreter(Store(sources), Resolver(sources, str(tmp_path)), load(), Beyond(sources))
    module = run.modules.facts(str(path))
    assert isinstance(module, ModuleFacts)
    test = next(function for function in module.functions if function.name == "test")
    klass = test.owner if isinstance(test.owner, ClassFact) else None
    assert replaced(run, module, test, klass) == names


CALLS = (("report", "/app/tests.py", (1, 0, 1, 1)), ("count", "/app/jobs.py", (2, 0, 2, 1)))
TAKES = {
    "the method of the query": ("app.models.Order.objects.count", True),
    "the class's own method": ("app.models.Order.count", True),
    "the function where it is called": ("app.jobs.count", True),
    "the function where it is not looked up": ("app.models.count", False),
    "what the test calls": ("app.tests.report", True),
    "a method of that name": ("app.names.Names.count", False),
    "the last name alone": ("count", False),
    "something else": ("app.jobs.name_of", False),
}


@pytest.mark.parametrize(("path", "taken"), TAKES.values(), ids=TAKES)
def test_what_takes_the_query(path: str, taken: bool) -> None:
    assert takes_the_query("Order.count", CALLS, {path}) is taken
