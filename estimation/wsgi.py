"""The pages as a WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "estimation.settings")
application = get_wsgi_application()

from estimation.readiness import readiness  # noqa: E402  # needs the settings

readiness.watch()
