"""Reads cases as JSON lines from stdin and runs each as it says, on the PostgreSQL server of the environment.

A case: ``folder``, the ``modules`` in it to import, and in ``calls`` what of each module starts threads: a function,
``Class.method``, or a class of threads. ``how`` it is run: "calls", one after the other; "in a thread", behind a query
to each of the ``aliases`` (see ``_in_thread``); "as tests", those that the modules hold (see ``testing``). ``modes``
may leave some out. The answer, one line: what each mode showed (see ``observe``), or the error.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import django
from django.conf import settings
from django.db import Error, connection, connections, transaction

WORLD = Path(__file__).parent / "world"
MODES = ("usual", "failing", "in a transaction")


def main() -> None:
    """Answer cases until stdin ends."""
    _set_up()
    for line in sys.stdin:
        case = json.loads(line)
        try:
            answer: dict[str, object] = {mode: _run(case, mode) for mode in case.get("modes", MODES)}
        except BaseException:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


def _set_up() -> None:
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["SHOP_DB_HOST"],
        "PORT": os.environ["SHOP_DB_PORT"],
        "NAME": "postgres",
        "USER": "postgres",
        # There may be more than one stage on a server.
        "OPTIONS": {"application_name": f"stage {os.getpid()}"},
    }
    sys.path.insert(0, str(WORLD))
    settings.configure(
        DATABASES={"default": database, "archive": dict(database)},
        # django_apscheduler's own threads are never started, and its tables never made.
        INSTALLED_APPS=["orders", "django_apscheduler"],
        ROOT_URLCONF="stage.urls",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        NAME="the stage",
    )
    django.setup()
    from orders.models import Order

    if Order._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Order)


def _run(case: Mapping[str, Any], mode: str) -> dict[str, object]:
    from stage.observe import Run

    order = sys.modules["orders.models"].Order
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orders_order RESTART IDENTITY")
    order.objects.bulk_create([order(name="first"), order(name="second")])

    run = Run(failing=mode == "failing")

    def code() -> None:
        if mode == "in a transaction":
            with transaction.atomic():
                order.objects.create(name="before the call")
                _drive(case)
                # Else a thread's query would see the rows or not, as it comes before the commit or after it.
                run.wait_in_transaction()
                order.objects.create(name="after the call")
        else:
            _drive(case)

    # Compiled files would be taken for the same file's of the run before.
    sys.dont_write_bytecode = True
    seen = run.of(code)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(case["folder"]) or name == "orders.cache":
            del sys.modules[name]
    return seen


def _drive(case: Mapping[str, Any]) -> None:
    folder = Path(case["folder"])
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        modules = {name: _load(folder, name) for name in case["modules"]}
    finally:
        sys.path.remove(str(folder))
    if case["how"] == "as tests":
        from stage.testing import run_tests

        run_tests(modules.values())
        return
    for name, calls in case["calls"].items():
        for call in calls:
            if case["how"] == "in a thread":
                _in_thread(partial(_call, modules[name], call), case["aliases"])
            else:
                _call(modules[name], call)


def _in_thread(call: Callable[[], None], aliases: Sequence[str]) -> None:
    """Call behind a query in a thread of its own; tell which connections are open then, and whether they can be used.

    What the thread can still reach is closed behind it.
    """
    from stage.observe import Boom

    order = sys.modules["orders.models"].Order

    def query() -> None:
        # In a failing run it is sent, and then raises.
        with suppress(Boom):
            for alias in aliases:
                order.objects.using(alias).count()

    def run() -> None:
        query()
        try:
            call()
        except Exception as error:
            print(f"raised: {type(error).__name__}: {error}")
        print("left open:", [own.alias for own in connections.all(initialized_only=True) if own.connection is not None])
        try:
            query()
        except Error as error:
            print(f"not usable: {type(error).__name__}")
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def _load(folder: Path, name: str) -> ModuleType:
    """Import a module; a lone file ``case`` becomes one of the package ``orders``, for its relative imports."""
    if name != "case":
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location("orders.case", folder / "case.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules["orders.case"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _call(module: ModuleType, name: str) -> None:
    head, _, attribute = name.partition(".")
    thing = getattr(module, head)
    if inspect.isclass(thing):
        made = thing(*_arguments(thing.__init__ if "__init__" in vars(thing) else object))
        thing = getattr(made, attribute) if attribute else made.start
    result = thing(*_arguments(thing))
    if inspect.iscoroutine(result):
        asyncio.run(result)


def _arguments(function: Any) -> list[object]:
    """A value for each parameter that has no default, by its name."""
    order = sys.modules["orders.models"].Order
    values: dict[str, object] = {
        "alias": "archive",
        "Order": order,
        "Thread": threading.Thread,
        "connections": [],
        "name": "given",
        "order": order(name="given"),
        "größe": order(name="given"),
        "request": SimpleNamespace(user="ann"),
    }
    if function is object:
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    wanted = [p.name for p in parameters if p.kind in kinds and p.default is p.empty and p.name != "self"]
    if missing := set(wanted) - values.keys():
        raise SystemExit(f"the stage has no value for {missing}")
    return [values[name] for name in wanted]


if __name__ == "__main__":
    main()
