"""`manage.py checkschema`: what it writes, and how it ends."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from evolution import runs
from evolution.models import Statement
from evolution.scratch import connected

COLUMN = "ALTER TABLE shelf_book ADD COLUMN colour integer"


def run(wrapper, *arguments):
    """What the command prints, and its exit code."""
    out = StringIO()
    try:
        call_command("checkschema", *arguments, database=wrapper.alias, stdout=out, no_color=True)
    except SystemExit as end:
        return out.getvalue(), end.code
    return out.getvalue(), 0


def test_the_same_ends_with_0(shelf):
    assert run(shelf.wrapper) == ("The schema is what the one recorded migration makes.\n", 0)


def test_differences_are_listed_with_what_to_do_and_end_with_1(shelf):
    shelf.rows(COLUMN)
    output, code = run(shelf.wrapper)
    assert code == 1
    lines = output.splitlines()
    assert lines[0] == "The schema is not what the recorded migrations make:"
    assert lines[1].startswith("  - table shelf_book: column colour (int")
    assert lines[1].endswith("NULL) should not be there")
    assert "Take that back by hand" in output
    assert "stampmigrations" in output


def test_json_for_programs(shelf):
    assert json.loads(run(shelf.wrapper, "--json")[0]) == {"migrations": 1, "differences": [], "hint": ""}
    shelf.rows(COLUMN)
    output, code = run(shelf.wrapper, "--json")
    found = json.loads(output)
    assert code == 1
    assert len(found["differences"]) == 1
    assert "stampmigrations" in found["hint"]


def test_a_database_that_another_program_made_is_to_be_adopted(shelf):
    shelf.rows("DELETE FROM django_migrations")
    output, code = run(shelf.wrapper)
    assert "table shelf_book should not be there" in output
    assert output.rstrip().endswith("run: manage.py adopt")
    assert code == 1


def test_a_migrate_that_was_cut_short_is_to_be_run_again(shelf):
    shelf.rows(COLUMN)
    Statement.objects.using(shelf.wrapper.alias).create(
        run_id=runs.begin(shelf.wrapper).pk,
        app="shelf",
        migration="0002_more",
        backwards=False,
        operation=0,
        position=0,
        kind=Statement.Kind.OPERATION,
        sql="Add field colour to book",
    )
    assert run(shelf.wrapper)[0].rstrip().endswith("It goes on where it was with: manage.py migrate")


def test_it_changes_nothing(shelf):
    shelf.rows(COLUMN)
    shelf.books("Emma")
    before = shelf.wrapper.introspection.table_names()
    run(shelf.wrapper)
    assert shelf.rows("SELECT title FROM shelf_book") == [("Emma",)]
    assert shelf.wrapper.introspection.table_names() == before


def test_a_database_that_can_not_be_asked_ends_with_2(django_db_blocker, tmp_path):
    absent = str(tmp_path / "absent" / "db.sqlite3") if connection.vendor == "sqlite" else "no_such_database"
    with (
        django_db_blocker.unblock(),
        connected(connection, absent) as wrapper,
        pytest.raises(CommandError, match="The schema could not be compared: ") as refused,
    ):
        run(wrapper)
    assert refused.value.returncode == 2


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's scratch database is in memory")
def test_without_a_scratch_database_it_ends_with_2(shelf, monkeypatch):
    monkeypatch.setenv("EVOLUTION_SCRATCH_DATABASE", shelf.wrapper.settings_dict["NAME"])
    with pytest.raises(
        CommandError, match=r"could not be compared: The scratch database .* is in use"
    ) as refused:
        run(shelf.wrapper)
    assert refused.value.returncode == 2


@pytest.mark.django_db(transaction=True)
def test_the_schema_of_this_project_is_what_its_migrations_make():
    assert run(connection)[1] == 0
