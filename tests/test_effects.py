"""The typestate: relations against a model of sets, and what each node of a flow tree does to them."""

from __future__ import annotations

import random
from itertools import product

import pytest

from flake8_django_threads.effects import bits
from flake8_django_threads.effects.bits import (
    ASSUME_SHUT,
    CLOSE,
    FRESH,
    NEVER,
    OPEN,
    REOPENED,
    SAME,
    SHUT,
    TOUCH,
    closure,
    exits,
    then,
)
from flake8_django_threads.effects.evidence import first, leaves
from flake8_django_threads.effects.fold import RESTS, STUCK, Effect, Folder, Outcome, catches
from flake8_django_threads.effects.sites import connections
from flake8_django_threads.facts.records import Function
from flake8_django_threads.values import flow
from flake8_django_threads.values.flow import ANY, NOTHING, Kind, Node, Seq, Summary

AT = (1, 0, 1, 9)
VALUE: Kind = ("ValueError", "Exception", "BaseException")
STOP: Kind = ("StopIteration", "Exception", "BaseException")
EXIT: Kind = ("SystemExit", "BaseException")
Pairs = frozenset[tuple[int, int]]
ROWS = range(16)
SAMPLE = sorted({NEVER, SAME, TOUCH, CLOSE, ASSUME_SHUT, 0xFFFF, *random.Random(7).sample(range(1 << 16), 120)})

touch = flow.Touch(AT, "default", "Order.count")
close = flow.Close(AT, "default", "connection.close")
may_raise = flow.MayRaise(AT)
leave, stop, on = (flow.Jump(AT, kind) for kind in ("return", "break", "continue"))
raise_value, raise_exit = flow.Raise(AT, VALUE), flow.Raise(AT, EXIT)


def pairs(relation: int) -> Pairs:
    """A relation as the set of its (entry, exit) pairs."""
    return frozenset(
        (entry, state) for entry, state in product(range(4), repeat=2) if relation >> 4 * entry + state & 1
    )


def joined(one: Pairs, other: Pairs) -> Pairs:
    return frozenset((a, d) for a, b in one for c, d in other if b == c)


def fold(*nodes: Node, alias: str = "default") -> Outcome:
    return Folder(alias).fold(Seq(nodes))


def call(*nodes: Node) -> Summary:
    return Summary(Function("f", "f", AT, (), ()), "a.py", Seq(nodes))


def ends(*nodes: Node) -> set[int]:
    return set(exits(fold(*nodes).end))


def raised(*nodes: Node) -> set[int]:
    relation = NEVER
    for one in fold(*nodes).raises.values():
        relation |= one
    return set(exits(relation))


def attempt(body: Node, *handlers: flow.Catch, orelse: Node = NOTHING, final: Node = NOTHING) -> flow.Try:
    return flow.Try(AT, body, handlers, orelse, final)


def catch(body: Node, *names: str) -> flow.Catch:
    return flow.Catch(AT, names or None, body)


def loop(
    body: Node, head: Node = NOTHING, orelse: Node = NOTHING, once: bool = False, endless: bool = False
) -> flow.Loop:
    return flow.Loop(AT, head, body, orelse, once, endless)


def within(
    body: Node, after: Node, on_exception: Node | None = None, swallows: tuple[str, ...] | None = (), may: bool = False
) -> flow.With:
    return flow.With(AT, NOTHING, body, after, after if on_exception is None else on_exception, swallows, may)


# Relations.


def test_the_basic_relations() -> None:
    assert pairs(NEVER) == frozenset()
    assert pairs(SAME) == {(state, state) for state in range(4)}
    assert pairs(TOUCH) == {(FRESH, OPEN), (OPEN, OPEN), (SHUT, REOPENED), (REOPENED, REOPENED)}
    assert pairs(CLOSE) == {(state, SHUT) for state in range(4)}
    assert pairs(ASSUME_SHUT) == {(FRESH, FRESH), (SHUT, SHUT)}


def test_composing_every_row_with_every_row() -> None:
    """All 16 x 16 pairs of rows in each of the 4 middle states: ``then`` works on rows alone, so this is everything."""
    for first_row, second_row, middle in product(ROWS, ROWS, range(4)):
        second = second_row << 4 * middle
        for entry in range(4):
            relation = first_row << 4 * entry
            assert pairs(then(relation, second)) == joined(pairs(relation), pairs(second))


def test_composing_whole_relations() -> None:
    for one, other in product(SAMPLE, repeat=2):
        assert pairs(then(one, other)) == joined(pairs(one), pairs(other))


@pytest.mark.parametrize("relation", SAMPLE)
def test_closure_is_the_smallest_that_rounds_do_not_leave(relation: int) -> None:
    wanted = pairs(SAME)
    while not (more := joined(wanted, pairs(relation))) <= wanted:
        wanted |= more
    assert pairs(closure(relation)) == wanted


def test_exits_reads_one_row() -> None:
    for relation, entry in product(SAMPLE, range(4)):
        assert exits(relation, entry) == {state for begin, state in pairs(relation) if begin == entry}
    assert exits(TOUCH) == exits(TOUCH, FRESH)


def test_states_are_four() -> None:
    assert sorted({bits.FRESH, bits.OPEN, bits.SHUT, bits.REOPENED}) == [0, 1, 2, 3]


# Nodes.


def test_nothing_does_nothing() -> None:
    assert fold() == Outcome(SAME)


def test_a_touch_opens_also_where_it_raises() -> None:
    assert fold(touch) == Outcome(TOUCH, raises={ANY: TOUCH})
    assert ends(close, touch) == {REOPENED}


def test_a_touch_of_another_alias_may_only_raise() -> None:
    assert fold(touch, alias="replica") == Outcome(SAME, raises={ANY: SAME})


@pytest.mark.parametrize(
    ("closed", "alias", "relation"),
    [("default", "default", CLOSE), ("*", "replica", CLOSE), ("default", "replica", SAME), ("replica", "?", CLOSE)],
)
def test_what_a_close_covers(closed: str, alias: str, relation: int) -> None:
    assert fold(flow.Close(AT, closed, "close"), alias=alias) == Outcome(relation)


def test_may_raise_leaves_the_state() -> None:
    assert fold(may_raise) == Outcome(SAME, raises={ANY: SAME})
    assert raised(touch, close, may_raise) == {OPEN, SHUT}


def test_assume_shut_stops_where_it_is_open() -> None:
    assert ends(touch, flow.AssumeShut(AT)) == set()
    assert ends(flow.AssumeShut(AT)) == {FRESH}


def test_nothing_follows_a_jump_or_a_raise() -> None:
    assert fold(leave, touch) == Outcome(jumps={"return": SAME})
    assert fold(raise_value, touch) == Outcome(raises={VALUE: SAME})


def test_a_branch_joins_its_arms() -> None:
    assert ends(touch, flow.Branch(AT, (close, NOTHING))) == {SHUT, OPEN}
    assert ends(flow.Branch(AT, (touch, raise_value))) == {OPEN}
    assert ends(flow.Branch(AT, ())) == set()


def test_a_yield_point_alone_does_nothing() -> None:
    assert fold(flow.YieldPoint(AT)) == Outcome(SAME)
    assert Folder("default").fold(flow.YieldPoint(AT), Outcome(TOUCH)) == Outcome(TOUCH)


# Loops.


def test_a_loop_may_not_run() -> None:
    assert ends(touch, loop(close)) == {OPEN, SHUT}
    assert ends(touch, loop(close, once=True)) == {SHUT}


def test_a_loops_head_runs_even_without_a_round() -> None:
    assert ends(loop(NOTHING, head=touch)) == {OPEN}
    assert ends(loop(close, head=touch)) == {OPEN, REOPENED}


def test_break_skips_the_else() -> None:
    assert ends(touch, loop(stop, orelse=close, once=True)) == {OPEN}
    assert ends(touch, loop(flow.Branch(AT, (stop, NOTHING)), orelse=close)) == {OPEN, SHUT}


def test_continue_skips_the_rest_of_the_round() -> None:
    round_ = Seq((touch, flow.Branch(AT, (on, NOTHING)), close))
    assert ends(loop(round_, once=True)) == {OPEN, SHUT, REOPENED}


def test_an_endless_loop_ends_by_break_alone_and_rests_between_rounds() -> None:
    endless = fold(loop(touch, endless=True))
    assert endless.end == NEVER
    assert exits(endless.jumps[RESTS]) >= {OPEN}
    assert ends(loop(Seq((touch, flow.Branch(AT, (stop, NOTHING)))), endless=True)) == {OPEN}
    tidy = fold(loop(Seq((attempt(touch, catch(NOTHING)), close)), endless=True))
    assert exits(tidy.jumps[RESTS]) <= {FRESH, SHUT}


def test_return_and_raise_leave_a_loop_from_any_round() -> None:
    outcome = fold(loop(Seq((flow.Branch(AT, (leave, raise_value, NOTHING)), touch))))
    assert exits(outcome.jumps["return"]) == {FRESH, OPEN}
    assert exits(outcome.raises[VALUE]) == {FRESH, OPEN}


# Exceptions.


@pytest.mark.parametrize(
    ("names", "kind", "sure"),
    [
        (None, ANY, 2),
        (None, EXIT, 2),
        (("BaseException",), VALUE, 2),
        (("ValueError",), VALUE, 2),
        (("KeyError", "ValueError"), VALUE, 2),
        (("Exception",), ANY, 2),
        (("ValueError",), ANY, 1),
        (("KeyError",), VALUE, 0),
        (("Exception",), EXIT, 0),
        (("?",), VALUE, 1),
        (("KeyError",), ("Ours", "?"), 1),
    ],
)
def test_what_a_handler_catches(names: tuple[str, ...] | None, kind: Kind, sure: int) -> None:
    assert catches(names, kind) == sure


def test_a_sure_handler_leaves_nothing_to_the_next_one() -> None:
    tried = attempt(raise_value, catch(close, "ValueError"), catch(touch, "Exception"))
    assert (ends(tried), raised(tried)) == ({SHUT}, set())


def test_a_handler_for_another_class_lets_it_pass() -> None:
    tried = attempt(raise_exit, catch(close, "Exception"))
    assert (ends(tried), raised(tried)) == (set(), {FRESH})


def test_a_handler_that_may_catch_does_both() -> None:
    tried = attempt(touch, catch(close, "ValueError"))
    assert (ends(tried), raised(tried)) == ({OPEN, SHUT}, {OPEN})


def test_else_runs_without_an_exception_only_and_is_not_guarded() -> None:
    tried = attempt(raise_value, catch(NOTHING), orelse=touch)
    assert ends(tried) == {FRESH}
    tried = attempt(NOTHING, catch(close), orelse=touch)
    assert (ends(tried), raised(tried)) == ({OPEN}, {OPEN})


def test_finally_runs_on_every_way_out() -> None:
    ways = flow.Branch(AT, (NOTHING, leave, stop, on, raise_value))
    outcome = fold(attempt(Seq((touch, ways)), final=close))
    assert exits(outcome.end) == {SHUT}
    assert {kind: set(exits(relation)) for kind, relation in outcome.jumps.items()} == {
        "return": {SHUT},
        "break": {SHUT},
        "continue": {SHUT},
    }
    assert {kind: exits(relation) for kind, relation in outcome.raises.items()} == {ANY: {SHUT}, VALUE: {SHUT}}


def test_finallys_own_exits_replace_what_was_under_way() -> None:
    assert fold(attempt(raise_value, final=leave)) == Outcome(jumps={"return": SAME})
    assert fold(attempt(leave, final=raise_exit)) == Outcome(raises={EXIT: SAME})
    assert raised(attempt(touch, final=Seq((may_raise, close)))) == {OPEN, SHUT}


def test_finally_does_not_run_while_a_loop_in_it_rests() -> None:
    outcome = fold(attempt(loop(touch, endless=True), final=close))
    assert OPEN in exits(outcome.jumps[RESTS])


def test_a_loop_in_a_handler_of_a_group_rests_and_waits_there() -> None:
    """The handler has part of the group: what is left of it cannot leave while the loop goes on."""
    rounds = loop(Seq((touch, flow.Wait(AT, "sleep"))), endless=True)
    for names in (("ValueError",), ("Exception",)):
        caught = flow.Try(AT, raise_value, (catch(rounds, *names),), NOTHING, NOTHING, is_star=True)
        outcome = fold(caught)
        assert outcome.jumps.keys() == {RESTS, STUCK}
        assert exits(outcome.jumps[RESTS]) >= {OPEN}
        assert exits(outcome.jumps[STUCK]) == {OPEN}


# Context managers.


def test_a_manager_leaves_on_every_way_out() -> None:
    ways = flow.Branch(AT, (NOTHING, leave, raise_value))
    outcome = fold(within(Seq((touch, ways)), close))
    assert exits(outcome.end) == {SHUT}
    assert exits(outcome.jumps["return"]) == {SHUT}
    assert {kind: exits(relation) for kind, relation in outcome.raises.items()} == {ANY: {SHUT}, VALUE: {SHUT}}


def test_a_manager_may_leave_otherwise_on_an_exception() -> None:
    manager = within(touch, close, NOTHING)
    assert (ends(manager), raised(manager)) == ({SHUT}, {OPEN})


def test_what_a_manager_swallows() -> None:
    assert (ends(within(raise_value, NOTHING, swallows=None)), raised(within(raise_value, NOTHING, swallows=None))) == (
        {FRESH},
        set(),
    )
    assert raised(within(raise_exit, NOTHING, swallows=("Exception",))) == {FRESH}
    assert ends(within(raise_value, NOTHING, may=True)) == {FRESH}
    assert raised(within(raise_value, NOTHING, may=True)) == {FRESH}


def test_what_leaving_raises_passes() -> None:
    assert raised(within(touch, Seq((may_raise, close)))) == {OPEN, SHUT}
    assert raised(within(Seq((touch, leave)), raise_value)) == {OPEN}


def test_a_manager_does_not_leave_while_a_loop_in_it_rests() -> None:
    assert OPEN in exits(fold(within(loop(touch, endless=True), close)).jumps[RESTS])


def test_a_generator_manager_runs_its_body_at_its_yield() -> None:
    careful = call(attempt(flow.YieldPoint(AT), final=close))
    careless = call(flow.YieldPoint(AT), close)
    body = Seq((touch, flow.Branch(AT, (NOTHING, leave, stop))))
    safe, leaky = (fold(flow.WithGenerator(AT, manager, body)) for manager in (careful, careless))
    for outcome in (safe, leaky):
        assert exits(outcome.end) == exits(outcome.jumps["return"]) == exits(outcome.jumps["break"]) == {SHUT}
    assert exits(safe.raises[ANY]) == {SHUT}
    assert exits(leaky.raises[ANY]) == {OPEN}


def test_a_generator_manager_may_swallow_and_may_return_early() -> None:
    swallowing = call(attempt(flow.YieldPoint(AT), catch(close, "Exception")))
    outcome = fold(flow.WithGenerator(AT, swallowing, touch))
    assert (exits(outcome.end), outcome.raises) == ({OPEN, SHUT}, {})
    returning = call(flow.YieldPoint(AT), leave)
    assert exits(fold(flow.WithGenerator(AT, returning, touch)).end) == {OPEN}
    raising = call(flow.YieldPoint(AT), raise_value)
    assert exits(fold(flow.WithGenerator(AT, raising, Seq((touch, leave)))).raises[VALUE]) == {OPEN}


def test_a_loop_in_a_generator_managers_body_rests_inside_it() -> None:
    careful = call(attempt(flow.YieldPoint(AT), final=close))
    outcome = fold(flow.WithGenerator(AT, careful, loop(touch, endless=True)))
    assert OPEN in exits(outcome.jumps[RESTS])


def test_a_loop_in_the_body_of_a_loop_over_a_generator_rests_before_its_close() -> None:
    pages = call(attempt(flow.YieldPoint(AT), final=close))
    outcome = fold(flow.ForGenerator(AT, pages, loop(touch, endless=True), NOTHING))
    assert OPEN in exits(outcome.jumps[RESTS])


# Calls.


def test_a_call_returns_raises_and_rests() -> None:
    outcome = fold(flow.Invoke(AT, call(touch, flow.Branch(AT, (leave, raise_value, NOTHING)))))
    assert exits(outcome.end) == {OPEN}
    assert outcome.jumps == {}
    assert exits(outcome.raises[VALUE]) == {OPEN}
    assert RESTS in fold(flow.Invoke(AT, call(loop(touch, endless=True)))).jumps


def test_an_effect_joins_what_it_raises() -> None:
    effect = Folder("default").effect(call(touch, raise_value))
    assert effect.returns == NEVER
    assert effect.raised == TOUCH
    assert Effect().raised == NEVER


def test_recursion_is_repeated_until_it_adds_nothing() -> None:
    again = call()
    again.tree = flow.Branch(AT, (close, Seq((flow.Invoke(AT, again), touch))))
    assert exits(Folder("default").effect(again).returns) == {SHUT, REOPENED}


def test_recursion_without_an_end_returns_never() -> None:
    ever = call()
    ever.tree = Seq((touch, flow.Invoke(AT, ever)))
    effect = Folder("default").effect(ever)
    assert effect.returns == NEVER
    assert exits(effect.raised) == {OPEN}


@pytest.mark.parametrize("first_one", [0, 1])
def test_mutual_recursion_has_one_answer_wherever_it_begins(first_one: int) -> None:
    even, odd = call(), call()
    even.tree = flow.Branch(AT, (NOTHING, Seq((touch, flow.Invoke(AT, odd)))))
    odd.tree = flow.Branch(AT, (NOTHING, Seq((close, flow.Invoke(AT, even)))))
    folder = Folder("default")
    for summary in (even, odd)[:: 1 if first_one else -1]:
        folder.effect(summary)
    assert exits(folder.effect(even).returns) == {FRESH, OPEN, SHUT, REOPENED}
    assert exits(folder.effect(odd).returns) == {FRESH, SHUT, REOPENED}


def test_an_effect_is_folded_once() -> None:
    folder = Folder("default")
    summary = call(touch)
    assert folder.effect(summary) is folder.effect(summary)


# Evidence.


def test_leaves_come_with_the_fewest_calls_first_and_each_function_once() -> None:
    deep = call(flow.Touch((9, 0, 9, 1), "default", "deep"))
    near = Seq((flow.Invoke(AT, deep), flow.Invoke(AT, deep), touch, close))
    found = list(leaves(near, "a.py"))
    assert [(one.leaf.what, len(one.calls)) for one in found] == [
        ("Order.count", 0),
        ("connection.close", 0),
        ("deep", 1),
    ]
    assert found[2].calls == (("f", "a.py", AT),)
    assert first(near, "a.py", lambda leaf: isinstance(leaf, flow.Close)) == found[1]
    assert first(near, "a.py", lambda leaf: leaf.what == "none") is None


def test_leaves_are_found_in_every_kind_of_node() -> None:
    def named(name: str) -> flow.Touch:
        return flow.Touch(AT, "default", name)

    tree = Seq(
        (
            flow.Branch(AT, (named("arm"), NOTHING)),
            flow.Loop(AT, named("head"), named("body"), named("loop else"), False, False),
            flow.Try(AT, named("try"), (catch(named("handler")),), named("try else"), named("finally")),
            flow.With(AT, named("enter"), named("with"), named("leave"), named("on exception")),
            flow.WithGenerator(AT, call(named("manager")), named("generator body")),
        )
    )
    assert [one.leaf.what for one in leaves(tree, "a.py")] == [
        "arm",
        "head",
        "body",
        "loop else",
        "try",
        "handler",
        "try else",
        "finally",
        "enter",
        "with",
        "leave",
        "on exception",
        "generator body",
        "manager",
    ]


def test_connections_are_the_touched_aliases_leaking_ones_first() -> None:
    replica = flow.Touch(AT, "replica", "replica")
    found = connections(Seq((attempt(touch, final=close), replica)), "a.py")
    assert [(one.alias, one.leaks) for one in found] == [("replica", True), ("default", False)]
    leak, whole = found
    assert leak.close is None
    assert leak.other_close is not None
    assert leak.other_close.leaf == close
    assert (leak.plain, leak.raised) == ({OPEN}, {OPEN})
    assert whole.close is not None
    assert (whole.plain, whole.raised) == (frozenset(), frozenset())
    assert connections(close, "a.py") == ()
