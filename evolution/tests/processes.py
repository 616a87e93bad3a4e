"""Work done in processes of their own, on the library's project."""

import os
import subprocess
import sys

from django.conf import settings

SET_UP = (
    "import django; django.setup(); from django.db import connection; from evolution.tests import crash; "
)


def start(database: str, work: str) -> subprocess.Popen[str]:
    """Start a line of Python with the library's project set up and `database` connected."""
    return subprocess.Popen(
        [sys.executable, "-c", SET_UP + work],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "evolution.tests.project"}
        # What it says is waited for.
        | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(database: str, work: str) -> tuple[int, str, str]:
    """The same, waited for: exit code, output and errors."""
    with start(database, work) as process:
        output, errors = process.communicate()
    return process.returncode, output, errors


def manage(database: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` on the library's project as an operator runs it."""
    return subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "evolution.tests.project"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def query(database: str, sql: str) -> str:
    """What a statement answers, as Python writes it."""
    code, output, errors = run(
        database, f"c = connection.cursor(); c.execute({sql!r}); print(list(c.fetchall()))"
    )
    assert code == 0, errors
    return output.strip()
