"""Files of a size or shape that nobody writes by hand: the engine neither crashes nor takes long."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from flake8_django_threads.effects import judgement
from flake8_django_threads.engine import Engine, Report
from flake8_django_threads.values.domain import Frame, Func
from flake8_django_threads.values.interpreter import Interpreter

MOST_SECONDS = 5.0

TOUCH = "from django.contrib.auth.models import User\nfrom threading import Thread\n\n\n"
SPAWN = "\n\nThread(target=entry).start()\n"


def chain(length: int) -> str:
    """Each function calls the next; the last one touches the database."""
    steps = [f"def step_{i}():\n    step_{i + 1}()\n" for i in range(length)]
    last = f"def step_{length}():\n    User.objects.count()\n"
    return TOUCH + "\n\n".join([*steps, last, "entry = step_0"]) + SPAWN


def mutual_recursion(size: int) -> str:
    """Every function calls every other one."""
    names = [f"part_{i}" for i in range(size)]
    bodies = [
        f"def {name}(n):\n" + "".join(f"    if n > {j}:\n        {other}(n - 1)\n" for j, other in enumerate(names))
        for name in names
    ]
    return TOUCH + "\n\n".join([*bodies, "def entry():\n    part_0(3)\n    User.objects.count()"]) + SPAWN


def recursion_with_growing_arguments() -> str:
    """Each round of the recursion has a context of its own."""
    return (
        TOUCH + "def grow(job):\n    User.objects.count()\n    grow(lambda: job())\n    grow([job])\n    job()\n\n\n"
        "def entry():\n    grow(print)" + SPAWN
    )


def dispatch_table(size: int) -> str:
    """A key that is not known may mean any of the table's functions."""
    jobs = [f"def job_{i}():\n    User.objects.filter(pk={i}).delete()\n" for i in range(size)]
    table = "TABLE = {" + ", ".join(f'"{i}": job_{i}' for i in range(size)) + "}"
    entry = "def entry():\n    for name in open('names'):\n        TABLE[name]()"
    return TOUCH + "\n\n".join([*jobs, table, entry]) + SPAWN


def comparison_ladder(size: int) -> str:
    """One ``elif`` after the other, each with a call of its own."""
    jobs = [f"def job_{i}():\n    User.objects.filter(pk={i}).delete()\n" for i in range(size)]
    arms = [f"    {'elif' if i else 'if'} name == 'x{i}':\n        job_{i}()\n" for i in range(size)]
    return TOUCH + "\n\n".join([*jobs, "def entry():\n    name = open('name').read()\n" + "".join(arms)]) + SPAWN


def generated_module(lines: int) -> str:
    """Thousands of plain statements in one body."""
    body = "".join(
        f"    row_{i} = User.objects.get(pk={i})\n    total = total + row_{i}.pk\n" for i in range(lines // 2)
    )
    return TOUCH + "def entry():\n    total = 0\n" + body + SPAWN


def many_spawns(count: int) -> str:
    """A file full of entries, one spawn for each."""
    jobs = [f"def job_{i}():\n    User.objects.filter(pk={i}).delete()\n" for i in range(count)]
    spawns = [f"Thread(target=job_{i}).start()" for i in range(count)]
    return TOUCH + "\n\n".join([*jobs, *spawns, "def entry():\n    job_0()"]) + SPAWN


def deep_blocks(depth: int) -> str:
    """Compound statements inside each other, of every kind."""
    heads = ("for x in range(3):", "while x:", "with open('a') as x:", "if x:", "try:")
    lines = [f"{' ' * (i + 1)}{heads[i % 5]}" for i in range(depth)]
    lines.append(f"{' ' * (depth + 1)}User.objects.count()")
    for i in reversed(range(depth)):
        if heads[i % 5] == "try:":
            lines.append(f"{' ' * (i + 1)}finally:\n{' ' * (i + 2)}x = None")
    return TOUCH + "def entry(x=None):\n" + "\n".join(lines) + SPAWN


def nested_tries(depth: int) -> str:
    """Handlers inside handlers."""
    lines = []
    for i in range(depth):
        pad = " " * (i + 1)
        lines += [f"{pad}try:", f"{pad} User.objects.count()", f"{pad}except ValueError:"]
    return TOUCH + "def entry():\n" + "\n".join([*lines, " " * (depth + 1) + "User.objects.count()"]) + SPAWN


def nested_loops(depth: int) -> str:
    """Loops inside loops, each of which changes a name."""
    lines = [f"{' ' * (i + 1)}for x_{i} in jobs:\n{' ' * (i + 2)}job = x_{i} or job" for i in range(depth)]
    inner = f"{' ' * (depth + 1)}job()\n{' ' * (depth + 1)}User.objects.count()"
    return TOUCH + "def entry(jobs=(print, len)):\n job = print\n" + "\n".join([*lines, inner]) + SPAWN


def deep_expression(depth: int) -> str:
    """A chain of calls, and calls as arguments of calls."""
    chained = "User.objects" + ".all()" * depth + ".count()"
    nested = "str(" * min(depth, 80) + "1" + ")" * min(depth, 80)
    return TOUCH + f"def entry():\n    {nested}\n    return {chained}" + SPAWN


def long_sum(length: int) -> str:
    """An operator chain, which the parser nests to the left."""
    return TOUCH + f"def entry():\n    User.objects.count()\n    return {' + '.join(['1'] * length)}" + SPAWN


def deep_functions(depth: int) -> str:
    """Functions inside functions."""
    lines = [f"{' ' * i}def inner_{i}():" for i in range(depth)]
    lines.append(f"{' ' * depth}User.objects.count()")
    lines += [f"{' ' * (i + 1)}inner_{i + 1}()" for i in reversed(range(depth - 1))]
    return TOUCH + "\n".join([*lines, "entry = inner_0"]) + SPAWN


def long_inheritance(length: int) -> str:
    """Each class calls the next one's method by ``super()``."""
    classes = ["class C0:\n    def run(self):\n        User.objects.count()\n"]
    classes += [f"class C{i}(C{i - 1}):\n    def run(self):\n        super().run()\n" for i in range(1, length)]
    return TOUCH + "\n\n".join([*classes, f"entry = C{length - 1}().run"]) + SPAWN


def doubling_calls(levels: int) -> str:
    """Every level calls the next one twice, with arguments of its own: 2 ** ``levels`` paths."""
    steps = [f"def step_{i}(job):\n    step_{i + 1}(lambda: job())\n    step_{i + 1}([job])\n" for i in range(levels)]
    last = f"def step_{levels}(job):\n    User.objects.count()\n"
    return TOUCH + "\n\n".join([*steps, last, "def entry():\n    step_0(print)"]) + SPAWN


def decorator_tower(height: int) -> str:
    """One function under many decorators."""
    wrap = "def wrap(f):\n    def inner(*args, **kwargs):\n        return f(*args, **kwargs)\n\n    return inner\n\n\n"
    return TOUCH + wrap + "@wrap\n" * height + "def entry():\n    User.objects.count()" + SPAWN


SHAPES = {
    "chain of 30": chain(30),
    "chain of 2,000": chain(2_000),
    "mutual recursion of 2": mutual_recursion(2),
    "mutual recursion of 12": mutual_recursion(12),
    "recursion with growing arguments": recursion_with_growing_arguments(),
    "dispatch over 500": dispatch_table(500),
    "ladder of 500": comparison_ladder(500),
    "10,000 lines": generated_module(10_000),
    "300 spawns": many_spawns(300),
    "blocks 19 deep": deep_blocks(19),
    "tries 18 deep": nested_tries(18),
    "loops 18 deep": nested_loops(18),
    "expression 500 deep": deep_expression(500),
    "sum of 5,000": long_sum(5_000),
    "functions 60 deep": deep_functions(60),
    "classes 200 deep": long_inheritance(200),
    "doubling 16 times": doubling_calls(16),
    "40 decorators": decorator_tower(40),
}


def cyclic(body: str) -> str:
    """Definitions that need each other, or themselves."""
    return TOUCH + body + "\n    User.objects.count()" + SPAWN


SHAPES |= {
    "cyclic bases": cyclic("class A(B):\n    pass\n\n\nclass B(A):\n    pass\n\n\ndef entry():\n    B().run()"),
    "cyclic names": cyclic("a = b\nb = c\nc = a\n\n\ndef entry():\n    a()"),
    "cyclic container": cyclic("def entry():\n    x = []\n    x.append(x)\n    for y in x:\n        y[0]()"),
    "cyclic star imports": cyclic("import jobs\nfrom jobs import *\n\n\ndef entry():\n    jobs.jobs.other()"),
    "decorators of each other": cyclic(
        "@b\ndef a(f):\n    return f\n\n\n@a\ndef b(f):\n    return f\n\n\n@a\n@b\ndef entry():\n    a()"
    ),
    "attributes without end": cyclic(
        "class A:\n    def __getattr__(self, name):\n        return getattr(self, name + 'x')\n\n\n"
        "def entry():\n    A().y.z()"
    ),
    "partials of partials": cyclic(
        "from functools import partial\n\n\ndef entry():\n    x = print\n" + "    x = partial(x, x)\n" * 40 + "    x()"
    ),
    "defaults of each other": cyclic(
        "def f(x=g()):\n    return x\n\n\ndef g(x=f()):\n    return x\n\n\ndef entry():\n    f()()"
    ),
    "iterators without end": cyclic(
        "class A:\n    def __iter__(self):\n        return A()\n\n\ndef entry():\n    for x in A():\n        x()"
    ),
    "managers within each other": cyclic(
        "from contextlib import contextmanager\n\n\n@contextmanager\ndef manager(n):\n"
        "    with manager(n + 1), manager(n):\n        yield manager\n\n\n"
        "def entry():\n    with manager(1) as x, x(2):\n        pass"
    ),
}

# Shapes whose touch lies within every limit: the leak has to be found.
WITHIN_LIMITS = (
    "chain of 30", "mutual recursion of 2", "recursion with growing arguments", "dispatch over 500", "ladder of 500",
    "blocks 19 deep", "tries 18 deep",
)  # fmt: skip


def analysed(tmp_path: Path, text: str) -> tuple[Report, float]:
    """The report of a file with this text, and the CPU seconds that it took."""
    path = tmp_path / "jobs.py"
    path.write_text(text)
    started = time.process_time()
    report = Engine(cwd=str(tmp_path)).analyse(str(path))
    return report, time.process_time() - started


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_takes_long(shape: str, tmp_path: Path) -> None:
    report, seconds = analysed(tmp_path, SHAPES[shape])
    assert seconds < MOST_SECONDS
    assert report.spawns or report.problems


@pytest.mark.parametrize("shape", WITHIN_LIMITS)
def test_the_leak_is_found_within_the_limits(shape: str, tmp_path: Path) -> None:
    report, _ = analysed(tmp_path, SHAPES[shape])
    assert [finding.code for finding in report.findings] == ["DJT001"]


def test_a_limit_that_hides_everything_is_counted(tmp_path: Path) -> None:
    report, _ = analysed(tmp_path, SHAPES["chain of 2,000"])
    assert not report.findings
    assert report.unknown == (("limit: depth", 1),)


@pytest.mark.parametrize(("owner", "name"), [(Interpreter, "run_function"), (judgement, "connections")])
def test_a_stack_that_is_too_small_is_a_limit(
    owner: object, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overflow(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(owner, name, overflow)
    report, _ = analysed(tmp_path, SHAPES["chain of 30"])
    assert not report.findings
    assert report.unknown == (("limit: depth", 1),)


def test_an_entry_that_is_known_in_part_is_not_counted(tmp_path: Path) -> None:
    report, _ = analysed(tmp_path, SHAPES["recursion with growing arguments"])
    assert not report.unknown


RETRY = (
    "    for attempt in range(4):\n        try:\n            {}()\n        except OSError:\n            print({} + 1)\n"
)


@pytest.mark.parametrize(("shown", "least", "most"), [("attempt", 1, 4), ("names[attempt]", 16, 16)])
def test_rounds_that_differ_in_nothing_but_their_number_are_one(
    shown: str, least: int, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that two retries may do again is run anew in each round only where the number chooses something."""
    ran: list[str] = []
    run_body = Interpreter._run_body

    def counted(self: Interpreter, frame: Frame, func: Func, *rest: Any) -> Any:
        ran.append(func.function.name)
        return run_body(self, frame, func, *rest)

    monkeypatch.setattr(Interpreter, "_run_body", counted)
    inner, outer = RETRY.format("work", shown), RETRY.format("inner", shown)
    text = f"import remote\n\n\ndef work():\n    remote.load()\n\n\ndef inner():\n{inner}\n\ndef entry():\n{outer}"
    analysed(tmp_path, TOUCH + text + "    User.objects.count()" + SPAWN)
    assert least <= ran.count("work") <= most
