"""Each row about a call of a library that has models: the real one opens a connection, or opens none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from datetime import datetime
from typing import Any, NamedTuple

import allauth.account.utils
import cms.api
import django_celery_beat.models
import django_q.tasks
import guardian.core
import guardian.shortcuts
import pytest
import rest_framework.authentication
import rest_framework.generics
import rest_framework.pagination
import rest_framework.permissions
import rest_framework.viewsets
import reversion
import reversion.models
import simple_history.utils
import tablib
import waffle
import waffle.models
import wagtail.models
from allauth.account.models import EmailAddress
from cms.models import Page as CMSPage
from cms.models import Placeholder
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django.core.cache import cache
from django.db import connection
from django.test import RequestFactory
from import_export.resources import modelresource_factory
from model_utils.managers import InheritanceManager
from rest_framework.request import Request
from wagtail.images.models import Image

from flake8_django_threads.models.load import load
from libraries.shop import models

reversion.register(User)
pytestmark = pytest.mark.filterwarnings("ignore")
MODELS = load()
Arguments = tuple[Any, ...] | None


def read(model: type[Any], **fields: Any) -> Any:
    """An object as if it had been read from the database."""
    found = model(pk=1, **fields)
    found._state.adding = False
    return found


def user() -> Any:
    return read(User, username="u", is_active=True)


def tree() -> Any:
    return read(models.Tree, parent_id=1, tree_id=1, lft=2, rght=5, level=1)


def path() -> Any:
    return read(models.Path, path="00010001", depth=2, numchild=1)


def article() -> Any:
    fields = {"title": "t", "slug": "s", "url_path": "/s/", "locale_id": 1, "content_type_id": 1}
    return read(models.Article, path="00010001", depth=2, numchild=1, **fields)


def revision() -> Any:
    types = {"content_type_id": 1, "base_content_type_id": 1}
    return read(wagtail.models.Revision, object_id="1", content={}, **types)


def shape() -> Any:
    return read(models.Shape, polymorphic_ctype_id=1)


def request(method: str = "get") -> Any:
    asked = getattr(RequestFactory(), method)("/")
    asked.user = user()
    return asked


def api_request(method: str = "get") -> Any:
    asked = Request(request(method))
    asked.user = user()
    return asked


def view() -> Any:
    from rest_framework.serializers import ModelSerializer

    class UserSerializer(ModelSerializer):
        class Meta:
            model = User
            fields = ("first_name",)

    class Users(rest_framework.viewsets.ModelViewSet):
        queryset = User.objects.all()
        serializer_class = UserSerializer

    return Users(request=api_request(), kwargs={"pk": 1}, format_kwarg=None, action="list")


def pagination(name: str) -> Any:
    made = getattr(rest_framework.pagination, name)()
    made.page_size = made.default_limit = 10
    return made


def resource() -> Any:
    return modelresource_factory(User)()


def inheriting() -> Any:
    manager: Any = InheritanceManager()
    manager.model = User
    return manager


def version() -> Any:
    fields = '{"username": "u", "password": "p", "date_joined": "2020-01-01T00:00:00Z"}'
    text = f'[{{"model": "auth.user", "pk": 1, "fields": {fields}}}]'
    return read(
        reversion.models.Version, object_id="1", content_type_id=1, db="default", format="json", serialized_data=text
    )


class Owner(NamedTuple):
    """What a path without its last name stands for, and what each method is called with; None: it is only read."""

    make: Callable[[], Any]
    calls: Mapping[str, Arguments]


ENDS = ("first_child", "last_child", "first_sibling", "last_sibling", "next_sibling", "prev_sibling")
ROWS_OF_A_TREE: dict[str, Arguments] = {
    **{f"get_{end}": () for end in ENDS},
    **dict.fromkeys(["get_parent", "get_root", "get_descendant_count", "add_child"], ()),
}
CLASS_OF_A_TREE: dict[str, Arguments] = {
    **dict.fromkeys(["add_root", "get_first_root_node", "get_last_root_node", "dump_bulk", "fix_tree"], ()),
    "find_problems": (),
    "load_bulk": ([{"data": {}}],),
}
QUERYSETS_OF_A_TREE: dict[str, Arguments] = dict.fromkeys(
    ["get_ancestors", "get_descendants", "get_children", "get_siblings"], ()
)
MANAGER, QUERYSET = "django.db.models.Manager()", "django.db.models.QuerySet()"
TABLES: list[tuple[str, str, Owner]] = [
    ("touch", "mptt.models.MPTTModel()", Owner(tree, {
        "move_to": (tree(),), "insert_at": (tree(),),
        "get_root": (), "get_next_sibling": (), "get_previous_sibling": (),
    })),
    ("lazy", "mptt.models.MPTTModel()", Owner(tree, QUERYSETS_OF_A_TREE | {"get_family": (), "get_leafnodes": ()})),
    ("touch", MANAGER, Owner(lambda: models.Tree.objects, {
        "rebuild": (), "partial_rebuild": (1,),
        "get_queryset_descendants": (models.Tree.objects.all(),),
        "get_queryset_ancestors": (models.Tree.objects.all(),),
        "insert_node": (models.Tree(), None), "move_node": (tree(), tree()),
    })),
    ("lazy", MANAGER, Owner(lambda: models.Tree.objects, {
        "root_nodes": (), "add_related_count": (models.Tree.objects.all(), models.Tree, "parent", "count"),
    })),
    ("touch", "treebeard.models.Node()", Owner(path, ROWS_OF_A_TREE | {
        "add_sibling": ("right",), "move": (path(), "right"),
    })),
    ("lazy", "treebeard.models.Node()", Owner(path, QUERYSETS_OF_A_TREE)),
    ("touch", "treebeard.models.Node", Owner(lambda: models.Path, CLASS_OF_A_TREE)),
    ("lazy", "treebeard.models.Node", Owner(lambda: models.Path, {"get_root_nodes": (), "get_tree": ()})),
    ("touch", "wagtail.models.Page()", Owner(article, ROWS_OF_A_TREE | {
        "add_sibling": ("right",), "move": (article(),), "add_child": (),
        "save_revision": (), "publish": (revision(),), "unpublish": (), "copy": (),
        "get_latest_revision_as_object": (),
        "copy_for_translation": (wagtail.models.Locale(pk=2),), "get_translation": (wagtail.models.Locale(pk=2),),
        "get_url": (), "get_full_url": (), "get_url_parts": (), "get_site": (), "get_view_restrictions": (),
        "relative_url": (wagtail.models.Site(pk=1),), "permissions_for_user": (user(),), "get_workflow": (),
        "url": None, "full_url": None, "specific": None,
    })),
    ("lazy", "wagtail.models.Page()", Owner(article, QUERYSETS_OF_A_TREE)),
    ("touch", "wagtail.models.Page", Owner(lambda: models.Article, CLASS_OF_A_TREE)),
    ("lazy", "wagtail.models.Page", Owner(lambda: models.Article, {"get_root_nodes": (), "get_tree": ()})),
    ("touch", QUERYSET, Owner(lambda: models.Article.objects.all(), {
        "public": (), "private": (), "not_public": (), "search": ("x",), "first_common_ancestor": (),
        "type": (models.Article,), "exact_type": (models.Article,), "not_type": (models.Article,),
    })),
    ("lazy", QUERYSET, Owner(lambda: models.Article.objects.all(), {
        "live": (), "not_live": (), "in_menu": (), "specific": (),
        **dict.fromkeys(["child_of", "descendant_of", "ancestor_of", "parent_of", "sibling_of"], (article(),)),
    })),
    ("touch", "wagtail.models.Site", Owner(lambda: wagtail.models.Site, {
        "find_for_request": (request(),), "get_site_root_paths": (),
    })),
    ("touch", "wagtail.models.Locale", Owner(lambda: wagtail.models.Locale, {"get_active": (), "get_default": ()})),
    *(
        ("touch", owner, Owner(
            lambda: read(Image, title="x", file="x.jpg", width=1, height=1, collection_id=1),
            {"get_rendition": ("width-10",), "get_renditions": ("width-10",)},
        ))
        for owner in ("wagtail.images.models.AbstractImage()", "wagtail.images.models.Image()")
    ),
    ("touch", MANAGER, Owner(lambda: LogEntry.objects, {
        "log_action": (1, 1, 1, "u", 1), "log_actions": (1, [user()], 1),
    })),
    ("touch", "cms.api", Owner(lambda: cms.api, {
        "create_page": ("t", "base.html", "en"), "create_page_content": ("en", "t", read(CMSPage)),
        "create_page_user": (user(), user()), "assign_user_to_page": (read(CMSPage), user()),
        "add_plugin": (read(Placeholder), "TextPlugin", "en"),
    })),
    ("touch", "cms.models.Page()", Owner(lambda: read(CMSPage), {
        **dict.fromkeys(["get_absolute_url", "get_title", "get_languages", "get_template"], ()),
        **dict.fromkeys(["get_url", "get_slug", "get_path", "get_placeholders"], ("en",)),
        "set_as_homepage": (), "move_page": (read(CMSPage),),
    })),
    ("touch", "cms.models.Placeholder()", Owner(lambda: read(Placeholder, slot="content"), {
        "get_plugins_list": (), "clear": (), "has_plugins": (),
        "add_plugin": (cms.models.CMSPlugin(),), "delete_plugin": (cms.models.CMSPlugin(pk=1),),
    })),
    ("touch", "polymorphic.models.PolymorphicModel()", Owner(shape, {
        "get_real_instance": (), "get_real_instance_class": (),
    })),
    ("touch", MANAGER, Owner(lambda: models.Shape.objects, {
        "get_real_instances": (), "create_from_super": (shape(),),
    })),
    ("lazy", MANAGER, Owner(lambda: models.Shape.objects, {
        "instance_of": (models.Shape,), "not_instance_of": (models.Shape,), "non_polymorphic": (),
    })),
    ("lazy", MANAGER, Owner(inheriting, {"select_subclasses": ()})),
    ("touch", MANAGER, Owner(inheriting, {"get_subclass": ()})),
    ("touch", "parler.models.TranslatableModel()", Owner(lambda: read(models.Translated), {
        **dict.fromkeys(["has_translation", "get_translation", "create_translation", "delete_translation"], ("en",)),
        "safe_translation_getter": ("title",),
    })),
    ("lazy", MANAGER, Owner(lambda: models.Translated.objects, {
        "language": ("en",), "translated": ("en",), "active_translations": (),
    })),
    ("touch", "ordered_model.models.OrderedModel()", Owner(lambda: read(models.Ordered, order=1), {
        **dict.fromkeys(["up", "down", "top", "bottom", "next", "previous"], ()),
        "to": (3,), "swap": (read(models.Ordered, order=2),),
    })),
    ("touch", "safedelete.models.SafeDeleteModel()", Owner(
        lambda: read(models.Kept, deleted=datetime(2020, 1, 1)), {"undelete": ()}
    )),
    ("lazy", MANAGER, Owner(lambda: models.Kept.objects, {"all_with_deleted": (), "deleted_only": ()})),
    ("touch", "taggit.managers._TaggableManager()", Owner(lambda: shape().tags, {"similar_objects": ()})),
    ("lazy", "taggit.managers._TaggableManager()", Owner(lambda: shape().tags, {
        "names": (), "slugs": (), "most_common": (),
    })),
    ("touch", "simple_history.manager.HistoryManager()", Owner(lambda: read(models.Stamped).history, {
        "most_recent": (),
    })),
    ("touch", "simple_history.utils", Owner(lambda: simple_history.utils, {
        "bulk_create_with_history": ([models.Stamped()], models.Stamped),
        "bulk_update_with_history": ([read(models.Stamped)], models.Stamped, ["modified"]),
        "update_change_reason": (read(models.Stamped), "x"),
    })),
    ("touch", MANAGER, Owner(lambda: reversion.models.Version.objects, {
        "get_for_object": (user(),), "get_for_object_reference": (User, 1), "get_for_model": (User,),
        "get_deleted": (User,),
    })),
    ("touch", "reversion.models.Version()", Owner(version, {"revert": ()})),
    ("touch", "reversion.models.Revision()", Owner(lambda: read(reversion.models.Revision), {"revert": ()})),
    ("touch", "solo.models.SingletonModel", Owner(lambda: models.Configuration, {"get_solo": ()})),
    ("touch", "waffle", Owner(lambda: waffle, {
        "flag_is_active": (request(), "x"), "switch_is_active": ("x",), "sample_is_active": ("x",),
    })),
    *(
        ("touch", f"waffle.models.{name}", Owner(lambda name=name: getattr(waffle.models, name), {"get": ("x",)}))
        for name in ("Flag", "Switch", "Sample")
    ),
    ("touch", "guardian.shortcuts", Owner(lambda: guardian.shortcuts, {
        "assign_perm": ("auth.change_user", user()), "remove_perm": ("auth.change_user", user()),
        **dict.fromkeys(["get_perms", "get_user_perms", "get_group_perms"], (user(), user())),
        "get_perms_for_model": (User,), "get_users_with_perms": (user(),), "get_groups_with_perms": (user(),),
        "get_objects_for_user": (user(), "auth.change_user"),
        "get_objects_for_group": (read(Group, name="g"), "auth.change_user"),
    })),
    ("touch", "guardian.core.ObjectPermissionChecker()", Owner(
        lambda: guardian.core.ObjectPermissionChecker(user()),
        {
            "has_perm": ("change_user", read(Group)), "get_perms": (read(Group),),
            "prefetch_perms": (Group.objects.all(),),
        },
    )),
    ("touch", MANAGER, Owner(lambda: EmailAddress.objects, {
        "add_email": (request(), user(), "a@b.example"), "get_primary": (user(),), "get_verified": (user(),),
        "is_verified": ("a@b.example",),
    })),
    ("touch", "allauth.account.models.EmailAddress()", Owner(
        lambda: read(EmailAddress, email="a@b.example", user=user()),
        {"set_as_primary": (), "set_verified": (), "remove": (), "can_set_verified": ()},
    )),
    ("touch", "allauth.account.utils", Owner(lambda: allauth.account.utils, {
        "setup_user_email": (request(), user(), []), "filter_users_by_email": ("a@b.example",),
        "has_verified_email": (user(),),
    })),
    ("touch", "import_export.resources.ModelResource()", Owner(resource, {
        "export": (User.objects.all(),), "export_resource": (user(),),
        "import_data": (tablib.Dataset(["1", "u"], headers=["id", "username"]), True),
    })),
    ("touch", "django_celery_beat.models.PeriodicTasks", Owner(lambda: django_celery_beat.models.PeriodicTasks, {
        "changed": (django_celery_beat.models.PeriodicTask(),), "update_changed": (), "last_change": (),
    })),
    ("touch", "django_q.tasks", Owner(lambda: django_q.tasks, {
        "schedule": ("math.sqrt", 2), "result": ("x",), "fetch": ("x",), "count_group": ("x",), "delete_group": ("x",),
    })),
    ("touch", "rest_framework.generics.GenericAPIView()", Owner(view, {"get_object": ()})),
    ("touch", "rest_framework.viewsets.ModelViewSet()", Owner(view, {
        "perform_destroy": (user(),),
        **dict.fromkeys(["list", "retrieve", "update", "partial_update", "destroy"], (api_request(),)),
    })),
    ("touch", "rest_framework.viewsets.ReadOnlyModelViewSet()", Owner(view, {
        "list": (api_request(),), "retrieve": (api_request(),),
    })),
    *(
        ("touch", f"rest_framework.pagination.{name}()", Owner(
            lambda name=name: pagination(name), {"paginate_queryset": (User.objects.all(), api_request())}
        ))
        for name in ("PageNumberPagination", "LimitOffsetPagination")
    ),
    ("touch", "rest_framework.authentication.TokenAuthentication()", Owner(
        rest_framework.authentication.TokenAuthentication, {"authenticate_credentials": ("key",)}
    )),
    ("touch", "rest_framework.authentication.BasicAuthentication()", Owner(
        rest_framework.authentication.BasicAuthentication, {"authenticate_credentials": ("u", "p")}
    )),
    ("touch", "rest_framework.permissions.DjangoModelPermissions()", Owner(
        rest_framework.permissions.DjangoModelPermissions, {"has_permission": (api_request("post"), view())}
    )),
    ("touch", "rest_framework.serializers.ModelSerializer()", Owner(lambda: view().get_serializer(), {
        "create": ({"first_name": "x"},), "update": (user(), {"first_name": "x"}),
    })),
]  # fmt: skip
# They run a query of their own at once. But a manager is not told apart by its package, and what others call so may be
# lazy: the rows take them so.
EARLY = {
    "public", "private", "not_public", "search", "type", "exact_type", "not_type",
    "get_for_object", "get_for_object_reference", "get_deleted",
}  # fmt: skip
CALLS = [
    pytest.param(table, owner, name, id=f"{table} {path}.{name}")
    for table, path, owner in TABLES
    for name in owner.calls
]


@pytest.fixture(autouse=True)
def _cold() -> Iterator[None]:
    for manager in (ContentType.objects, Site.objects):
        manager.clear_cache()
    cache.clear()
    connection.close()
    yield
    connection.close()


@pytest.mark.parametrize(("table", "owner", "name"), CALLS)
def test_it_opens_a_connection_or_it_does_not(table: str, owner: Owner, name: str) -> None:
    made = owner.make()
    assert connection.connection is None
    given = owner.calls[name]
    # There are no tables; some libraries end a query's failure with one of their own.
    with suppress(Exception) if table == "touch" else nullcontext():
        found = getattr(made, name)
        if given is not None:
            found(*given)
    assert (connection.connection is not None) == (table == "touch")


def test_each_call_has_its_row() -> None:
    for table, path, owner in TABLES:
        for name, given in owner.calls.items():
            on = "call" if given is not None else "attribute"
            row = MODELS.find("lazy" if name in EARLY else table, f"{path}.{name}", on)
            assert row is not None, (table, path, name)
