"""Settings of a project with other people's applications, whose histories are long, to try `migrate` on."""

from importlib import import_module

import environ

environment = environ.Env()

SECRET_KEY = "for-the-tests-of-evolution-alone"
USE_TZ = True
SITE_ID = 1
ROOT_URLCONF = "evolution.tests.thirdparty.settings"
urlpatterns: list[object] = []
LANGUAGES = [("en", "English")]
LANGUAGE_CODE = "en"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
STATIC_URL = "/static/"
# What the applications insist on when they are loaded.
CMS_CONFIRM_VERSION4 = True
WAGTAIL_SITE_NAME = "Tests"
WAGTAILADMIN_BASE_URL = "http://localhost"
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
HELPDESK_TEAMS_MODE_ENABLED = False
globals().update(
    {key: value for key, value in vars(import_module("oscar.defaults")).items() if key.isupper()}
)

_DJANGO = ("admin", "auth", "contenttypes", "sessions", "messages", "sites", "flatpages", "humanize")
_WAGTAIL = (
    *("admin", "contrib.forms", "contrib.redirects", "contrib.search_promotions", "documents", "embeds"),
    *("images", "search", "sites", "snippets", "users"),
)
_OSCAR = [name for name in import_module("oscar").INSTALLED_APPS if not name.startswith("django.")]
INSTALLED_APPS = [
    "evolution",
    *(f"django.contrib.{name}" for name in _DJANGO),
    *("taggit", "modelcluster", *(f"wagtail.{name}" for name in _WAGTAIL), "wagtail"),
    *("allauth", "allauth.account", "allauth.mfa", "allauth.socialaccount", "allauth.usersessions"),
    *_OSCAR,
    *("cms", "menus", "sekizai", "filer", "easy_thumbnails"),
    *("oauth2_provider", "django_celery_beat", "reversion", "guardian", "helpdesk"),
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "sekizai.context_processors.sekizai",
                "cms.context_processors.cms_settings",
            ]
        },
    }
]
DATABASES = {"default": environment.db("DATABASE_URL")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.mysql":
    # The session's collation is that of the database: some of the data steps compare texts of both.
    DATABASES["default"]["ENGINE"] = "evolution.backends.mysql"
    DATABASES["default"]["OPTIONS"] = {"charset": "utf8mb4", "collation": "utf8mb4_unicode_ci"}
else:
    DATABASES["default"]["ENGINE"] = "evolution.backends.sqlite3"
