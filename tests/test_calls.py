"""The calls that the interpreter finds, against the calls that really happen.

Each case of ``fixtures/engine/calls`` is an ordinary program. Executing its ``entry()`` gives the functions that run;
running ``entry`` symbolically must reach the same ones: one that is missing is a missed call, one too many a false one.
"""

from __future__ import annotations

import gc
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest
from calls_tracer import Case, Spot, cases, counted, executed

from flake8_django_threads.effects.explore import RECURSION
from flake8_django_threads.effects.fold import Folder, Outcome, catches
from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import load
from flake8_django_threads.project.beyond import Beyond
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources
from flake8_django_threads.project.store import Store
from flake8_django_threads.values import flow
from flake8_django_threads.values.domain import Func
from flake8_django_threads.values.interpreter import Interpreter

CASES = {case.name: case for case in cases()}
MODELS = load()

REACHED: flow.Kind = ("<reached>",)
RECALL = 0.99
PRECISION = 0.99

# Why the analysis and the execution differ in some cases. A case that agrees again has to leave the table.
GAPS_BY_REASON: dict[str, tuple[str, ...]] = {
    "a call of which nothing is known may raise anything, so every handler may run": (
        "exception_handlers/bound_in_the_body_used_after",
        "exception_handlers/from_cause",
    ),
    "a generator runs as a whole, so what is sent, thrown or closed between two yields is not known": (
        "generators/early_break",
        "generators/generator_closed_runs_finally",
        "generators/sent_value",
        "generators/throw_into",
    ),
    "which modules of the project are imported, to fill a container, is not known": ("registries/of_another_module",),
    "what a body puts into a table of its own class by a loop is not run": ("classes/class_body_loop_builds_table",),
    "the names of a running function are not looked up by text": ("builtins/locals_lookup", "dynamic/eval_of_name"),
    "reading an attribute does not go through __getattribute__": ("classes/getattribute_intercepts",),
    "what an event loop calls later is not known": ("async_functions/done_callback",),
    "functions that a class body registers with a method are not known": ("functools_helpers/singledispatchmethod",),
    "the items of a set are not told apart": ("containers_step_by_step/set_discard",),
    "a row says that a Counter goes through what it is given, not what it then holds": (
        "containers_step_by_step/counter_elements",
    ),
    "a while loop may run any number of rounds": ("control_flow/while_else",),
    "a key function of the standard library without a row": ("library_callbacks/bisect_key",),
}
KNOWN_GAPS = {name: reason for reason, names in GAPS_BY_REASON.items() for name in names}


class Answer(NamedTuple):
    """The functions that ran, and those that the analysis reached."""

    ran: frozenset[Spot]
    found: frozenset[Spot]

    def difference(self) -> str:
        """The missed and the false ones, one a line; empty if there are none."""
        missed = [f"missed: {spot}" for spot in sorted(self.ran - self.found)]
        return "\n".join([*missed, *(f"false: {spot}" for spot in sorted(self.found - self.ran))])


def reached(case: Case) -> frozenset[Spot]:
    """The functions that count and whose bodies the flow tree of ``entry`` reaches."""
    sources = Sources({})
    modules = Store(sources)
    run = Interpreter(modules, Resolver(sources, str(case.folder)), MODELS, Beyond(sources))
    facts = modules.facts(str(case.main))
    assert isinstance(facts, r.ModuleFacts)
    entry = next(s.function for s in facts.body if isinstance(s, r.Define) and s.function.name == "entry")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION))
    try:
        summary = run.run_function(Func(entry, facts), {}, entry.at)[2]
    finally:
        sys.setrecursionlimit(limit)
    assert summary is not None
    spots = {(spot.path, spot.line, spot.name.rpartition(".")[2]): spot for spot in counted(case).values()}
    keys = ((s.path, s.function.at[0], s.function.name) for s in summaries(summary))
    return frozenset(spots[key] for key in keys if key in spots)


def summaries(root: flow.Summary) -> set[flow.Summary]:
    """The summary and all that its tree invokes, however deep, as far as the fold says that it can be reached."""
    folder = Folder(flow.DEFAULT)
    seen = {root}
    waiting = [root]
    while waiting:
        for found in _invoked(folder, waiting.pop().tree):
            if found not in seen:
                seen.add(found)
                waiting.append(found)
    return seen


def _invoked(
    folder: Folder,
    node: flow.Node,
    yielding: Outcome | None = None,
    entered: frozenset[flow.Summary] = frozenset(),
) -> Iterator[flow.Summary]:
    """What ``node`` calls; ``yielding`` is the outcome of the body that runs where a generator yields.

    ``entered`` are the generators around it, which may iterate over themselves.
    """
    match node:
        case flow.Invoke():
            yield node.summary
        case flow.Seq():
            for item in node.items:
                yield from _invoked(folder, item, yielding, entered)
                if not folder.fold(item, yielding).end:
                    break
        case flow.Branch():
            for arm in node.arms:
                yield from _invoked(folder, arm, yielding, entered)
        case flow.Loop():
            yield from _invoked(folder, flow.Seq((node.head, node.body)), yielding, entered)
            yield from _invoked(folder, node.orelse, yielding, entered)
        case flow.Rounds():
            for index, body in enumerate(node.bodies):
                yield from _invoked(folder, body, yielding, entered)
                so_far = flow.Rounds(node.at, node.bodies[: index + 1], flow.Raise(node.at, REACHED))
                if not folder.fold(so_far, yielding).raises.get(REACHED):
                    break
            else:
                yield from _invoked(folder, node.orelse, yielding, entered)
        case flow.Try():
            yield from _invoked(folder, flow.Seq((node.body, node.orelse)), yielding, entered)
            raised = folder.fold(node.body, yielding).raises
            for catch in node.handlers:
                if any(catches(catch.names, kind) for kind in raised):
                    yield from _invoked(folder, catch.body, yielding, entered)
                    raised = {kind: bits for kind, bits in raised.items() if catches(catch.names, kind) < 2}
            yield from _invoked(folder, node.final, yielding, entered)
        case flow.With():
            body = flow.Seq((node.enter, node.body))
            yield from _invoked(folder, body, yielding, entered)
            inside = folder.fold(node.body, yielding)
            if inside.end or inside.jumps:
                yield from _invoked(folder, node.leave, yielding, entered)
            if inside.raises:
                yield from _invoked(folder, node.leave_on_exception, yielding, entered)
        case flow.WithGenerator():
            yield node.summary
            yield from _invoked(folder, node.summary.tree, folder.fold(node.body, yielding), entered)
            yield from _invoked(folder, node.body, yielding, entered)
        case flow.ForGenerator():
            yield node.summary
            if node.summary not in entered:
                inside = entered | {node.summary}
                yield from _invoked(folder, node.summary.tree, folder.fold(node.body, yielding), inside)
            yield from _invoked(folder, flow.Branch(node.at, (node.body, node.orelse)), yielding, entered)


@cache
def answer(name: str) -> Answer:
    case = CASES[name]
    return Answer(executed(case), reached(case))


@pytest.fixture(autouse=True, scope="module")
def _thrown_away() -> Iterator[None]:
    """Throw away here what the programs have left behind, and not in the midst of some other test."""
    yield
    gc.collect()


@pytest.mark.parametrize("name", CASES)
def test_the_functions_that_run_are_found_and_no_others(name: str) -> None:
    difference = answer(name).difference()
    if name in KNOWN_GAPS:
        assert difference, "cured: take it out of KNOWN_GAPS"
    else:
        assert not difference, "\n" + difference


def test_known_gaps_are_cases() -> None:
    assert KNOWN_GAPS.keys() <= CASES.keys()


def test_every_case_can_fail_both_ways() -> None:
    assert [name for name in CASES if not answer(name).ran] == []
    decoys: dict[str, int] = defaultdict(int)
    for name, case in CASES.items():
        decoys[name.partition("/")[0]] += len(counted(case)) - len(answer(name).ran)
    assert [category for category, count in decoys.items() if count < 5] == []


def test_overall() -> None:
    """Print recall and precision by category; hold the whole to what was reached."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for name in CASES:
        of_case = answer(name)
        both = len(of_case.ran & of_case.found)
        for row in (rows[name.partition("/")[0]], rows["all"]):
            for column, number in enumerate((1, len(of_case.ran), len(of_case.found), both)):
                row[column] += number
    print(f"{'category':32} cases  ran found recall precision")
    for category, (count, ran, found, both) in sorted(rows.items(), key=lambda item: (item[0] == "all", item[0])):
        print(f"{category:32} {count:5} {ran:4} {found:5} {both / ran:6.3f} {both / max(found, 1):9.3f}")
    _, ran, found, both = rows["all"]
    assert both / ran >= RECALL
    assert both / found >= PRECISION
