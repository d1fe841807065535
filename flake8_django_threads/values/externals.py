"""What lies outside the project: paths whose meaning is in the models' rows, and the built-in functions."""

from __future__ import annotations

import builtins
import re
from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Row
from flake8_django_threads.project.beyond import SURE
from flake8_django_threads.values import (
    around,
    attributes,
    box_methods,
    builtin_calls,
    calls,
    container_calls,
    context_calls,
    context_managers,
    dispatch,
    django_calls,
    exceptions,
    expressions,
    flow,
    iteration,
    keepers,
    operations,
    owned,
    registered,
    servers,
    spawning,
    surroundings,
    touches,
    transactions,
    uses,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    DISPATCH,
    NONE,
    NOTHING,
    Arguments,
    Bound,
    Box,
    BoxMethod,
    ClassValue,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Mapped,
    ModuleValue,
    Partial,
    Pending,
    Unknown,
    Vals,
    Value,
    Wrapped,
    join,
    one,
    string,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

MODEL = "django.db.models.Model"
MANAGER = "django.db.models.Manager"
QUERYSET = "django.db.models.QuerySet"
LAZY = "django.utils.functional.LazyObject"
CONNECTION = "django.db.connection"
CONNECTIONS = "django.db.connections"
# What iterating connections gives: no connection, but the name of one.
ALIAS_NAME = "[alias]"
# A connection's wrapper, or the proxy of the default one.
WRAPPERS = (CONNECTION, CONNECTIONS + "[]")
# Every alias, or every connection, of the settings: there is at least one.
ALIASES = (CONNECTIONS, CONNECTIONS + ".databases", CONNECTIONS + ".all()", "django.conf.settings.DATABASES")
# A class of a library's ``models`` module: with no row for it, its name is all there is to go by.
_MODEL_PATH = re.compile(r"(?:^|\.)models(?:\.[a-z_]\w*)*\.[A-Z]\w*$")
_DEFAULT_MANAGERS = ("objects", "_default_manager", "_base_manager")
# Outside any block, and while the program runs.
FALSE_HERE = ("typing.TYPE_CHECKING",)
_IN_ATOMIC = ("django.db.connection.in_atomic_block", "django.db.connections[].in_atomic_block")
# What these wrap runs in a thread that has no event loop.
OFF_LOOP = ("asgiref.sync.sync_to_async", "channels.db.database_sync_to_async")
_CLOSERS = ("close", "cleanup", "clean_up")
_DATABASE = ("conn", "db", "database")


def is_model(run: Interpreter, value: Value | None) -> bool:
    """Whether a class is a Django model: by the rows, or, under a base that nobody knows, by what its body declares."""
    if value is None:
        return False
    if run.classes.is_a(value, MODEL):
        return True
    if isinstance(value, Ext):
        return not value.path.startswith("django.db.") and _MODEL_PATH.search(value.path) is not None
    return isinstance(value, ClassValue) and run.model_classes.declares_fields(value)


def is_query(run: Interpreter, value: Ext | Instance) -> bool:
    """Whether a value is a queryset or manager."""
    klass: Value = value.klass if isinstance(value, Instance) else Ext(value.path.removesuffix("()"))
    return run.classes.is_a(klass, QUERYSET) or run.classes.is_a(klass, MANAGER)


def row_of(of: Value | None, alias: str = "") -> Value:
    """An instance of the model ``of``, read from database ``alias``."""
    if isinstance(of, ClassValue):
        return Instance(of, None, None, alias)
    return Ext((of.path if isinstance(of, Ext) else MODEL) + "()", None, alias)


def type_path(run: Interpreter, value: Value) -> str | None:
    """The path under which rows speak of an object: of an Ext its own, of a project class its first library base's."""
    if isinstance(value, Ext):
        return value.path
    if isinstance(value, Instance):
        for base in _outside(run, value.klass):
            return base + "()"
    return None


def _outside(run: Interpreter, klass: ClassValue) -> list[str]:
    return [c.path for c in run.classes.mro(klass) if isinstance(c, Ext) and c.path not in ("object", "?")]


# Attributes.


def attribute(run: Interpreter, value: Ext, name: str, at: r.At, frame: Frame) -> Vals:
    """``value.name``."""
    if value.path == CONNECTIONS + ALIAS_NAME:
        run.on_library(f"{value.path}.{name}", value, Arguments(), at, frame.code)
    held = run.store.get((value, name)) if value.path.endswith("()") else None
    if held is not None:
        return held
    path = run.models.canonical(f"{value.path}.{name}")
    if path in FALSE_HERE:
        return one(Const(False, "bool"))
    if path in _IN_ATOMIC:
        alias = flow.DEFAULT if value.path == CONNECTION else value.alias
        return one(Const(transactions.is_inside(run, alias), "bool"))
    owner = Ext(value.path.removesuffix("()"))
    if value.path.endswith("()"):
        if name == "objects" and is_model(run, owner):
            return one(Ext(MANAGER + "()", owner))
        if is_model(run, owner):
            if name.endswith("_set"):
                return one(Ext("django.db.models.fields.related.RelatedManager()"))
            if not run.classes.is_a(owner, MODEL):
                path = f"{MODEL}().{name}"
    elif name in _DEFAULT_MANAGERS and is_model(run, value):
        return one(Ext(MANAGER + "()", value))
    row = run.models.find("touch", path, "attribute")
    if row is not None:
        if touches.applies(run, row, value, Arguments()):
            touches.touch(run, row, value, Arguments(), at)
        return result(run, row, value, Arguments(), path, at, None)
    if value.path.endswith(("()", "[]")) or value.of is not None:
        return one(Bound(Ext(path), value))
    return one(Ext(path))


def inherited_attribute(run: Interpreter, value: Instance, name: str, at: r.At, frame: Frame) -> Vals:
    """An attribute that no project class of the instance defines: its library bases', by the rows."""
    bases = _outside(run, value.klass)
    inner = attributes.held_box(run, value) if bases else None
    if inner is not None:
        return one(inner if name == "data" else BoxMethod(inner, name))
    for base in bases:
        path = run.models.canonical(f"{base}().{name}")
        row = run.models.find("touch", path, "attribute")
        if row is not None:
            if touches.applies(run, row, value, Arguments()):
                touches.touch(run, row, value, Arguments(), at)
            return result(run, row, value, Arguments(), path, at, None)
        if any(
            run.models.find(table, path) for table in ("touch", "lazy", "close", "spawn", "wrapper", "quiet", "wait")
        ):
            return one(Bound(Ext(path), value))
    if is_model(run, value.klass):
        path = f"{MODEL}().{name}"
        if run.models.find("touch", path) is not None:
            return one(Bound(Ext(path), value))
        related = run.model_classes.related(value.klass, name)
        if related is not None:
            return _read_reverse(run, value, name, *related, at)
        if name.endswith("_set"):
            return one(Ext("django.db.models.fields.related.RelatedManager()"))
        if name == "objects":
            return one(Ext(MANAGER + "()", value.klass))
    for base in bases:
        if hasattr(getattr(builtins, base, None), name):
            return one(Bound(Ext(f"{base}().{name}"), value))
    if (made := _set_up(run, value, at, frame)) is not None:
        return attributes.attribute(run, made, name, at, frame)
    got = attributes.lookup(run, value.klass, "__getattr__")
    if got is not None and not name.startswith("__"):
        given = attributes.dunder(run, value, "__getattr__", (one(Const(name, "str")),), at, frame)
        return given or unknown("attribute through __getattr__")
    if "?" in (c.path for c in run.classes.mro(value.klass) if isinstance(c, Ext)):
        return unknown("attribute of an unknown base class")
    if bases:
        return one(Bound(Ext(f"{bases[0]}().{name}"), value))
    return unknown("attribute that its class does not define")


def _set_up(run: Interpreter, value: Instance, at: r.At, frame: Frame) -> Vals | None:
    """What a lazy object stands for, as its ``_setup`` makes it; None where that is not told.

    Whoever reads it first sets it up, for the whole process: what that opens is not to be laid to this reader.
    """
    setup = attributes.lookup(run, value.klass, "_setup") if run.classes.is_a(value.klass, LAZY) else None
    if setup is None:
        return None
    if run.store.get((value, "_wrapped")) is None:
        with run.writing():
            run.call(attributes.of(run, value, "_setup", at, frame), Arguments(), at, frame)
    return run.store.get((value, "_wrapped"))


def class_attribute(run: Interpreter, value: ClassValue, name: str, at: r.At) -> Vals:
    """An attribute that no project class in the MRO defines, read on the class."""
    if is_model(run, value):
        if name in _DEFAULT_MANAGERS:
            return one(default_manager(run, value))
        if name in ("DoesNotExist", "MultipleObjectsReturned"):
            return one(Ext("django.core.exceptions.ObjectDoesNotExist"))
    bases = _outside(run, value)
    for base in bases:
        path = run.models.canonical(f"{base}.{name}")
        if any(
            run.models.find(table, path) for table in ("touch", "lazy", "close", "spawn", "wrapper", "quiet", "wait")
        ):
            return one(Bound(Ext(path), value))
        # An inherited method called through the class: its receiver is the first argument.
        path = run.models.canonical(f"{base}().{name}")
        if any(run.models.find(table, path) for table in ("touch", "lazy", "spawn", "wrapper")):
            return one(Ext(path))
    if bases:
        return one(Bound(Ext(f"{bases[0]}.{name}"), value))
    return unknown("attribute that its class does not define")


def default_manager(run: Interpreter, model: ClassValue) -> Value:
    """The manager that ``_default_manager`` is: the class's own first one, or Django's."""
    return Ext(MANAGER + "()", model)


def on_model(run: Interpreter, value: Value, klass: ClassValue) -> Value:
    """A manager found on a model class, told which model it works on."""
    if isinstance(value, (Ext, Instance)) and value.of is None and is_model(run, klass):
        if not is_query(run, value):
            # A library's manager without a row is still a manager where a model calls it so.
            managing = isinstance(value, Ext) and value.path.endswith(("Manager()", "QuerySet()"))
            return Ext(MANAGER + "()", klass) if managing else value
        if isinstance(value, Instance):
            return Instance(value.klass, value.site, klass, value.alias)
        return Ext(value.path, klass, value.alias)
    return value


def read_field(run: Interpreter, field: Ext, receiver: Instance, name: str, at: r.At) -> Vals:
    """A class attribute read on an instance: of a model's relation, the related row or manager."""
    row = run.models.find("descriptor", field.path.removesuffix("()"))
    if row is None or not field.path.endswith("()"):
        return one(on_model(run, field, receiver.klass))
    if row.returns != "row":
        return one(Ext(row.returns or MANAGER + "()", field.of, receiver.alias))
    if receiver.site is not None and not any(
        run.store.get((receiver, key)) for key in (f"{name}_id", ANY_KEY, "pk", "id")
    ):
        # Made here, and never told which row it points to: there is none to read.
        run.may_raise(at)
        return NONE
    surroundings.touch(run, flow.Touch(at, receiver.alias or flow.DEFAULT, f"{receiver.klass.fact.name}.{name}"))
    return one(row_of(field.of, receiver.alias))


def _read_reverse(run: Interpreter, receiver: Instance, name: str, field: Ext, owner: ClassValue, at: r.At) -> Vals:
    """The accessor that a relation of the model ``owner`` gives to the model that it points to."""
    row = run.models.find("descriptor", field.path.removesuffix("()"))
    if row is None or row.reverse != "row":
        return one(Ext((row.reverse if row is not None else None) or MANAGER + "()", owner, receiver.alias))
    surroundings.touch(run, flow.Touch(at, receiver.alias or flow.DEFAULT, f"{receiver.klass.fact.name}.{name}"))
    return one(row_of(owner, receiver.alias))


def wrapped_attribute(run: Interpreter, value: Wrapped, name: str, at: r.At) -> Vals:
    """An attribute of a decorated function: what the decorator's library adds, or the function's own."""
    path = run.models.canonical(f"{value.wrapper}().{name}")
    if any(run.models.find(table, path) for table in ("touch", "lazy", "spawn", "wrapper", "quiet")):
        return one(Bound(Ext(path), value))
    return one(Bound(Ext(path), value))


def element(run: Interpreter, value: Ext | Instance, keys: Vals, at: r.At, frame: Frame | None = None) -> Vals:
    """``value[key]``."""
    if isinstance(value, Ext) and value.path == CONNECTIONS:
        return one(owned.made(run, Ext(CONNECTIONS + "[]", None, alias_of(keys)), "", at, frame))
    if isinstance(value, Ext) and value.path == "sys.modules" and frame is not None and (name := string(keys)):
        if name == run.resolver.dotted_name(frame.module.path):
            return one(ModuleValue(frame.module.path, ()))
        place = run.resolver.module(name, 0, frame.module.path)
        return one(run.model_classes.module_at(place) if place is not None else Ext(name))
    slices = [k for k in keys if isinstance(k, Const) and k.kind == "slice"]
    if is_query(run, value) and slices and all(str(k.value).count(":") == 1 for k in slices):
        return one(value)
    got = event(run, value, "index", at)
    if got is not None:
        return got
    if isinstance(value, Ext):
        return one(Ext(value.path + "[]", value.of, value.alias))
    return unknown("item of an object")


def alias_of(keys: Vals) -> str:
    if len(keys) == 1:
        (key,) = keys
        if isinstance(key, Const) and isinstance(key.value, str):
            return key.value
        if isinstance(key, Ext):
            path = key.path
            if path == CONNECTIONS + ALIAS_NAME:
                return flow.ALL
            if path == "django.db.DEFAULT_DB_ALIAS" or path == "django.db.utils.DEFAULT_DB_ALIAS":
                return flow.DEFAULT
    return "?"


def iterated(run: Interpreter, value: Ext | Instance, at: r.At) -> Vals:
    """The elements of an object of a library's class."""
    if isinstance(value, Ext):
        if value.path == CONNECTIONS + ".all()":
            return one(Ext(CONNECTIONS + "[]", None, flow.ALL))
        if value.path in ALIASES:
            return one(Ext(CONNECTIONS + ALIAS_NAME))
    got = event(run, value, "iter", at)
    if got is not None:
        return got
    run.may_raise(at)
    return one(Ext(value.path + "[]", value.of)) if isinstance(value, Ext) else unknown("element of an object")


def event(run: Interpreter, value: Value, name: str, at: r.At) -> Vals | None:
    """Let ``name`` ("iter", "bool", ...) happen to an object: touches where a row says so; None where none does."""
    if not isinstance(value, (Ext, Instance)):
        return None
    paths = [value.path] if isinstance(value, Ext) else [base + "()" for base in _outside(run, value.klass)]
    if isinstance(value, Instance) and is_query(run, value):
        paths.append(QUERYSET + "()")  # What a custom manager's lazy methods give is written as the manager itself.
    for path in paths:
        row = run.models.find("touch", path, name)
        if row is not None:
            touches.touch(run, row, value, Arguments(), at)
            if row.returns == "row":
                return one(row_of(value.of, value.alias))
            return unknown("value read from the database")
    return None


# Calls.


def call(run: Interpreter, function: Ext, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call something of a library; ``receiver`` is the object whose method it is."""
    path = run.models.canonical(function.path)
    if receiver is None and path.rpartition(".")[2][:1].isupper():
        path = _stand_in(run, path)
    run.on_library(path, receiver, arguments, at, frame)
    found = spawning.spawn(run, path, receiver, arguments, at, frame)
    if found is not None:
        return found
    if path in ("<identity>", "<receiver>"):
        given = arguments.get(0, None) or unknown("decorator without a function")
        if path == "<receiver>":
            django_calls.connect_decorated(run, function, given)
        elif function.of is not None:
            attributes.set_attribute(run, given, "__wrapped__", one(function.of))
        return given
    decorator = spawning.decorator_row(run, function)
    if decorator is not None and arguments.args:
        return spawning.decorate(run, decorator, arguments.args[0], at, frame)
    if path in expressions.NEVER_RETURNS:
        run.emit(expressions.NEVER_RETURNS[path](at))
        return unknown("result of a call that never returns")
    if run.models.find("wait", path) is not None:
        run.emit(flow.Wait(at, path.replace("()", "")))
    handler = builtin_calls.HANDLERS.get(path)
    if handler is not None:
        owner = function if receiver is None and path.endswith("()") else receiver
        return handler(run, owner, arguments, at, frame)
    row = run.models.find("close", path)
    if row is not None:
        return _close(run, row, receiver, arguments, path, at)
    awaited = run.models.find("touch", path, "await")
    if awaited is not None:
        return touches.coroutine(run, awaited, receiver, arguments, path)
    if path.endswith("().__init__") and isinstance(receiver, Instance):
        touches.remember_query(run, receiver, arguments)
    wrapper = run.models.find("wrapper", path) or run.models.chained(path)
    touching = run.models.find("touch", path)
    if touching is not None and not touches.applies(run, touching, receiver, arguments):
        run.may_raise(at)
        return one(Ext(path + "()"))
    if touching is not None:
        touches.touch(run, touching, receiver, arguments, at, path)
    if wrapper is not None:
        return _wrap(run, wrapper, function, receiver, arguments, path, at, frame)
    if run.minds_blocks and run.blocks and path.startswith("django.db.") and path.endswith(".get_autocommit"):
        return one(Const(False, "bool"))
    if touching is not None:
        return result(run, touching, receiver, arguments, path, at, frame)
    lazy = run.models.find("lazy", path)
    if lazy is not None:
        return result(run, lazy, receiver, arguments, path, at, frame)
    for given in (*arguments.args, *arguments.keywords.values()):
        mapped = frozenset(v for v in given if isinstance(v, Mapped))
        if mapped:  # What takes a map's result nearly always goes through it.
            iteration.elements(run, mapped, at, frame)
    if path.endswith("Server"):
        servers.made(run, function, arguments, at, frame)
    if _may_close(path):
        run.emit(flow.Close(at, flow.ALL, path, sure=False))
    beyond = _beyond(run, path, arguments)
    if beyond:
        return beyond
    if not (run.models.find("quiet", path) or is_model(run, function) or _is_quiet(path)):
        run.may_raise(at)
    if run.models.find("descriptor", path) is not None:
        return one(Ext(path + "()", _target_model(run, arguments, frame)))
    of = receiver.of if isinstance(receiver, (Ext, Instance)) and path.startswith("django.") else None
    made = keepers.made(run, Ext(path + "()", of), at, frame)
    return one(exceptions.carry(run, made, arguments, at, frame) if isinstance(made, Ext) else made)


def _beyond(run: Interpreter, path: str, arguments: Arguments) -> Vals:
    """What an installed package's own text says of calling a function of its; empty where it says nothing."""
    made_by = path.removesuffix("()")
    if "()" in made_by:
        return NOTHING
    given = arguments.args[0] if len(arguments.args) == 1 and not arguments.keywords else NOTHING
    functions = frozenset(v for v in given if isinstance(v, (Func, Wrapped)))
    if functions and functions == given:
        is_decorator = run.beyond.passes(path) if made_by == path else run.beyond.makes_decorator(made_by)
        if is_decorator:
            return frozenset(Wrapped(v, made_by) for v in functions)
    made = run.beyond.returned(path) if made_by == path else ""
    return one(Ext(_stand_in(run, run.models.canonical(made)) + "()")) if made else NOTHING


def _stand_in(run: Interpreter, path: str) -> str:
    """The class that rows speak of where an installed package's class only carries it on; else the class itself."""
    if "()" in path or _is_explained(run, path):
        return path
    spelt = (run.models.canonical(name) for name in run.beyond.stands_for(path))
    return next((name for name in spelt if _is_explained(run, name)), path)


def _is_explained(run: Interpreter, path: str) -> bool:
    return any(run.models.find(table, path) for table in ("spawn", "type", "wrapper", "touch", "lazy", "quiet"))


def _is_quiet(path: str) -> bool:
    """Methods of text, and look-ups in a deployment's settings: taken not to raise."""
    return path.startswith("str().") or (path.endswith(".get") and operations.from_settings(one(Ext(path))))


def _may_close(path: str) -> bool:
    last = path.rpartition(".")[2].lower()
    return any(word in last for word in _CLOSERS) and any(word in last for word in _DATABASE)


def _target_model(run: Interpreter, arguments: Arguments, frame: Frame) -> Value | None:
    for value in arguments.get(0, "to") or NOTHING:
        if isinstance(value, ClassValue) or (isinstance(value, Ext) and is_model(run, value)):
            return value
        if isinstance(value, Const) and isinstance(value.value, str) and frame.klass is not None:
            return run.model_classes.find_model(frame.klass, value.value)
    return None


def _close(run: Interpreter, row: Row, receiver: Value | None, arguments: Arguments, path: str, at: r.At) -> Vals:
    if path == CONNECTIONS + ".close_all" and (arguments.args or arguments.keywords):
        run.emit(flow.Raise(at, ("TypeError", "Exception", "BaseException")))
        return NONE
    if surroundings.in_loop(run):
        # Django refuses a plain close there; the others look among connections that a coroutine cannot have.
        if path.endswith(".close"):
            surroundings.refuse(run, at)
        return NONE
    alias = {"all": flow.ALL, "default": flow.DEFAULT}.get(row.closes or "")
    if alias is None:
        alias = receiver.alias if isinstance(receiver, (Ext, Instance)) and receiver.alias else flow.DEFAULT
    sure = alias != "?"
    run.emit(flow.Close(at, alias if sure else flow.ALL, path, sure, "" if row.when == "always" else row.when))
    return NONE


def _callables(row: Row, arguments: Arguments) -> Vals:
    slot = row.callable
    if slot is None:
        return arguments.get(0, None) or NOTHING
    return arguments.get(slot.position, slot.keyword) or NOTHING


def _wrap(
    run: Interpreter,
    row: Row,
    function: Ext,
    receiver: Value | None,
    arguments: Arguments,
    path: str,
    at: r.At,
    frame: Frame,
) -> Vals:
    given = _callables(row, arguments)
    match row.does:
        case "identity":
            if row.calls > 1:
                if path == "functools.lru_cache" and any(isinstance(v, (Func, Wrapped)) for v in given):
                    return given
                inner = next(iter(given)) if path == "functools.wraps" and len(given) == 1 else None
                return one(Ext("<identity>", inner))
            return given or one(Ext("<identity>"))
        case "partial":
            rest, keywords = spawning.passed_on(run, row, arguments, at, frame)
            return frozenset(Partial(v, tuple(rest.args), tuple(sorted(keywords.items()))) for v in given) or unknown(
                "partial of nothing"
            )
        case "call" | "same-thread":
            if not given or (path.endswith(".on_commit") and surroundings.put_off(run, given)):
                if not given:
                    run.may_raise(at)
                return one(Ext(path + "()"))
            return spawning.call_through(run, row, given, arguments, path, at, frame)
        case "within" | "close":
            callables = frozenset(v for v in given if isinstance(v, (Func, Bound, Wrapped, Partial)))
            if callables:
                return frozenset(Wrapped(v, path) for v in callables)
            alias = receiver.alias if isinstance(receiver, (Ext, Instance)) else ""
            return one(Ext(path + "()", None, alias or _using(row, arguments)))
        case "around":
            return frozenset(Wrapped(v, path) for v in given if not isinstance(v, Const)) or one(Ext("<identity>"))
        case "register":
            rest, keywords = spawning.passed_on(run, row, arguments, at, frame)
            bound = tuple(rest.args), tuple(sorted(keywords.items()))
            registered.register(run, path, frozenset(Partial(v, *bound) if any(bound) else v for v in given))
            return given or one(Ext(path + "()"))
        case "keep":
            keepers.keep(run, receiver, join((given, *arguments.keywords.values())))
            run.may_raise(at)
            return one(Ext(path + "()"))
        case "kept":
            for value in registered.everything(keepers.kept(run, row, receiver)):
                run.alternatives(at, [partial(_run_job, run, value, at, frame), lambda: True])
            run.may_raise(at)
            return NONE
        case "registered":
            for value in registered.everything(registered.jobs(run, path, frame)):
                run.alternatives(at, [partial(_run_job, run, value, at, frame), lambda: True])
            run.may_raise(at)
            return NONE
        case "returns":
            return result(run, row, receiver, arguments, path, at, frame)
        case "await":
            return frozenset(Wrapped(v, path) for v in given if not isinstance(v, Const)) or one(Ext("<identity>"))
        case "use":
            if not (run.models.find("quiet", path) or _is_quiet(path)):
                run.may_raise(at)
            return uses.use(run, row, arguments, path, at, frame)
    meaning = builtin_calls.MEANINGS.get(row.does or "")
    if meaning is not None:
        return meaning(run, receiver, arguments, at, frame)
    return one(Ext(path + "()"))


def _run_job(run: Interpreter, value: Value, at: r.At, frame: Frame) -> bool:
    run.call(one(value), Arguments(), at, frame)
    return True


def _using(row: Row, arguments: Arguments) -> str:
    given = arguments.keywords.get("using") or (arguments.args[0] if arguments.args else NOTHING)
    return alias_of(given) if given and given != NONE else ""


def call_wrapped(run: Interpreter, value: Wrapped, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call a function behind a library's decorator."""
    if value.wrapper.removesuffix("()") not in OFF_LOOP:
        return _call_wrapped(run, value, arguments, at, frame)
    run.off_loop += 1
    try:
        with surroundings.loop(run, False):
            return _call_wrapped(run, value, arguments, at, frame)
    finally:
        run.off_loop -= 1


def _call_wrapped(run: Interpreter, value: Wrapped, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    inner = one(value.function)
    row = run.models.find("wrapper", value.wrapper.removesuffix("()"))
    if row is not None and row.does == "around":
        if value.manager is None:
            return around.decorate(value.function, arguments.get(0, None) or NOTHING, value.wrapper)
        return around.call(run, value, arguments, at, frame)
    if value.manager is not None:
        return context_managers.decorate(run, value.manager, inner, arguments, at, frame)
    if value.wrapper == "contextlib.contextmanager":
        made = run.call(inner, arguments, at, frame)
        return frozenset(Pending("manager", v.function, v.arguments) if isinstance(v, Pending) else v for v in made)
    path = value.wrapper
    if path == DISPATCH:
        return run.call(dispatch.choose(run, value, arguments), arguments, at, frame)
    if path == "?" or path.startswith("?"):
        result = run.call(inner, arguments, at, frame)
        run.emit(flow.Close(at, flow.ALL, "an unknown decorator", sure=False))
        run.note_unknown("unknown decorator")
        return result
    manager = Ext(path if path.endswith("()") else path + "()")
    if row is not None and row.does in ("within", "close"):
        return context_managers.decorate(run, manager, inner, arguments, at, frame)
    if row is not None and row.does == "await":
        result = run.call(inner, arguments, at, frame)
        return join(calls.wait_for(run, v, at, frame) for v in attributes.ordered(result))
    closes = run.beyond.closes(path.removesuffix("()"))
    if closes:
        with run.writing() as items:
            result = run.call(inner, arguments, at, frame)
        close = flow.Close(at, flow.ALL, path, closes == SURE)
        run.emit(flow.With(at, flow.NOTHING, flow.sequence(items), close, close))
        return result
    if _may_close(path.removesuffix("()")):
        result = run.call(inner, arguments, at, frame)
        run.emit(flow.Close(at, flow.ALL, path, sure=False))
        return result
    return run.call(inner, arguments, at, frame)


def call_instance(run: Interpreter, value: Instance, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call an object of a project class without ``__call__``: a context manager that is a decorator, or not known."""
    if run.classes.is_a(value.klass, "contextlib.ContextDecorator"):
        given = frozenset(v for v in arguments.get(0, None) or NOTHING if not isinstance(v, Const))
        if given:
            return frozenset(Wrapped(v, "contextlib.ContextDecorator", value) for v in given)
    run.may_raise(at)
    return unknown("call of an object")


def result(
    run: Interpreter, row: Row, receiver: Value | None, arguments: Arguments, path: str, at: r.At, frame: Frame | None
) -> Vals:
    of: Value | None = receiver.of if isinstance(receiver, (Ext, Instance)) else None
    alias = receiver.alias if isinstance(receiver, (Ext, Instance)) else ""
    if of is None:
        for value in arguments.args[0] if arguments.args else join(arguments.keywords.values()):
            if isinstance(value, ClassValue) and is_model(run, value):
                of = value
            elif isinstance(value, (Ext, Instance)) and value.of is not None:
                of = value.of
    if of is None and isinstance(receiver, ClassValue):
        of = receiver
    if row.alias is not None:
        given = arguments.get(row.alias.position, row.alias.keyword)
        if given is not None and given != NONE:
            alias = alias_of(given)
    if path.endswith(".from_queryset"):
        found = frozenset(v for v in arguments.get(0, None) or NOTHING if isinstance(v, ClassValue))
        return found or one(Ext(MANAGER))
    if path.endswith(".as_manager") and isinstance(receiver, ClassValue):
        return one(Instance(receiver, None))
    match row.returns:
        case None:
            return one(Ext(path + "()", None))
        case "self":
            if isinstance(receiver, Instance):
                return one(Instance(receiver.klass, receiver.site, receiver.of, alias))
            if isinstance(receiver, Ext):
                return one(owned.made(run, Ext(receiver.path, receiver.of, alias), path, at, frame))
            return one(Ext(path + "()"))
        case "row":
            return one(row_of(of, alias))
        case "rows":
            box = Box("tuple", ("rows", of, path))
            run.store.set((box, ANY_KEY), one(row_of(of, alias)))
            return one(box)
    if row.returns.startswith(QUERYSET) and isinstance(receiver, Instance) and is_query(run, receiver):
        # A custom queryset or manager stays itself: its methods go on being there.
        return one(Instance(receiver.klass, receiver.site, receiver.of, alias))
    made = owned.made(run, Ext(run.models.canonical(row.returns), of, alias), path, at, frame)
    return one(keepers.made(run, made, at, frame))


def construct(run: Interpreter, instance: Instance, arguments: Arguments, at: r.At, frame: Frame) -> None:
    """Make an object of a project class that has no ``__init__`` of its own."""
    bases = _outside(run, instance.klass)
    for base in bases:
        row = run.models.find("touch", base)
        if row is not None:
            touches.touch(run, row, None, arguments, at, f"{instance.klass.fact.name}")
            return
    fields = run.classes.dataclass_fields(instance.klass)
    if fields:
        given_late: dict[str, Vals] = {}
        for index, (name, default) in enumerate(fields):
            given = arguments.get(index, name)
            if given is None and default is not None:
                given = join(
                    run.call(one(v.of), Arguments(), at, frame)
                    if isinstance(v, Ext) and v.path == "dataclasses.field()" and v.of is not None
                    else one(v)
                    for v in default
                )
            if given is not None:
                given_late[name] = given
                held = run.names.class_own(instance.klass, name) or NOTHING
                vaguer = all(run.annotations.vague(v) for v in given) and not all(
                    run.annotations.vague(v) for v in held
                )
                run.store.set((instance, name), held if vaguer and held else given)
        late = tuple(given_late.get(name, NOTHING) for name in run.classes.init_only(instance.klass))
        attributes.dunder(run, instance, "__post_init__", late, at, frame)
        return
    if is_model(run, instance.klass):
        for name, vals in arguments.keywords.items():
            run.store.set((instance, name), vals)
        if arguments.args or arguments.more or arguments.more_keywords:
            run.store.set((instance, ANY_KEY), unknown("fields of a model"))
        return
    touches.remember_query(run, instance, arguments)
    inner = attributes.held_box(run, instance)
    if inner is not None:
        container_calls.fill(run, inner, arguments, at, frame)
        return
    if bases:
        spawning.keep_target(run, instance, arguments, frame, at)
        if run.models.find("quiet", run.models.canonical(bases[0])) is None:
            run.may_raise(at)


def constructed(run: Interpreter, instance: Instance, arguments: Arguments, at: r.At, frame: Frame) -> None:
    """An object of a project class has been made: a thread has been handed its work, a server its handlers."""
    spawning.subclass_spawn(run, instance, arguments, at, frame)
    servers.made(run, instance.klass, arguments, at, frame)


def entered(value: Value) -> Value:
    """What ``with value as x`` binds for a library's manager: itself, in the cases that matter."""
    if isinstance(value, Ext):
        if value.path.endswith(".temporary_connection()"):
            return Ext(value.path.rpartition(".")[0] + ".cursor()", None, value.alias)
        if value.path == "contextlib.closing()" and value.of is not None:
            return value.of
        return value
    return value if isinstance(value, Instance) else Unknown("context manager")


def leave(run: Interpreter, manager: Value, at: r.At, frame: Frame) -> None:
    """What leaving a library's manager does to the connection."""
    if isinstance(manager, Unknown):
        run.may_raise(at)
        return
    if not isinstance(manager, Ext):
        return
    path = manager.path.removesuffix("()")
    if path == "contextlib.closing" and manager.of is not None:
        method = attributes.of(run, manager.of, "close", at, frame)
        run.call(method, Arguments(), at, frame)
        return
    if path == "contextlib.ExitStack":
        context_calls.unwind(run, manager, at, frame)
        return
    row = run.models.find("wrapper", path)
    if row is not None and row.does == "close":
        alias = manager.alias or (flow.DEFAULT if path.startswith(CONNECTION) else flow.ALL)
        if path.startswith("django.db."):
            run.emit(flow.Close(at, alias if alias != "?" else flow.ALL, path, alias != "?"))
        else:
            run.emit(flow.Close(at, flow.ALL, path, True, "" if row.when == "always" else row.when))
    elif (closes := run.beyond.closes(path)) or _may_close(path):
        run.emit(flow.Close(at, flow.ALL, path, sure=closes == SURE))


def call_box_method(run: Interpreter, value: BoxMethod, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """A method of a list, tuple, set or dict."""
    return box_methods.call(run, value.box, value.name, arguments, at, frame)
