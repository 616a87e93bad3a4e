"""Work done in processes of their own, on the library's project."""

import os
import subprocess
import sys

from django.conf import settings

from evolution.tests.forked import django, python

SET_UP = (
    "import django; django.setup(); from django.db import connection; from evolution.tests import crash; "
)


def start(database: str, work: str) -> subprocess.Popen[str]:
    """Start a line of Python with the library's project set up and `database` connected."""
    return subprocess.Popen(
        [sys.executable, "-c", SET_UP + work],
        cwd=settings.BASE_DIR,
        env=_environment(database) | {"PYTHONUNBUFFERED": "1"},  # what it says is waited for
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(database: str, work: str) -> tuple[int, str, str]:
    """The same, waited for: exit code, output and errors."""
    done = python(SET_UP + work, settings.BASE_DIR, _environment(database))
    return done.returncode, done.stdout, done.stderr


def manage(database: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` on the library's project as an operator runs it."""
    return django(arguments, settings.BASE_DIR, _environment(database) | environment)


def query(database: str, sql: str) -> str:
    """What a statement answers, as Python writes it."""
    code, output, errors = run(
        database, f"c = connection.cursor(); c.execute({sql!r}); print(list(c.fetchall()))"
    )
    assert code == 0, errors
    return output.strip()


def _environment(database: str) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "evolution.tests.project"}
