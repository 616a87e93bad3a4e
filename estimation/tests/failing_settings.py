"""The site's settings, with one page more, that fails and says everything it knows; without files to be collected."""

from estimation.settings import *  # noqa: F403
from estimation.settings import BASE_DIR, STORAGES

ROOT_URLCONF = "estimation.tests.failing_pages"
STATIC_ROOT = BASE_DIR / "estimation" / "static"
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
