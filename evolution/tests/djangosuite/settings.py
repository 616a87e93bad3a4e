"""Settings for Django's own tests: DJANGOSUITE says whether `stock` or `ours`, DATABASE_URL on which server."""

import os

import environ

OURS = os.environ["DJANGOSUITE"] == "ours"

_database = environ.Env().db("DATABASE_URL", default="sqlite://:memory:")
_on_sqlite = _database["ENGINE"].endswith("sqlite3")
if _on_sqlite:
    # In memory, as Django's own settings for its tests have it.
    _database = {"ENGINE": "evolution.backends.sqlite3" if OURS else "django.db.backends.sqlite3"}


def _named(name: str) -> dict[str, object]:
    if _on_sqlite:
        return dict(_database)
    # Both may run at once on one server.
    return {
        **_database,
        "ENGINE": "evolution.backends.mysql" if OURS else "django.db.backends.mysql",
        "NAME": f"{os.environ['DJANGOSUITE']}_{name}",
        "TEST": {"CHARSET": "utf8mb4"},  # whatever the server's own is
    }


DATABASES = {"default": _named("default"), "other": _named("other")}
SECRET_KEY = "for-the-tests-of-django-alone"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
TEST_RUNNER = "evolution.tests.djangosuite.runner.Runner"

if OURS:
    import __main__

    # The program that runs the tests sets the applications itself. The first one's commands win.
    __main__.ALWAYS_INSTALLED_APPS.insert(0, "evolution.tests.djangosuite.apps.Config")
