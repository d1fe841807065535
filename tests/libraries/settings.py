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
HUEY = {"huey_class": "huey.MemoryHuey", "immediate": False}
Q_CLUSTER = {"timeout": 60, "retry": 90}
PARLER_LANGUAGES = {1: ({"code": "en"},)}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "sekizai.context_processors.sekizai",
                "cms.context_processors.cms_settings",
            ]
        },
    }
]
CMS_CONFIRM_VERSION4 = True
CONSTANCE_BACKEND = "constance.backends.database.DatabaseBackend"
CONSTANCE_CONFIG = {"DISCOUNT": (10, "In percent.")}
LANGUAGES = [("en-us", "English"), ("en", "English")]
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
    "cms",
    "constance",
    "django_apscheduler",
    "django_celery_beat",
    "django_q",
    "guardian",
    "django_filters",
    "import_export",
    "menus",
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
    "sekizai",
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
