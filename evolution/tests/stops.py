"""A data step that stops `migrate`, what `migrate` says where it stops, and what it leaves."""

import pytest
from django.core.management.base import CommandError

from evolution import runs

BOOKS = "shelf_book"
CODE = "migrations.RunPython(work, migrations.RunPython.noop),"
BREAK = """
import os
def work(apps, schema_editor):
    if os.environ.get("BREAK"):
        raise KeyboardInterrupt
"""


def latest(shelf):
    run = runs.latest(shelf.wrapper)
    assert run is not None
    return run


def refusal(migrate, *arguments, **options):
    """What it says when it stops, and the exit code."""
    with pytest.raises(CommandError) as caught:
        migrate(*arguments, **options)
    return str(caught.value), caught.value.returncode


def titles(shelf, table=BOOKS, column="title"):
    return [title for (title,) in shelf.rows(f"SELECT {column} FROM {table} ORDER BY id")]
