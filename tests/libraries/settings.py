"""A Django project that has every library installed which brings models of its own."""

from pathlib import Path
from tempfile import mkdtemp

SECRET_KEY = "of no importance"
USE_TZ = True
SITE_ID = 1
STATIC_URL = "/static/"
ROOT_URLCONF = "libraries.settings"
urlpatterns: list[object] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A file: Django does not shut a connection to a database in memory.
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(mkdtemp()) / "db.sqlite3")}}
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
Q_CLUSTER = {"timeout": 60, "retry": 90}
PARLER_LANGUAGES = {1: ({"code": "en"},)}
WAGTAIL_SITE_NAME = "Shop"
WAGTAILADMIN_BASE_URL = "http://shop.example"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "django_apscheduler",
    "django_celery_beat",
    "django_q",
    "guardian",
    "import_export",
    "model_utils",
    "modelcluster",
    "mptt",
    "ordered_model",
    "parler",
    "polymorphic",
    "procrastinate.contrib.django",
    "rest_framework",
    "rest_framework.authtoken",
    "reversion",
    "safedelete",
    "simple_history",
    "solo",
    "taggit",
    "treebeard",
    "waffle",
    "wagtail",
    "wagtail.admin",
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.documents",
    "wagtail.embeds",
    "wagtail.images",
    "wagtail.search",
    "wagtail.sites",
    "wagtail.snippets",
    "wagtail.users",
    "libraries.shop",
]
