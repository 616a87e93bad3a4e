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


def stopped(shelf, migrate, monkeypatch, operations, **options):
    """A run without rehearsal that has applied `operations` in 0002, and was stopped in 0003; it stops no more."""
    shelf.write("0002_next", operations)
    shelf.write("0003_break", CODE, BREAK)
    monkeypatch.setenv("BREAK", "yes")
    with pytest.raises(KeyboardInterrupt):
        migrate(rehearsal=False, **options)
    monkeypatch.delenv("BREAK")
    return latest(shelf)
