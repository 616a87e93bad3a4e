"""`AddRequiredField`: a column that may not be NULL, and what the rows that are there have in it."""

import re

import pytest
from django.db import IntegrityError, connection
from django.db.migrations.writer import OperationWriter
from django.db.models import CASCADE, ForeignKey

from evolution.executor import JournaledExecutor
from evolution.findings import Level
from evolution.operations import AddRequiredField, NoValue
from evolution.tests.shelf import FIRST_WRITER, Shelf, cut_short

IMPORTS = "from evolution.operations import AddRequiredField\n" + FIRST_WRITER
ADD = """AddRequiredField("book", "owner", models.ForeignKey("shelf.Writer", models.CASCADE), value=first_writer),"""
on_a_server = pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="SQLite keeps the default in the table, and nobody else writes meanwhile",
)


@pytest.fixture
def owned(shelf: Shelf) -> Shelf:
    """Two writers and two books, which 0002 gives to the first one."""
    shelf.rows("INSERT INTO shelf_writer (id, name) VALUES (7, 'Mann'), (9, 'Woolf')")
    shelf.books("Faustus", "Orlando")
    shelf.write("0002_owner", ADD, IMPORTS)
    return shelf


MAKE_NOBODY = """migrations.RunPython(make_nobody, migrations.RunPython.noop),"""
NOBODY = """
from evolution.operations import AddRequiredField, needs_value

def nobody(apps, database):
    writers = apps.get_model("shelf", "Writer").objects.using(database)
    return writers.filter(name="Nobody").values_list("pk", flat=True).first()

def make_nobody(apps, schema_editor):
    book, writer = apps.get_model("shelf", "Book"), apps.get_model("shelf", "Writer")
    if needs_value(schema_editor, book, "owner_id", to=writer._meta.pk):
        writer.objects.using(schema_editor.connection.alias).create(name="Nobody")
"""


@pytest.fixture
def kept(shelf: Shelf) -> Shelf:
    """Two books of writer 7, who got them from a user that 0002 makes where one is needed, and who is no more."""
    shelf.rows("INSERT INTO shelf_writer (id, name) VALUES (7, 'Mann'), (9, 'Woolf')")
    shelf.books("Faustus", "Orlando")
    shelf.write("0002_nobody", MAKE_NOBODY, NOBODY)
    shelf.write("0003_owner", ADD.replace("first_writer", "nobody"), NOBODY)
    migrate(shelf, "0003_owner")
    shelf.rows("UPDATE shelf_book SET owner_id = 7")
    shelf.rows("DELETE FROM shelf_writer WHERE name = 'Nobody'")
    return shelf


def migrate(shelf: Shelf, target: str = "0002_owner") -> list[str]:
    """Go to this migration; the statements that it wrote by."""
    sent: list[str] = []

    def look(execute, sql, params, many, context):
        sent.append(str(sql))
        return execute(sql, params, many, context)

    with shelf.wrapper.execute_wrapper(look):
        JournaledExecutor(shelf.wrapper).migrate([("shelf", target)])
    return sent


def owners(shelf: Shelf) -> list[object]:
    return [owner for (owner,) in shelf.rows("SELECT owner_id FROM shelf_book ORDER BY id")]


def test_every_row_has_the_value_that_the_database_was_asked_for(owned):
    migrate(owned)
    assert owners(owned) == [7, 7]


def test_no_row_is_touched_and_no_table_is_built_anew(owned):
    sent = migrate(owned)
    assert not [sql for sql in sent if re.match(r"(UPDATE|INSERT INTO|CREATE TABLE) .shelf_", sql)]
    (added,) = [sql for sql in sent if "ADD COLUMN" in sql]
    assert "DEFAULT 7 NOT NULL" in added


def test_null_is_not_allowed_and_an_owner_who_is_not_there_neither(owned):
    migrate(owned)
    for owner in ("NULL", "8"):
        with pytest.raises(IntegrityError):
            owned.rows(f"INSERT INTO shelf_book (title, owner_id) VALUES ('Emma', {owner})")


@on_a_server
def test_a_program_that_does_not_know_the_column_gives_the_value_too(owned):
    migrate(owned)
    owned.books("Emma")
    assert owners(owned) == [7, 7, 7]


def test_back_and_there_again_values_that_were_changed_are_there(owned):
    migrate(owned)
    owned.rows("UPDATE shelf_book SET owner_id = 9 WHERE id = 2")
    migrate(owned, "0001_initial")
    owned.books("Emma")
    migrate(owned)
    assert owners(owned) == [7, 9, 7]


def test_where_every_row_gets_its_own_back_no_value_is_needed(kept):
    kept.rows("UPDATE shelf_book SET owner_id = 9")
    migrate(kept, "0001_initial")
    kept.rows("DELETE FROM shelf_writer WHERE id = 7")
    migrate(kept, "0003_owner")
    assert owners(kept) == [9, 9]
    assert kept.rows("SELECT id FROM shelf_writer") == [(9,)]


@pytest.mark.parametrize(
    "lost",
    ["INSERT INTO shelf_book (title) VALUES ('Emma')", "DELETE FROM shelf_writer WHERE id = 9"],
    ids=["a row that is new", "a value that points to nothing now"],
)
def test_it_is_needed_for(kept, lost):
    kept.rows("UPDATE shelf_book SET owner_id = 9 WHERE id = 2")
    migrate(kept, "0001_initial")
    kept.rows("UPDATE shelf_writer SET name = 'Doe' WHERE id = 7")
    kept.rows(lost)
    migrate(kept, "0003_owner")
    ((nobody,),) = kept.rows("SELECT id FROM shelf_writer WHERE name = 'Nobody'")
    assert owners(kept)[:2] == [7, 9 if "Emma" in lost else nobody]
    assert set(owners(kept)[2:]) <= {nobody}


def test_it_is_needed_when_the_archive_is_left_alone(kept):
    migrate(kept, "0001_initial")
    executor = JournaledExecutor(kept.wrapper)
    executor.leaves_archive = True
    executor.migrate([("shelf", "0003_owner")])
    ((nobody,),) = kept.rows("SELECT id FROM shelf_writer WHERE name = 'Nobody'")
    assert owners(kept) == [nobody, nobody]


def test_without_rows_no_value_is_needed(shelf):
    shelf.write("0002_owner", ADD, IMPORTS)
    migrate(shelf)
    with pytest.raises(IntegrityError):
        shelf.rows("INSERT INTO shelf_book (title, owner_id) VALUES ('Emma', NULL)")


def test_rows_without_a_value_stop_it_before_anything_is_changed_and_it_goes_on_when_there_is_one(owned):
    owned.rows("DELETE FROM shelf_writer")
    with pytest.raises(
        NoValue,
        match=r"shelf_book has rows .* for their owner, and .*0002_owner.first_writer finds none",
    ):
        migrate(owned)
    assert ("shelf", "0002_owner") not in owned.applied()
    owned.rows("INSERT INTO shelf_writer (id, name) VALUES (9, 'Woolf')")
    migrate(owned)
    assert owners(owned) == [9, 9]


def test_cut_short_anywhere_a_second_run_ends_it(owned):
    number = 1
    while cut_short(owned, "0002_owner", number):
        migrate(owned)
        assert owners(owned) == [7, 7], f"cut short before statement {number}"
        migrate(owned, "0001_initial")
        number += 1
    assert number > 2


def test_the_checks_know_that_it_has_a_value_for_the_rows(owned):
    assert not [finding for finding in owned.check() if finding.level == Level.ERROR]


def test_a_project_without_this_journal_gets_the_same(owned):
    owned.migrate("0002_owner")
    assert owners(owned) == [7, 7]


def test_it_is_written_into_a_migration_file_as_it_was_given():
    operation = AddRequiredField("book", "owner", ForeignKey("shelf.Writer", CASCADE), value=seven)
    source, imports = OperationWriter(operation, indentation=0).serialize()
    assert "AddRequiredField(" in source
    assert "value=evolution.tests.test_required_field.seven," in source
    assert "import evolution.operations" in " ".join(imports)


def seven(_apps, _database):
    return 7
