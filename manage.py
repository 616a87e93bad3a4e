#!/usr/bin/env python
"""Django's command line for Estimation."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "estimation.settings")
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed for this Python. Run ./scripts/run once, then use .venv/bin/python manage.py."
        ) from error
    try:
        _ = settings.INSTALLED_APPS
    except ImproperlyConfigured as error:
        # Said here in one sentence: Django's own command line would go on and fail later, elsewhere.
        raise SystemExit(f"Estimation cannot start: {error}") from None
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
