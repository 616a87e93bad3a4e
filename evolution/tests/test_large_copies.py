"""`migrate` where the server can only copy a table that is larger than those that are copied unasked."""

import pytest
from django.db import connection

from evolution import runs
from evolution.tests.stops import refusal, stopped

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one way alone")

COPIED = "migrations.AlterField('book', 'writer_number', models.BigIntegerField(null=True)),"


def test_a_copy_of_a_large_table_stops_in_the_rehearsal(shelf, migrate, monkeypatch):
    shelf.books("Emma")
    monkeypatch.setenv("EVOLUTION_COPY_LIMIT", "0")
    shelf.write("0002_next", COPIED)
    said, code = refusal(migrate)
    assert code == 1
    assert "the server has to copy the table shelf_book" in said
    assert "more than 0 are not copied unasked" in said
    assert runs.halfway(shelf.wrapper) is None


def test_without_rehearsal_it_stops_before_the_copy_and_the_same_command_goes_on(shelf, migrate, monkeypatch):
    shelf.books("Emma")
    monkeypatch.setenv("EVOLUTION_COPY_LIMIT", "0")
    shelf.write("0002_next", COPIED)
    said, code = refusal(migrate, rehearsal=False)
    assert code == 3
    assert "run migrate again with EVOLUTION_COPY_ALLOWED=shelf_book" in said
    monkeypatch.setenv("EVOLUTION_COPY_ALLOWED", "shelf_book")
    assert "Applying shelf.0002_next... OK" in migrate(rehearsal=False)


def test_abort_copies_tables_of_any_size(shelf, migrate, monkeypatch):
    shelf.books("Emma")
    stopped(shelf, migrate, monkeypatch, COPIED)
    monkeypatch.setenv("EVOLUTION_COPY_LIMIT", "0")
    assert "Undoing shelf.0002_next... OK" in migrate(abort=True)


def test_a_run_says_by_which_algorithms_it_has_changed_tables(shelf, migrate):
    shelf.books("Emma")
    shelf.write(
        "0002_next",
        f"{COPIED}\nmigrations.AddField('book', 'isbn', models.CharField(max_length=13, null=True)),",
    )
    assert "Tables were changed by: 1 INSTANT, 1 COPY of shelf_book" in migrate()
