"""What lies outside the project: paths whose meaning is in the models' rows, and the built-in functions."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Row
from flake8_django_threads.project.beyond import SURE
from flake8_django_threads.values import (
    attributes,
    box_methods,
    callbacks,
    container_calls,
    context_calls,
    django_calls,
    exceptions,
    expressions,
    flow,
    installed,
    iteration,
    keepers,
    model_attributes,
    owned,
    servers,
    spawning,
    surroundings,
    touches,
    transactions,
    wrappers,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
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
    Instance,
    Mapped,
    ModuleValue,
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
CACHES = "django.core.cache.caches"
# What iterating connections gives: no connection, but the name of one.
ALIAS_NAME = "[alias]"
# A connection's wrapper, or the proxy of the default one.
WRAPPERS = (CONNECTION, CONNECTIONS + "[]")
# Every alias, or every connection, of the settings: there is at least one.
ALIASES = (CONNECTIONS, CONNECTIONS + ".databases", CONNECTIONS + ".all()", "django.conf.settings.DATABASES")
DEFAULT_MANAGERS = ("objects", "_default_manager", "_base_manager")
# Outside any block, and while the program runs.
FALSE_HERE = ("typing.TYPE_CHECKING",)
_IN_ATOMIC = ("django.db.connection.in_atomic_block", "django.db.connections[].in_atomic_block")
# What these wrap runs in a thread that has no event loop.
OFF_LOOP = ("asgiref.sync.sync_to_async", "channels.db.database_sync_to_async")


def type_path(run: Interpreter, value: Value) -> str | None:
    """The path under which rows speak of an object: of an Ext its own, of a project class its first library base's."""
    if isinstance(value, Ext):
        return value.path
    if isinstance(value, Instance):
        for base in outside(run, value.klass):
            return base + "()"
    return None


def outside(run: Interpreter, klass: ClassValue) -> list[str]:
    return [c.path for c in run.classes.mro(klass) if isinstance(c, Ext) and c.path not in ("object", "?")]


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
        if name == "objects" and model_attributes.is_model(run, owner):
            return one(Ext(MANAGER + "()", owner))
        if model_attributes.is_model(run, owner):
            if name.endswith("_set"):
                return one(Ext("django.db.models.fields.related.RelatedManager()"))
            if not run.classes.is_a(owner, MODEL):
                path = f"{MODEL}().{name}"
    elif name in DEFAULT_MANAGERS and model_attributes.is_model(run, value):
        return one(Ext(MANAGER + "()", value))
    row = run.models.find("touch", path, "attribute")
    if row is not None:
        if touches.applies(run, row, value, Arguments(), frame):
            touches.touch(run, row, value, Arguments(), at)
        return result(run, row, value, Arguments(), path, at, None)
    if path.endswith("()"):
        return one(Ext(path))  # another spelling of an object that rows speak of
    if value.path.endswith(("()", "[]")) or value.of is not None:
        return one(Bound(Ext(path), value))
    return one(Ext(path))


def inherited_attribute(run: Interpreter, value: Instance, name: str, at: r.At, frame: Frame) -> Vals:
    """An attribute that no project class of the instance defines: its library bases', by the rows."""
    bases = outside(run, value.klass)
    inner = attributes.held_box(run, value) if bases else None
    if inner is not None:
        return one(inner if name == "data" else BoxMethod(inner, name))
    for base in bases:
        path = run.models.canonical(f"{base}().{name}")
        if path.endswith("()"):
            return one(Ext(path))  # another spelling of an object that rows speak of
        row = run.models.find("touch", path, "attribute")
        if row is not None:
            if touches.applies(run, row, value, Arguments(), frame):
                touches.touch(run, row, value, Arguments(), at)
            return result(run, row, value, Arguments(), path, at, None)
        if any(
            run.models.find(table, path) for table in ("touch", "lazy", "close", "spawn", "wrapper", "quiet", "wait")
        ):
            return one(Bound(Ext(path), value))
    if model_attributes.is_model(run, value.klass):
        path = f"{MODEL}().{name}"
        if run.models.find("touch", path) is not None:
            return one(Bound(Ext(path), value))
        related = run.model_classes.related(value.klass, name)
        if related is not None:
            return model_attributes.read_reverse(run, value, name, *related, at)
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


def element(run: Interpreter, value: Ext | Instance, keys: Vals, at: r.At, frame: Frame | None = None) -> Vals:
    """``value[key]``."""
    if isinstance(value, Ext) and value.path == CONNECTIONS:
        return one(owned.made(run, Ext(CONNECTIONS + "[]", None, alias_of(keys)), "", at, frame))
    if isinstance(value, Ext) and value.path == CACHES:
        return one(Ext(CACHES + "[]", None, alias_of(keys)))
    if isinstance(value, Ext) and value.path == "sys.modules" and frame is not None and (name := string(keys)):
        if name == run.resolver.dotted_name(frame.module.path):
            return one(ModuleValue(frame.module.path, ()))
        place = run.resolver.module(name, 0, frame.module.path)
        return one(run.model_classes.module_at(place) if place is not None else Ext(name))
    slices = [k for k in keys if isinstance(k, Const) and k.kind == "slice"]
    if model_attributes.is_query(run, value) and slices and all(str(k.value).count(":") == 1 for k in slices):
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
    paths = [value.path] if isinstance(value, Ext) else [base + "()" for base in outside(run, value.klass)]
    if isinstance(value, Instance) and model_attributes.is_query(run, value):
        paths.append(QUERYSET + "()")  # What a custom manager's lazy methods give is written as the manager itself.
    for path in paths:
        row = run.models.find("touch", path, name)
        if row is not None:
            touches.touch(run, row, value, Arguments(), at)
            if row.returns == "row":
                return one(model_attributes.row_of(value.of, value.alias))
            return unknown("value read from the database")
    return None


def call(run: Interpreter, function: Ext, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call something of a library; ``receiver`` is the object whose method it is."""
    path = run.models.canonical(function.path)
    if receiver is None and path.rpartition(".")[2][:1].isupper():
        path = installed.stand_in(run, path)
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
    decorated = wrappers.decorated(run, function, path, arguments)
    if decorated:
        return decorated
    if path in expressions.NEVER_RETURNS:
        run.emit(expressions.NEVER_RETURNS[path](at))
        return unknown("result of a call that never returns")
    if run.models.find("wait", path) is not None:
        run.emit(flow.Wait(at, path.replace("()", "")))
    handler = run.handlers.get(path)
    if handler is not None:
        owner = function if receiver is None and path.endswith("()") else receiver
        return handler(run, owner, arguments, at, frame)
    row = run.models.find("close", path)
    if row is not None:
        return _close(run, row, receiver, arguments, path, at)
    awaited = run.models.find("touch", path, "await")
    if awaited is not None:
        return touches.coroutine(run, awaited, receiver, arguments, path, frame)
    if path.endswith("().__init__") and isinstance(receiver, Instance):
        touches.remember_query(run, receiver, arguments)
    wrapper = run.models.find("wrapper", path) or run.models.chained(path)
    touching = run.models.find("touch", path)
    if touching is not None and not touches.applies(run, touching, receiver, arguments, frame):
        if wrapper is None:
            run.may_raise(at)
            return one(Ext(path + "()"))
        touching = None
    if touching is not None:
        touches.touch(run, touching, receiver, arguments, at, path)
    if wrapper is not None:
        return wrappers.wrap(run, wrapper, function, receiver, arguments, path, at, frame)
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
    if installed.may_close(path):
        run.emit(flow.Close(at, flow.ALL, path, sure=False))
    beyond = installed.beyond(run, path, arguments)
    if beyond:
        return beyond
    if not (run.models.find("quiet", path) or model_attributes.is_model(run, function) or installed.is_quiet(path)):
        run.may_raise(at)
        callbacks.look_into(run, arguments, at, frame)
    if run.models.find("descriptor", path) is not None:
        return one(Ext(path + "()", _target_model(run, arguments, frame)))
    of = receiver.of if isinstance(receiver, (Ext, Instance)) and path.startswith("django.") else None
    made = keepers.made(run, Ext(path + "()", of), at, frame)
    return one(exceptions.carry(run, made, arguments, at, frame) if isinstance(made, Ext) else made)


def _target_model(run: Interpreter, arguments: Arguments, frame: Frame) -> Value | None:
    for value in arguments.get(0, "to") or NOTHING:
        if isinstance(value, ClassValue) or (isinstance(value, Ext) and model_attributes.is_model(run, value)):
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
            if isinstance(value, ClassValue) and model_attributes.is_model(run, value):
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
            return one(model_attributes.row_of(of, alias))
        case "rows":
            box = Box("tuple", ("rows", of, path))
            run.store.set((box, ANY_KEY), one(model_attributes.row_of(of, alias)))
            return one(box)
    if row.returns.startswith(QUERYSET) and isinstance(receiver, Instance) and model_attributes.is_query(run, receiver):
        # A custom queryset or manager stays itself: its methods go on being there.
        return one(Instance(receiver.klass, receiver.site, receiver.of, alias))
    made = owned.made(run, Ext(run.models.canonical(row.returns), of, alias), path, at, frame)
    return one(keepers.made(run, made, at, frame))


def construct(run: Interpreter, instance: Instance, arguments: Arguments, at: r.At, frame: Frame) -> None:
    """Make an object of a project class that has no ``__init__`` of its own."""
    bases = outside(run, instance.klass)
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
    if model_attributes.is_model(run, instance.klass):
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
    elif (closes := run.beyond.closes(path)) or installed.may_close(path):
        run.emit(flow.Close(at, flow.ALL, path, sure=closes == SURE))


def call_box_method(run: Interpreter, value: BoxMethod, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """A method of a list, tuple, set or dict."""
    return box_methods.call(run, value.box, value.name, arguments, at, frame)
