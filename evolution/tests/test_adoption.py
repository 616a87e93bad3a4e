"""A database that was adopted: what is written down about it."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from evolution import runs
from evolution.adoption import unadopted_tables
from evolution.drift import is_as_left
from evolution.models import Run
from evolution.tests.processes import query, run


def test_adopting_is_a_run_and_leaves_a_schema_that_needs_no_comparing(shelf):
    shelf.rows("DELETE FROM django_migrations")
    call_command("adopt", database=shelf.wrapper.alias, stdout=StringIO())
    entry = Run.objects.using(shelf.wrapper.alias).get()
    assert (entry.command, entry.outcome, entry.state_before) == ("adopt", Run.Outcome.FINISHED, [])
    assert runs.nodes(entry) == [(("shelf", "0001_initial"), False)]
    assert is_as_left(shelf.wrapper)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite rolls a migration that was cut short back")
def test_tables_of_a_first_migration_that_was_cut_short_are_not_taken_for_another_programs(empty_database):
    killed, _output, _errors = run(
        empty_database, "crash.migrate('0001_books', after='CREATE TABLE `library_book`')"
    )
    assert killed == -9
    assert query(empty_database, "SHOW TABLES LIKE 'library_book'") == "[('library_book',)]"
    code, _output, errors = run(empty_database, "crash.migrate('0001_books')")
    assert code == 0, errors
    assert query(empty_database, "SELECT name FROM django_migrations") == "[('0001_books',)]"


SITES = """
migrations.CreateModel("Site", [("id", models.AutoField(primary_key=True))], options={"db_table": "django_site"}),
"""


def test_a_table_that_another_application_is_going_to_take_over_needs_no_adoption(shelf):
    shelf.write("0002_sites", SITES)
    shelf.migrate("0002_sites")
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "django.contrib.sites"]):
        assert unadopted_tables(shelf.wrapper) == set()


def test_a_table_that_no_applied_migration_has_made_needs_adoption(shelf):
    shelf.rows("CREATE TABLE django_site (id integer PRIMARY KEY)")
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "django.contrib.sites"]):
        assert unadopted_tables(shelf.wrapper) == {"django_site"}
