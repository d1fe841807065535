"""Handing callables on: to another thread (a spawn), or to a library that calls them here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.models.load import Row
from flake8_django_threads.models.schema import Maker, Slot
from flake8_django_threads.values import attributes, boxes, calls, externals, iteration, keepers, touches
from flake8_django_threads.values.domain import (
    NOTHING,
    Arguments,
    Bound,
    Box,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Partial,
    Pending,
    Unknown,
    Vals,
    Value,
    Wrapped,
    join,
    one,
    unknown,
)
from flake8_django_threads.values.transactions import Start, outside

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

THREAD = "threading.Thread"
_TARGET, _TARGET_BEHIND_SELF = Slot(1, "target"), Slot(2, "target")
_DECORATOR = "<spawning decorator>"


def spawn(
    run: Interpreter, path: str, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame
) -> Vals | None:
    """If calling ``path`` hands a callable to another thread, report it and give the call's result; else None."""
    if isinstance(receiver, Instance) and path == f"{THREAD}().__init__":
        keep_target(run, receiver, arguments, frame, at, _target_at(_TARGET, arguments))
        return one(Const(None, "NoneType"))
    if path == f"{THREAD}.__init__" and arguments.args:
        # ``Thread.__init__(self, ...)``
        rest = Arguments(arguments.args[1:], arguments.keywords, arguments.more, arguments.more_keywords)
        for thread in attributes.ordered(arguments.args[0]):
            if isinstance(thread, Instance):
                keep_target(run, thread, rest, frame, at, _target_at(_TARGET_BEHIND_SELF, arguments))
        return one(Const(None, "NoneType"))
    if isinstance(receiver, Instance) and path == f"{THREAD}().run":
        return _run_target(run, receiver, at, frame)
    if isinstance(receiver, (Instance, Ext)) and path.endswith("().start") and _is_thread(run, path):
        run.starts.append(Start(receiver, frame.module.path, at, run.blocks))
        if isinstance(receiver, Instance):
            run.on_start(receiver)
        else:
            _start_what_was_put(run, receiver, at, frame)
    row = run.models.find("spawn", path)
    if row is None or not _required(row, arguments) or _in_processes(arguments):
        return None
    if not keepers.has_base(run, row, receiver, arguments):
        return None
    closing = run.models.find("wrapper", path)
    # A subclass of a library's makes its own objects, though the row is that of its base.
    makes_itself = row.returns is None or row.returns == f"{row.path}()"
    result = path + "()" if makes_itself else run.models.canonical(row.returns or "")
    found = None
    for slot, given, target in _handed_over(run, row, receiver, arguments):
        if closing is not None and closing.does == "close":
            given = frozenset(v if isinstance(v, (Const, Unknown)) else Wrapped(v, path) for v in given)
        if row.entries and slot is not None:
            # An object is handed over, and the library calls these methods of it.
            methods = join(
                attributes.of(run, v, name, at, frame)
                for v in attributes.ordered(given)
                if isinstance(v, Instance)
                for name in row.entries
                if attributes.lookup(run, v.klass, name) is not None
            )
            functions = frozenset(v for v in given if isinstance(v, (Func, Bound, Partial, Wrapped)))
            given = join((methods, functions)) or unknown("handler object that is not known")
        if row.maker is not None and not _is_made(run, row.maker, frame):
            given = frozenset(v for v in given if isinstance(v, Unknown)) or unknown("server that may close by itself")
        job = Ext(result, None, "", run.site(frame, at))
        report(run, row._replace(callable=slot), given, arguments, at, frame, job, target)
        found = off_loop(given, path) if row.decorator else one(job)
    return found or one(Ext(_DECORATOR + path if row.decorator else result))


def _handed_over(
    run: Interpreter, row: Row, receiver: Value | None, arguments: Arguments
) -> Iterator[tuple[Slot | None, Vals, r.At | None]]:
    """What a call hands to another thread: where the row says that it stands, what it is, and where it is written.

    Each element of a list is handed over by itself. What the receiver was given to keep stands nowhere in the call.
    """
    if row.callable is None:
        if not row.decorator and (kept := keepers.kept(run, row, receiver)):
            yield None, kept, None
        return
    for slot in (row.callable, *row.also):
        given = arguments.get(slot.position, slot.keyword)
        if given is None:
            continue
        listed = frozenset(v for v in given if isinstance(v, Box))
        for value in attributes.ordered(join(boxes.values(run, box) for box in listed)):
            yield slot, one(value), None
        if rest := given - listed:
            yield slot, rest, _target_at(slot, arguments)


def _is_made(run: Interpreter, maker: Maker, frame: Frame) -> bool:
    """Whether a file on the way to a spawn makes what the row asks for, and never with the keyword ruled out."""
    last = maker.path.rpartition(".")[2]
    frames = [run.outermost, *(active.frame for active in run.active), frame]
    modules = {around.module for around in frames if around is not None}
    made = [call for module in modules for call, _ in module.calls if last_name(call.func) == last]
    return bool(made) and all(keyword.name not in (None, maker.without) for c in made for keyword in c.keywords)


def off_loop(given: Vals, path: str) -> Vals:
    """What a wrapper like ``sync_to_async`` gives: the callables, which then run in a thread without an event loop."""
    return frozenset(
        Wrapped(v, path) if isinstance(v, (Func, Bound, Partial, Ext)) and path in externals.OFF_LOOP else v
        for v in given
    )


def decorator_row(run: Interpreter, value: Value, is_bare: bool = False) -> Row | None:
    """The row of the spawner that ``value`` is, called with its options alone; None if it is anything else.

    A bare decorator is the spawner itself, which needs no option and takes the function.
    """
    if is_bare:
        row = run.models.find("spawn", run.models.canonical(value.path)) if isinstance(value, Ext) else None
        return row if row is not None and row.decorator and row.callable is not None and row.requires is None else None
    if isinstance(value, Ext) and value.path.startswith(_DECORATOR):
        return run.models.find("spawn", value.path.removeprefix(_DECORATOR))
    return None


def decorate(run: Interpreter, row: Row, given: Vals, at: r.At, frame: Frame) -> Vals:
    """Apply a spawner with options to a function; at module level, where this happens once, the inventory asks."""
    if frame.function is not None:
        report_call(run, row, given, Arguments(), at, frame, None)
    return off_loop(given, row.path)


def _required(row: Row, arguments: Arguments) -> bool:
    if row.requires is None:
        return True
    given = arguments.keywords.get(row.requires.keyword, NOTHING)
    return any(isinstance(v, Const) and v.value == row.requires.value for v in given)


def _in_processes(arguments: Arguments) -> bool:
    """Whether a pool of processes is to run it: ``run_in_executor`` then starts no thread."""
    given = (*arguments.args[:1], *arguments.keywords.values())
    return any(isinstance(v, Ext) and v.path == "concurrent.futures.ProcessPoolExecutor()" for v in join(given))


def closes_itself(run: Interpreter, klass: Value) -> bool:
    """Whether a library's base class closes the connection after the code that its threads run."""
    rows = (run.models.find("wrapper", base.path) for base in run.classes.mro(klass) if isinstance(base, Ext))
    return any(row is not None and row.does == "close" for row in rows)


def report(
    run: Interpreter,
    row: Row,
    given: Vals,
    arguments: Arguments,
    at: r.At,
    frame: Frame,
    job: Value,
    target: r.At | None,
) -> None:
    """Tell the listener of a spawn, with what the entry will be called with."""
    passed, keywords = passed_on(run, row, arguments, at, frame)
    passed.keywords.update(keywords)
    thread = job if _is_thread(run, row.path + "().start") else None
    report_call(run, row, given, passed, at, frame, target, job, thread)


def _start_what_was_put(run: Interpreter, thread: Ext, at: r.At, frame: Frame) -> None:
    """Report the start of a plain thread whose ``run``, or target, was put there after it was made."""
    row = run.models.find("spawn", THREAD)
    for name in ("run", "_target"):
        given = run.store.get((thread, name))
        if row is not None and given:
            report_call(run, row, given, Arguments(), at, frame, None, thread, thread)


def _is_thread(run: Interpreter, start: str) -> bool:
    """Whether a path is the method that starts a thread."""
    return run.models.is_a(start.removesuffix("().start"), THREAD)


def _target_at(slot: Slot | None, arguments: Arguments) -> r.At | None:
    node = arguments.node
    if node is None or slot is None:
        return None
    for keyword in node.keywords:
        if keyword.name is not None and keyword.name == slot.keyword:
            return keyword.value.at
    if slot.position is not None and slot.position < len(node.args):
        expr = node.args[slot.position]
        return None if isinstance(expr, r.Starred) else expr.at
    return None


def passed_on(
    run: Interpreter, row: Row, arguments: Arguments, at: r.At, frame: Frame
) -> tuple[Arguments, dict[str, Vals]]:
    """The arguments that the callable will get, as the row says where they stand."""
    passed = Arguments()
    keywords: dict[str, Vals] = {}
    position = row.callable.position if row.callable is not None else 0
    if row.args == "rest":
        start = (position if position is not None else -1) + 1
        passed.args = list(arguments.args[start:])
        passed.more = arguments.more
    elif row.args == "map":
        start = (position if position is not None else -1) + 1
        passed.args = [iteration.elements(run, vals, at, frame) for vals in arguments.args[start:]]
        extra = arguments.keywords.get("iterable")
        if extra is not None and not passed.args:
            passed.args = [iteration.elements(run, extra, at, frame)]
    elif isinstance(row.args, Slot):
        given = arguments.get(row.args.position, row.args.keyword)
        if given is not None:
            calls.spread(run, passed, given, at, frame)
    elif row.decorator and run.applied is not None and run.applied.func.at == at:
        # The spawner gives a function that is called at once, with what the code will be called with.
        with run.writing():
            passed = calls.evaluate_arguments(run, frame, run.applied)
        keywords = dict(passed.keywords)
    if row.kwargs == "rest":
        own = {row.callable.keyword} if row.callable is not None else set()
        keywords = {k: v for k, v in arguments.keywords.items() if k not in own}
        passed.more_keywords = arguments.more_keywords
    elif isinstance(row.kwargs, Slot):
        given = arguments.get(row.kwargs.position, row.kwargs.keyword)
        if given is not None:
            spread = Arguments()
            calls.spread_keywords(run, spread, given)
            keywords = spread.keywords
            passed.more_keywords = spread.more_keywords
    return passed, keywords


def call_through(
    run: Interpreter, row: Row, given: Vals, arguments: Arguments, path: str, at: r.At, frame: Frame
) -> Vals:
    """Call, in this thread, what a library is given to call; coroutines run."""
    found = NOTHING
    pending = frozenset(v for v in given if isinstance(v, Pending) or touches.awaits(run, v))
    for value in attributes.ordered(pending):
        ran = calls.run_pending(run, value, at, frame)[0] if isinstance(value, Pending) else NOTHING
        found = join((found, ran or calls.wait_for(run, value, at, frame)))
    rest = frozenset(v for v in given - pending if not isinstance(v, Const))
    if row.does == "same-thread" and path.endswith("sync_to_async"):
        return off_loop(given, path)
    if rest and (row.args is not None or not pending):
        passed, keywords = passed_on(run, row, arguments, at, frame)
        passed.keywords.update(keywords)
        callables = frozenset(v for v in rest if not (isinstance(v, Ext) and v.path.endswith("()")))
        if callables:
            with outside(run) if path.endswith(".on_commit") else nullcontext():
                found = join((found, run.call(callables, passed, at, frame)))
    return found or one(Ext(path + "()"))


# Subclasses of Thread.


def keep_target(
    run: Interpreter, instance: Instance, arguments: Arguments, frame: Frame, at: r.At, place: r.At | None = None
) -> None:
    """``Thread.__init__`` on an object of a project class: keep what its ``run`` will call.

    ``place`` is where the class itself names it.
    """
    if not run.classes.is_a(instance.klass, THREAD):
        return
    for name, position in (("target", 1), ("args", 3), ("kwargs", 4)):
        given = arguments.get(position, name)
        if given is not None:
            run.store.set((instance, f"_{name}"), given)
    if place is not None:
        run.kept_targets[instance] = frame.module.path, place
    if run.models.is_a(_thread_base(run, instance), "threading.Timer"):
        given = arguments.get(1, "function")
        if given is not None:
            run.store.set((instance, "_target"), given)


def _thread_base(run: Interpreter, instance: Instance) -> str:
    return next((c.path for c in run.classes.mro(instance.klass) if isinstance(c, Ext)), "")


def _run_target(run: Interpreter, instance: Instance, at: r.At, frame: Frame) -> Vals:
    target = run.store.get((instance, "_target"))
    if target is None:
        return unknown("target of a thread")
    passed = Arguments()
    given = run.store.get((instance, "_args"))
    if given is not None:
        calls.spread(run, passed, given, at, frame)
    given = run.store.get((instance, "_kwargs"))
    if given is not None:
        calls.spread_keywords(run, passed, given)
    return run.call(target, passed, at, frame)


def subclass_spawn(run: Interpreter, instance: Instance, arguments: Arguments, at: r.At, frame: Frame) -> None:
    """Report the making of a thread object of a project class: its own ``run``, or its target."""
    if not run.classes.is_a(instance.klass, THREAD) or closes_itself(run, instance.klass):
        return
    row = run.models.find("spawn", THREAD)
    if row is None:
        return
    own = attributes.lookup(run, instance.klass, "run")
    if own is not None:
        entries = frozenset(Bound(v, instance) for v in own[1] if isinstance(v, Func))
        report_call(run, row, entries, Arguments(), at, frame, None, instance, instance)
        return
    target = run.store.get((instance, "_target"))
    if target is None:
        return
    passed = Arguments()
    given = run.store.get((instance, "_args"))
    if given is not None:
        calls.spread(run, passed, given, at, frame)
    kept = run.kept_targets.get(instance)
    place = _target_at(row.callable, arguments) if kept is None else None
    report_call(run, row, target, passed, at, frame, place, None, instance, kept)


def report_call(
    run: Interpreter,
    row: Row,
    entries: Vals,
    passed: Arguments,
    at: r.At,
    frame: Frame,
    target: r.At | None,
    job: Value | None = None,
    thread: Value | None = None,
    kept: tuple[str, r.At] | None = None,
) -> None:
    """Tell the listener of a spawn whose entry and arguments are known already."""
    from flake8_django_threads.values.interpreter import SpawnEvent

    stack = [(a.frame, a.call_at) for a in run.active]
    if run.outermost is not None and stack:
        stack.insert(0, (run.outermost, stack[0][1]))
    inner = [(f, stack[i + 1][1]) for i, (f, _) in enumerate(stack[:-1])]
    where = stack[-1][0] if stack else frame
    run.on_spawn(SpawnEvent(row, entries, passed, (*inner, (where, at)), target, job, run.blocks, thread, kept))
