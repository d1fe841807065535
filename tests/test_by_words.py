"""Which functions may lead to another, going by words alone."""

from __future__ import annotations

import pytest

from flake8_django_threads.effects.by_words import MOST_FILES, MOST_NAMES, leading, named

WORKER = "/shop/jobs/worker.py"
TARGET = "def start():\n    print()\n"


def reached(files: dict[str, str], name: str = "start", owner: str = "", rounds: int = 4) -> set[str]:
    texts = {WORKER: TARGET, **files}
    return leading(texts.__getitem__, texts, named(WORKER, name, owner), "ready", rounds)


CONFIG = "class Config(AppConfig):\n    name = 'shop'\n\n    def ready(self):\n        {}\n"
LEADS = {
    "by the module": CONFIG.format("from jobs import worker\n        worker.start()"),
    "under another name": CONFIG.format("from jobs.worker import start as begin\n\n        begin()"),
    "by the package that hands it on": CONFIG.format("from jobs import start\n        start()"),
    "through a function of the file": "from jobs.worker import start\n\n\ndef launch():\n    start()\n\n\n"
    + CONFIG.format("launch()"),
    "through a name of the module": "from jobs.worker import start\n\nbegin = start\n\n\n" + CONFIG.format("begin()"),
    "through a list below a function": "from jobs.worker import start\n\n\ndef other():\n    pass\n\n\n"
    "STEPS: dict = {\n    'now': [\n        start,\n    ],\n}\n\n\n" + CONFIG.format("run(STEPS)"),
    "through a list of a class": "from jobs.worker import start\n\n\nclass Runner:\n    steps = [\n\n"
    "        start,\n    ]\n\n\n" + CONFIG.format("run(Runner.steps)"),
    "through a call of several lines": "from jobs.worker import start\n\n\ndef launch():\n    run(\n"
    "        start,\n    )\n\n\n" + CONFIG.format("launch()"),
    "through a decorator": "from jobs.worker import start\n\n\n@start\ndef launch():\n    pass\n\n\n"
    + CONFIG.format("launch()"),
    "through a default": "from jobs.worker import start\n\n\ndef launch(begin=start):\n    begin()\n\n\n"
    + CONFIG.format("launch()"),
    "through the making of an object": "from jobs.worker import start\n\n\nclass Runner:\n    def __init__(self):\n"
    "        start()\n\n\n" + CONFIG.format("Runner()"),
    "through a method and an inner function": "from jobs.worker import start\n\n\nclass Runner:\n"
    "    async def go(self):\n        def inner():\n            start()\n\n        inner()\n\n\n"
    + CONFIG.format("Runner().go()"),
}
ENDS = {
    "another function of that name": CONFIG.format("self.start()"),
    "an import alone": "from jobs.worker import start\n" + CONFIG.format("pass"),
    "a part of a longer word": "import worker\n" + CONFIG.format("worker.start_slowly()"),
    "a list of what is handed on": "from jobs.worker import start\n\n__all__ = ['start']\n\n\n"
    + CONFIG.format("__all__"),
    "a list of another name": "from jobs.worker import start\n\n\ndef launch():\n    pass\n\n\n"
    "STEPS = [\n    start,\n]\n\n\n" + CONFIG.format("launch()"),
    "outside of ready": "from jobs.worker import start\n\nstart()\n\n\n" + CONFIG.format("pass"),
}


@pytest.mark.parametrize("text", LEADS.values(), ids=LEADS)
def test_words_lead_from_a_function_to_another(text: str) -> None:
    assert reached({"/shop/apps.py": text}) == {"/shop/apps.py"}


@pytest.mark.parametrize("text", ENDS.values(), ids=ENDS)
def test_other_words_do_not(text: str) -> None:
    assert reached({"/shop/apps.py": text}) == set()


def test_a_method_is_known_by_its_class_or_module_too() -> None:
    """Whose object it is called on no text tells. Dunder methods are known by their class alone."""
    by_name, by_class = CONFIG.format("self.thing.begin()"), CONFIG.format("jobs.Worker(4)")
    assert reached({"/shop/apps.py": by_name}, "begin", "Worker") == set()
    near = f"from jobs import worker\n\n\n{by_name}"
    assert reached({"/shop/apps.py": near}, "begin", "Worker") == {"/shop/apps.py"}
    assert reached({"/shop/apps.py": by_class}, "__init__", "Worker") == {"/shop/apps.py"}


@pytest.mark.parametrize(("rounds", "found"), [(3, {"/shop/apps.py"}), (2, set())])
def test_the_way_is_not_followed_for_ever(rounds: int, found: set[str]) -> None:
    way = "from jobs.worker import start\n\n\ndef first():\n    start()\n\n\ndef second():\n    first()\n\n\n"
    assert reached({"/shop/apps.py": way + CONFIG.format("second()")}, rounds=rounds) == found


def test_a_name_in_very_many_files_is_known_by_its_module_alone() -> None:
    """A package's name is no help then, and without the module's too the name is left."""
    config = CONFIG.format("from jobs import start\n        start()")
    many = {f"/shop/other{number}.py": "import jobs\nstart()\n" for number in range(MOST_FILES)}
    assert reached({"/shop/apps.py": config, **many}) == set()
    near = CONFIG.format("from jobs import worker\n        worker.start()")
    assert reached({"/shop/apps.py": near, **many}) == {"/shop/apps.py"}
    named_too = {path: f"import worker\n{text}" for path, text in many.items()}
    assert reached({"/shop/apps.py": near, **named_too}) == set()


def test_too_many_names_at_once_end_the_search() -> None:
    text = "from jobs.worker import start\n\n\n"
    text += "".join(f"def launch{number}():\n    start()\n\n\n" for number in range(MOST_NAMES + 1))
    assert reached({"/shop/apps.py": text + CONFIG.format("launch1()")}) == set()
