"""Settings of a project that has nothing but evolution and a library of books, to try migrations in."""

import environ

environment = environ.Env()

SECRET_KEY = "for-the-tests-of-evolution-alone"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
INSTALLED_APPS = ["evolution", "evolution.tests.library"]
DATABASES = {"default": environment.db("DATABASE_URL")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.mysql":
    DATABASES["default"] |= {"ENGINE": "evolution.backends.mysql", "OPTIONS": {"charset": "utf8mb4"}}
else:
    DATABASES["default"]["ENGINE"] = "evolution.backends.sqlite3"
