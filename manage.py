#!/usr/bin/env python
"""Django's command line for Estimation."""

import os
import select
import sys
from typing import TextIO


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
    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:
        if not _has_no_reader(sys.stdout):
            raise
        # As in `manage.py archive show 3 | head`: nobody reads on, which is no error worth a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)  # what a shell says of a program that was ended by SIGPIPE


def _has_no_reader(stream: TextIO) -> bool:
    """Whether the other end of a pipe is closed."""
    pipe = select.poll()
    pipe.register(stream, 0)
    return any(event & select.POLLERR for _stream, event in pipe.poll(0))


if __name__ == "__main__":
    main()
