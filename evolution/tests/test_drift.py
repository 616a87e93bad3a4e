"""In what a live schema differs from what its recorded migrations make."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from evolution.digests import schema_digest
from evolution.drift import drift, is_as_left
from evolution.models import Run
from evolution.tables import ensure_tables

INDEXED = """
migrations.AddIndex("book", models.Index(fields=["title"], name="book_title")),
migrations.AddConstraint("book", models.UniqueConstraint(fields=["price"], name="book_price")),
"""
CHECKED = """
migrations.CreateModel("Shop", [
    ("id", models.AutoField(primary_key=True)),
    ("floors", models.PositiveIntegerField()),
    ("shelves", models.IntegerField()),
], options={"constraints": [models.CheckConstraint(condition=models.Q(shelves__lt=9), name="few_shelves")]}),
"""


def end_well(shelf, **values):
    """Write down that a run of `migrate` ended well and left the schema as it is now."""
    ensure_tables(shelf.wrapper)
    values = {"state_before": ["shelf.0001_initial"], "outcome": Run.Outcome.FINISHED} | values
    return Run.objects.using(shelf.wrapper.alias).create(**{"schema": schema_digest(shelf.wrapper)} | values)


# --- drift


def test_a_database_that_only_migrations_changed_has_none(shelf):
    shelf.write("0002_indexed", INDEXED)
    shelf.migrate("0002_indexed")
    assert drift(shelf.wrapper) == []


@pytest.mark.parametrize(
    ("by_hand", "line"),
    [
        ("ALTER TABLE shelf_book ADD COLUMN colour integer", "column colour (int"),
        ("ALTER TABLE shelf_book DROP COLUMN title", "column title (varchar(20)"),
        ("DROP TABLE shelf_writer", "table shelf_writer is missing"),
        ("CREATE UNIQUE INDEX by_hand ON shelf_book (title)", "unique (title) should not be there"),
    ],
)
def test_what_somebody_changed_by_hand_is_told(shelf, by_hand, line):
    shelf.rows(by_hand)
    (found,) = drift(shelf.wrapper)
    assert line in found


def test_an_index_and_a_unique_key_that_somebody_dropped_are_told(shelf):
    shelf.write("0002_indexed", INDEXED)
    shelf.migrate("0002_indexed")
    on = "" if shelf.wrapper.vendor == "sqlite" else " ON shelf_book"
    shelf.rows(f"DROP INDEX book_title{on}")
    if shelf.wrapper.vendor != "sqlite":  # which writes this one into the table
        shelf.rows(f"DROP INDEX book_price{on}")
    found = drift(shelf.wrapper)
    assert "table shelf_book: index (title) is missing" in found
    assert ("table shelf_book: unique (price) is missing" in found) == (shelf.wrapper.vendor != "sqlite")


def test_a_check_that_somebody_dropped_is_told(shelf):
    shelf.write("0002_shop", CHECKED)
    shelf.migrate("0002_shop")
    assert drift(shelf.wrapper) == []
    if shelf.wrapper.vendor == "sqlite":
        ((definition,),) = shelf.rows("SELECT sql FROM sqlite_master WHERE name = 'shelf_shop'")
        shelf.rows("DROP TABLE shelf_shop")
        shelf.rows(definition.replace(', CONSTRAINT "few_shelves" CHECK ("shelves" < 9)', ""))
    else:
        shelf.rows("ALTER TABLE shelf_shop DROP CONSTRAINT few_shelves")
    assert drift(shelf.wrapper) == ["table shelf_shop: check of (shelves) is missing"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's types keep nothing out")
def test_a_check_that_the_column_s_type_implies_may_be_there_or_not(shelf):
    shelf.write("0002_shop", CHECKED)
    shelf.migrate("0002_shop")
    shelf.rows("ALTER TABLE shelf_shop MODIFY floors integer UNSIGNED NOT NULL")
    for (check,) in shelf.rows(
        "SELECT constraint_name FROM information_schema.table_constraints"
        " WHERE constraint_schema = DATABASE() AND constraint_type = 'CHECK' AND constraint_name <> 'few_shelves'"
    ):
        shelf.rows(f"ALTER TABLE shelf_shop DROP CONSTRAINT `{check}`")
    assert drift(shelf.wrapper) == []
    shelf.rows("ALTER TABLE shelf_shop MODIFY floors integer NOT NULL")
    assert drift(shelf.wrapper)[0].startswith("table shelf_shop: column floors is int")


def test_an_index_that_somebody_added_is_none(shelf):
    shelf.rows("CREATE INDEX by_hand ON shelf_book (title)")
    assert drift(shelf.wrapper) == []


def test_tables_of_other_programs_do_not_count(shelf):
    shelf.rows("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
    ensure_tables(shelf.wrapper)
    assert drift(shelf.wrapper) == []


def test_a_table_that_a_migration_makes_in_sql_counts(shelf):
    shelf.write("0002_sql", "migrations.RunSQL('CREATE TABLE notes (id integer PRIMARY KEY)'),")
    shelf.migrate("0002_sql")
    assert drift(shelf.wrapper) == []
    shelf.rows("DROP TABLE notes")
    assert drift(shelf.wrapper) == ["table notes is missing"]


def test_what_is_not_applied_yet_is_not_expected(shelf):
    shelf.write("0002_indexed", INDEXED)
    assert drift(shelf.wrapper) == []


def test_a_migration_recorded_but_not_carried_out_is_told(shelf):
    shelf.write("0002_shop", CHECKED)
    MigrationRecorder(shelf.wrapper).record_applied("shelf", "0002_shop")
    assert drift(shelf.wrapper) == ["table shelf_shop is missing"]


def test_a_squashed_migration_applied_in_part_is_no_drift(shelf):
    shelf.write("0002_shop", CHECKED)
    shelf.write("0003_indexed", INDEXED)
    shelf.migrate("0002_shop")
    names = [("shelf", name) for name in shelf.names]
    file = shelf.write("0001_squashed", CHECKED)
    source = file.read_text().replace("dependencies = [('shelf', '0003_indexed')]", f"replaces = {names!r}")
    file.write_text(source)
    assert "replaces" in source
    assert drift(shelf.wrapper) == []


def test_a_data_step_that_names_the_live_database_reaches_the_scratch_one(shelf):
    code = f"""
    from django.db import connections

    def fill(apps, editor):
        with connections[{shelf.wrapper.alias!r}].cursor() as cursor:
            cursor.execute("INSERT INTO shelf_book (title) VALUES ('Emma')")
    """
    shelf.write("0002_fill", "migrations.RunPython(fill),", imports=code)
    MigrationRecorder(shelf.wrapper).record_applied("shelf", "0002_fill")
    assert drift(shelf.wrapper) == []
    assert shelf.rows("SELECT COUNT(*) FROM shelf_book") == [(0,)]


# --- schema_digest


def test_rows_do_not_change_the_digest(shelf):
    before = schema_digest(shelf.wrapper)
    shelf.books("Emma")
    ensure_tables(shelf.wrapper)
    assert schema_digest(shelf.wrapper) == before
    assert len(before) <= 64


def test_a_column_changes_the_digest_and_its_removal_brings_it_back(shelf):
    before = schema_digest(shelf.wrapper)
    shelf.rows("ALTER TABLE shelf_book ADD COLUMN colour integer")
    assert schema_digest(shelf.wrapper) != before
    shelf.rows("ALTER TABLE shelf_book DROP COLUMN colour")
    assert schema_digest(shelf.wrapper) == before


# --- is_as_left


def test_without_a_run_nobody_knows_how_it_was_left(shelf):
    assert not is_as_left(shelf.wrapper)
    end_well(shelf, schema="")
    assert not is_as_left(shelf.wrapper)


def test_a_database_is_as_the_last_run_left_it_until_somebody_changes_it(shelf):
    end_well(shelf)
    assert is_as_left(shelf.wrapper)
    shelf.rows("ALTER TABLE shelf_book ADD COLUMN colour integer")
    assert not is_as_left(shelf.wrapper)


def test_it_is_not_as_left_when_another_migration_is_recorded(shelf):
    end_well(shelf)
    MigrationRecorder(shelf.wrapper).record_applied("shelf", "0002_more")
    assert not is_as_left(shelf.wrapper)


@pytest.mark.parametrize(
    ("backwards", "outcome", "recorded"),
    [
        (False, Run.Outcome.FINISHED, True),
        (True, Run.Outcome.FINISHED, False),
        (False, Run.Outcome.ABORTED, False),
        (True, Run.Outcome.ABORTED, True),
    ],
)
def test_what_a_run_applied_or_undid_counts_and_what_it_aborted_does_not(shelf, backwards, outcome, recorded):
    before = ["shelf.0001_initial"] + ["shelf.0002_more"] * backwards
    plan = [{"app": "shelf", "name": "0002_more", "backwards": backwards}]
    if recorded:
        MigrationRecorder(shelf.wrapper).record_applied("shelf", "0002_more")
    end_well(shelf, state_before=before, plan=plan, outcome=outcome)
    assert is_as_left(shelf.wrapper)


def test_migrate_leaves_a_database_that_needs_no_comparing(shelf):
    shelf.write("0002_shop", CHECKED)
    for target in ("0002_shop", "0001_initial"):
        call_command("migrate", "shelf", target, database=shelf.wrapper.alias, verbosity=0)
        assert is_as_left(shelf.wrapper)


def test_a_run_that_failed_leaves_nothing_to_rely_on(shelf):
    end_well(shelf, outcome=Run.Outcome.FAILED)
    assert not is_as_left(shelf.wrapper)
