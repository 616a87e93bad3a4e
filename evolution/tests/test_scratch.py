"""Migrations that run in a scratch database leave the live one alone."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections

from evolution.scratch import in_place_of, scratch_database
from evolution.tests.own_database import server_programs

# As so many data steps do: it means the one database that there is, whatever it is asked to work on.
FILL = """
from django.db import connections

def fill(apps, editor):
    with connections[{0!r}].cursor() as cursor:
        cursor.execute("INSERT INTO shelf_book (title) VALUES ('Emma')")
"""


def test_a_scratch_database_stands_in_for_the_live_one_only_so_long(shelf):
    with scratch_database(shelf.wrapper) as scratch:
        name = scratch.alias
        with in_place_of(shelf.wrapper, scratch):
            assert connections[shelf.wrapper.alias] is scratch
            assert scratch.alias == shelf.wrapper.alias
        assert connections[shelf.wrapper.alias] is shelf.wrapper
        assert scratch.alias == name


def test_it_may_be_asked_for_by_djangos_proxy(shelf):
    real = connections[connection.alias]
    with scratch_database(connection) as scratch:
        with in_place_of(connection, scratch):
            assert connections[connection.alias] is scratch
        assert connections[connection.alias] is real


def test_a_data_step_that_names_the_live_database_changes_it_once_rehearsed_or_not(
    shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    if connection.vendor != "sqlite":
        dump, client = server_programs()
        monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", dump)
        monkeypatch.setenv("EVOLUTION_CLIENT_PROGRAM", client)
    shelf.books("Persuasion")
    step = "migrations.RunPython(fill, migrations.RunPython.noop),"
    shelf.write("0002_fill", step, imports=FILL.format(shelf.wrapper.alias))
    out = StringIO()
    call_command("migrate", "shelf", database=shelf.wrapper.alias, stdout=out)
    assert "Rehearsing" in out.getvalue()
    assert shelf.rows("SELECT title FROM shelf_book ORDER BY id") == [("Persuasion",), ("Emma",)]
