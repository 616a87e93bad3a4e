"""Indexes and keys that Django makes at the end of a migration get the names that Django gives them, killed or not."""

import pytest
from django.db import connection

from evolution.executor import JournaledExecutor
from evolution.tests.shelf import cut_short

pytestmark = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite rolls a migration that was cut short back whole"
)

# Two indexed columns and two keys in turn have the same name, and an index a name of its own.
OPERATIONS = """
migrations.AddField("book", "pages", models.IntegerField(default=1, db_index=True)),
migrations.AddField("book", "editor", models.ForeignKey("shelf.Writer", models.CASCADE, null=True)),
migrations.CreateModel("Page", [
    ("id", models.AutoField(primary_key=True)),
    ("number", models.IntegerField()),
    ("book", models.ForeignKey("shelf.Book", models.CASCADE)),
], options={"indexes": [models.Index(fields=["number"], name="by_number")]}),
migrations.RenameField("book", "pages", "leaves"),
migrations.RenameField("book", "editor", "reader"),
migrations.RenameField("page", "number", "position"),
migrations.AddField("book", "pages", models.IntegerField(default=2, db_index=True)),
migrations.AddField("book", "editor", models.ForeignKey("shelf.Writer", models.CASCADE, null=True)),
"""
NAMES = """
    SELECT table_name, column_name, index_name FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name LIKE 'shelf%' ORDER BY 1, 2, 3
"""
KEYS = """
    SELECT table_name, column_name, constraint_name FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE() AND table_name LIKE 'shelf%' ORDER BY 1, 2, 3
"""


def names(shelf):
    return [tuple(row) for sql in (NAMES, KEYS) for row in shelf.rows(sql)]


@pytest.fixture
def as_django_names_them(shelf):
    shelf.write("0002_next", OPERATIONS)
    shelf.migrate("0002_next")
    wanted = names(shelf)
    shelf.migrate("0001_initial")
    return wanted


def test_a_run_to_the_end_gives_the_names_that_django_gives(shelf, as_django_names_them):
    JournaledExecutor(shelf.wrapper).migrate([("shelf", "0002_next")])
    assert names(shelf) == as_django_names_them


def test_a_run_that_was_cut_short_anywhere_gives_the_names_that_django_gives(shelf, as_django_names_them):
    number = 1
    while cut_short(shelf, "0002_next", number):
        JournaledExecutor(shelf.wrapper).migrate([("shelf", "0002_next")])
        assert names(shelf) == as_django_names_them, f"cut short before statement {number}"
        shelf.migrate("0001_initial")
        number += 2
    assert number > 20
    assert names(shelf) == as_django_names_them
