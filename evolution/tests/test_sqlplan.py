"""`manage.py sqlplan`: the statements of a plan as they run on this very database."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from evolution.introspection import read_schema
from evolution.scratch import scratch_database
from evolution.tests.shelf import FIRST_WRITER

RENAME_THEN_ALTER = """
migrations.RenameModel("Book", "Volume"),
migrations.AlterField("volume", "title", models.CharField(max_length=60, null=True)),
migrations.AddField("volume", "writer", models.ForeignKey("shelf.Writer", models.PROTECT, null=True)),
"""
FILL = "migrations.RunPython(fill, migrations.RunPython.noop),"
FUNCTION = """
def fill(apps, editor):
    raise AssertionError("code must not run")
"""


def plan(shelf, *arguments):
    out = StringIO()
    call_command("sqlplan", *arguments, database=shelf.wrapper.alias, stdout=out)
    return out.getvalue().splitlines()


def statements(lines):
    """Without comments and the limits of a transaction."""
    return [line for line in lines if not line.startswith("--") and line not in {"BEGIN;", "COMMIT;"}]


def test_nothing_to_apply_is_said(shelf):
    assert plan(shelf) == ["-- There is nothing to apply."]


def test_a_table_that_is_renamed_and_then_altered_is_no_problem(shelf):
    shelf.write("0002_volume", RENAME_THEN_ALTER)
    lines = plan(shelf)
    assert lines[0] == "-- shelf.0002_volume"
    assert "-- Rename model Book to Volume" in lines
    assert any("shelf_volume" in line and "60" in line for line in statements(lines))


def test_its_statements_run_by_hand_make_what_migrate_makes(shelf):
    shelf.write("0002_volume", RENAME_THEN_ALTER)
    lines = statements(plan(shelf))
    with scratch_database(connection) as scratch:
        for table in shelf.wrapper.introspection.table_names():
            if shelf.wrapper.vendor == "sqlite":
                ((sql,),) = shelf.rows(f"SELECT sql FROM sqlite_master WHERE name = '{table}'")
            else:
                ((_name, sql),) = shelf.rows(f"SHOW CREATE TABLE {table}")
            with scratch.cursor() as cursor:
                cursor.execute(sql, None)
        with scratch.cursor() as cursor:
            for line in lines:
                cursor.execute(line, None)
        by_hand = read_schema(scratch)
    shelf.migrate("0002_volume")
    assert by_hand == read_schema(shelf.wrapper)


def test_it_changes_nothing(shelf):
    shelf.write("0002_volume", RENAME_THEN_ALTER)
    shelf.books("Emma")
    before = read_schema(shelf.wrapper)
    plan(shelf)
    assert read_schema(shelf.wrapper) == before
    assert shelf.rows("SELECT title FROM shelf_book") == [("Emma",)]
    assert shelf.rows("SELECT name FROM django_migrations") == [("0001_initial",)]


def test_code_stands_there_as_a_comment_and_is_not_run(shelf):
    file = shelf.write("0002_fill", FILL, imports=FUNCTION)
    lines = plan(shelf)
    assert statements(lines) == []
    assert (
        f"-- {file.parent.parent.name}.migrations.0002_fill.fill runs here: what it does depends on the rows"
        in lines
    )


def test_a_value_that_the_database_is_asked_for_has_a_stand_in(shelf):
    shelf.books("Emma")
    shelf.write(
        "0002_writer",
        'AddRequiredField("book", "writer", models.ForeignKey("shelf.Writer", models.CASCADE), value=first_writer),',
        f"from evolution.operations import AddRequiredField\n{FIRST_WRITER}",
    )
    lines = plan(shelf)
    assert any(
        line.endswith(".0002_writer.first_writer runs here: what it finds is the default") for line in lines
    )
    (added,) = [line for line in statements(lines) if "ADD COLUMN" in line]
    assert "DEFAULT 1 NOT NULL" in added
    assert not [line for line in lines if line.startswith("CREATE TABLE")]


def test_code_inside_another_operation_is_not_run_either(shelf):
    inside = f"migrations.SeparateDatabaseAndState(database_operations=[{FILL}]),"
    shelf.write("0002_fill", inside, imports=FUNCTION)
    assert any("runs here" in line for line in plan(shelf))


def test_code_that_does_nothing_is_not_mentioned(shelf):
    shelf.write("0002_fill", FILL, imports=FUNCTION)
    shelf.wrapper.cursor().execute(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('shelf', '0002_fill', '2026-01-01')"
    )
    lines = plan(shelf, "shelf", "-1")
    assert lines[0] == "-- shelf.0002_fill, undone"
    assert not any("runs here" in line for line in lines)


def test_the_way_back_is_shown_too(shelf):
    shelf.write("0002_volume", RENAME_THEN_ALTER)
    shelf.migrate("0002_volume")
    lines = plan(shelf, "shelf", "-1")
    assert "-- reverse: Rename model Book to Volume" in lines
    assert any("shelf_book" in line for line in statements(lines))


def test_names_are_those_of_this_database(shelf):
    if shelf.wrapper.vendor == "sqlite":
        pytest.skip("SQLite rebuilds the table, and names no key")
    shelf.write(
        "0002_key",
        "migrations.AddField('book', 'w', models.ForeignKey('shelf.Writer', models.PROTECT, null=True)),",
    )
    shelf.migrate("0002_key")
    ((name,),) = shelf.rows(
        "SELECT constraint_name FROM information_schema.referential_constraints"
        " WHERE constraint_schema = DATABASE()"
    )
    shelf.rows(f"ALTER TABLE shelf_book DROP FOREIGN KEY `{name}`")
    shelf.rows(
        "ALTER TABLE shelf_book ADD CONSTRAINT named_by_hand FOREIGN KEY (w_id) REFERENCES shelf_writer (id)"
    )
    assert any("DROP FOREIGN KEY `named_by_hand`" in line for line in plan(shelf, "shelf", "-1"))


def test_values_and_percent_signs_are_written_out(shelf):
    shelf.write(
        "0002_values",
        "migrations.AddField('book', 'mark', models.CharField(max_length=9, default=\"it's 5%\")),"
        "migrations.RunSQL([('INSERT INTO shelf_writer (name) VALUES (%s)', ['A %% B'])]),"
        "migrations.RunSQL(\"UPDATE shelf_writer SET name = '100 %'\"),",
    )
    lines = statements(plan(shelf))
    assert any("5%" in line and "5%%" not in line for line in lines)
    assert any("'A %% B'" in line for line in lines)
    assert "UPDATE shelf_writer SET name = '100 %';" in lines


def test_a_plan_that_does_not_work_ends_with_what_ran_and_what_went_wrong(shelf):
    shelf.write("0002_wrong", "migrations.RunSQL('DROP TABLE no_such_table'),")
    with pytest.raises(
        CommandError, match=r"does not work on a copy(.|\n)*DROP TABLE no_such_table(.|\n)*no_such_table"
    ):
        plan(shelf)


def test_a_step_that_can_not_be_undone_is_told(shelf):
    shelf.write("0002_once", "migrations.RunSQL('UPDATE shelf_book SET title = NULL'),")
    shelf.migrate("0002_once")
    with pytest.raises(CommandError, match="not reversible"):
        plan(shelf, "shelf", "-1")


def test_views_and_triggers_of_sqlite_come_along(shelf):
    if shelf.wrapper.vendor != "sqlite":
        pytest.skip("on a server the plan runs on copies of the tables alone")
    shelf.rows("CREATE VIEW titles AS SELECT title FROM shelf_book")
    shelf.write("0002_view", "migrations.RunSQL('DROP VIEW titles'),")
    assert "DROP VIEW titles;" in plan(shelf)
