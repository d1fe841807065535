"""What the rows say of a library's calls: this one opens a connection, that one does not, another shuts it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django_thread import Thread as ClosingThread

from flake8_django_threads.models.load import load
from libraries.shop import models

Call: TypeAlias = Callable[[], object]
MODELS = load()
pytestmark = pytest.mark.filterwarnings("ignore")


def _tree() -> models.Tree:
    tree = models.Tree(pk=2, parent_id=1, tree_id=1, lft=2, rght=5, level=1)
    tree._state.adding = False
    return tree


def _factory() -> object:
    import factory

    class UserFactory(factory.django.DjangoModelFactory):
        class Meta:
            model = User

        username = "u"

    return UserFactory.create()


def _bakery() -> object:
    from model_bakery import baker

    return baker.make(User)


def _guardian() -> object:
    from guardian.shortcuts import assign_perm

    return assign_perm("auth.change_user", User(pk=1))


def _waffle() -> object:
    import waffle

    return waffle.switch_is_active("dark")


def _serializer() -> object:
    from rest_framework.serializers import ModelSerializer

    class UserSerializer(ModelSerializer):
        class Meta:
            model = User
            fields = ("username",)

    serializer = UserSerializer(data={"username": "u"})
    return serializer.is_valid()


def _reversion() -> None:
    import reversion

    with reversion.create_revision():
        pass


def _token() -> object:
    from rest_framework.authtoken.models import Token

    return Token.objects.first()


def _email() -> object:
    from allauth.account.models import EmailAddress

    return EmailAddress.objects.first()


def _schedule() -> object:
    from django_celery_beat.models import PeriodicTask

    return PeriodicTask.objects.first()


def _q_task() -> object:
    from django_q.models import Task

    return Task.objects.first()


def _apscheduler() -> object:
    from django_apscheduler.models import DjangoJob

    return DjangoJob.objects.first()


OPENING: dict[str, tuple[str, Call]] = {
    "mptt.models.MPTTModel().get_root": ("touch", lambda: _tree().get_root()),
    "treebeard.models.Node().get_root": ("touch", lambda: models.Path(path="00010001", depth=2).get_root()),
    "wagtail.models.Page().get_parent": ("touch", lambda: models.Article(path="00010001", depth=2).get_parent()),
    "solo.models.SingletonModel.get_solo": ("touch", models.Configuration.get_solo),
    "waffle.switch_is_active": ("touch", _waffle),
    "guardian.shortcuts.assign_perm": ("touch", _guardian),
    "factory.django.DjangoModelFactory.create": ("touch", _factory),
    "model_bakery.baker.make": ("touch", _bakery),
    "rest_framework.serializers.ModelSerializer().is_valid": ("touch", _serializer),
    "reversion.create_revision()": ("touch", _reversion),
    "rest_framework.authtoken.models.Token": ("type", _token),
    "allauth.account.models.EmailAddress": ("type", _email),
    "django_celery_beat.models.PeriodicTask": ("type", _schedule),
    "django_q.models.Task": ("type", _q_task),
    "django_apscheduler.models.DjangoJob": ("type", _apscheduler),
    "polymorphic.models.PolymorphicModel": ("type", models.Shape.objects.first),
    "taggit.models.Tag": ("type", lambda: list(models.Shape(pk=1).tags.all())),
    "model_utils.models.TimeStampedModel": ("type", models.Stamped.objects.first),
    "simple_history.manager.HistoryManager": ("type", lambda: models.Stamped.history.first()),
    "ordered_model.models.OrderedModel": ("type", lambda: models.Ordered().save()),
    "parler.models.TranslatableModel": ("type", models.Translated.objects.first),
    "safedelete.models.SafeDeleteModel": ("type", models.Kept.objects.first),
}
LAZY: dict[str, Call] = {
    "mptt.models.MPTTModel().get_descendants": lambda: _tree().get_descendants(),
    "treebeard.models.Node().get_ancestors": lambda: models.Path(path="00010001", depth=2).get_ancestors(),
    "treebeard.models.Node().get_children": lambda: models.Path(path="00010001", depth=2, numchild=1).get_children(),
}


@pytest.fixture(autouse=True)
def _shut() -> None:
    connection.close()


def opens(call: Call) -> bool:
    with suppress(DatabaseError):
        call()
    return connection.connection is not None


@pytest.mark.parametrize("path", OPENING)
def test_it_opens_a_connection(path: str) -> None:
    table, call = OPENING[path]
    assert MODELS.find(table, path, "enter" if path.endswith("()") else "call") is not None
    assert opens(call)


@pytest.mark.parametrize("path", LAZY)
def test_it_opens_none(path: str) -> None:
    assert MODELS.find("lazy", path) is not None
    assert not opens(LAZY[path])


def left_open(run: Callable[[Call], object]) -> bool:
    """Whether the connection that a function run by ``run`` opened is still open afterwards."""
    seen = []

    def query() -> None:
        connection.ensure_connection()
        seen.append(connection.connection)

    run(query)
    try:
        seen[0].execute("SELECT 1")
    except Exception as closed:
        assert "closed database" in str(closed) or "thread" in str(closed)
        return "closed" not in str(closed)
    return True


def test_channels_closes_after_the_function() -> None:
    import asyncio

    from channels.db import database_sync_to_async

    assert MODELS.find("wrapper", "channels.db.database_sync_to_async") is not None
    assert not left_open(lambda query: asyncio.run(database_sync_to_async(query)()))


def test_apschedulers_helper_closes_after_the_job() -> None:
    from django_apscheduler.util import close_old_connections

    assert MODELS.find("wrapper", "django_apscheduler.util.close_old_connections") is not None
    assert not left_open(lambda query: close_old_connections(query)())


def test_django_thread_closes_when_it_ends() -> None:
    def run(query: Call) -> None:
        thread = ClosingThread(target=query)
        thread.start()
        thread.join()

    assert MODELS.find("wrapper", "django_thread.Thread") is not None
    assert not left_open(run)


@pytest.mark.parametrize("method", ["submit", "map"])
def test_django_threads_pool_closes_after_each_job(method: str) -> None:
    from django_thread import ThreadPoolExecutor

    def run(query: Call) -> None:
        with ThreadPoolExecutor(1) as pool:
            given = (query,) if method == "submit" else (lambda _: query(), [1])
            getattr(pool, method)(*given)

    assert MODELS.find("wrapper", f"django_thread.ThreadPoolExecutor().{method}") is not None
    assert not left_open(run)


def test_geventpools_helper_closes_after_the_function() -> None:
    from django_db_geventpool.utils import close_connection

    assert MODELS.find("wrapper", "django_db_geventpool.utils.close_connection") is not None
    assert not left_open(lambda query: close_connection(query)())


def test_geventpools_backend_gives_a_connection_back_whatever_its_age() -> None:
    """Why the settings of such a project keep no connection: see ``project/settings.py``."""
    from django_db_geventpool.backends.postgresql_psycopg3.base import DatabaseWrapper

    returned: list[object] = []
    wrapper: Any = DatabaseWrapper({**connection.settings_dict, "CONN_MAX_AGE": 60}, "pooled")
    info = SimpleNamespace(transaction_status=object())
    wrapper.connection = taken = SimpleNamespace(closed=False, info=info)
    wrapper._pool = SimpleNamespace(put=returned.append)
    wrapper.close_at = time.monotonic() + 60
    wrapper.close_if_unusable_or_obsolete()
    assert returned == [taken]
    assert wrapper.connection is None


def test_the_measure_sees_what_is_left_open() -> None:
    assert left_open(lambda query: query())
