"""`Backfill`: one value for all rows that have none, at once or in batches, and the way back."""

import pytest
from django.db import connection

from evolution.column_defaults import LARGE, new_columns
from evolution.executor import JournaledExecutor
from evolution.operations import Backfill
from evolution.tests.shelf import FIRST_WRITER, Shelf, cut_short

IMPORTS = "from evolution.operations import Backfill\n" + FIRST_WRITER
ADD = """
migrations.AddField("book", "owner", models.ForeignKey("shelf.Writer", models.CASCADE, null=True)),
"""
FILL = """Backfill("book", "owner", value=first_writer, checkpoint="owner"),"""
on_a_server = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no such way")


def fill(shelf: Shelf, books: int, *, new: bool = True) -> None:
    """So many books, which 0003 gives to the writer 7; the column is as new as the run, or older."""
    shelf.rows("INSERT INTO shelf_writer (id, name) VALUES (7, 'Mann'), (9, 'Woolf')")
    with shelf.wrapper.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO shelf_book (id) VALUES (%s)", [(number,) for number in range(1, books + 1)]
        )
    shelf.write("0002_owner", ADD)
    shelf.write("0003_fill", FILL, IMPORTS)
    if not new:
        shelf.migrate("0002_owner")


def migrate(shelf: Shelf, target: str = "0003_fill") -> list[str]:
    """Go to this migration; the statements that it changed the tables of the shelf by."""
    sent: list[str] = []

    def look(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if str(sql).startswith(("ALTER TABLE", "UPDATE `shelf", 'UPDATE "shelf')):
            sent.append(str(sql))
        return answer

    with shelf.wrapper.execute_wrapper(look):
        JournaledExecutor(shelf.wrapper).migrate([("shelf", target)])
    return sent


def owners(shelf: Shelf) -> list[tuple[int | None, int]]:
    return shelf.rows("SELECT owner_id, COUNT(*) FROM shelf_book GROUP BY owner_id ORDER BY owner_id")


def updates(sent: list[str]) -> int:
    return sum(sql.startswith("UPDATE") for sql in sent)


# --- What comes out, whichever way it goes


@pytest.mark.parametrize("books", [0, 1, LARGE - 1, LARGE])
def test_every_row_has_the_value_and_goes_back_without_it(shelf, books):
    fill(shelf, books)
    migrate(shelf)
    assert owners(shelf) == ([(7, books)] if books else [])
    migrate(shelf, "0002_owner")
    assert owners(shelf) == ([(None, books)] if books else [])
    migrate(shelf)
    assert owners(shelf) == ([(7, books)] if books else [])


def test_the_foreign_key_stands_as_before(shelf):
    fill(shelf, LARGE)
    migrate(shelf)
    with shelf.wrapper.cursor() as cursor:
        found = shelf.wrapper.introspection.get_constraints(cursor, "shelf_book").values()
    assert [(one["columns"], one["foreign_key"]) for one in found if one["foreign_key"]] == [
        (["owner_id"], ("shelf_writer", "id"))
    ]


def test_values_that_are_there_stay_on_both_ways(shelf):
    fill(shelf, 3, new=False)
    shelf.rows("UPDATE shelf_book SET owner_id = 9 WHERE id = 2")
    migrate(shelf)
    assert owners(shelf) == [(7, 2), (9, 1)]
    migrate(shelf, "0002_owner")
    assert owners(shelf) == [(None, 2), (9, 1)]


def test_without_a_value_to_give_nothing_is_done(shelf):
    fill(shelf, 3)
    shelf.rows("DELETE FROM shelf_writer")
    migrate(shelf)
    assert owners(shelf) == [(None, 3)]


def test_a_project_without_this_journal_gets_the_same(shelf):
    fill(shelf, LARGE)
    shelf.migrate("0003_fill")
    assert owners(shelf) == [(7, LARGE)]


def test_it_is_written_into_a_migration_file_as_it_was_given():
    name, arguments, options = Backfill("book", "owner", value=seven, checkpoint="x").deconstruct()
    assert (name, arguments) == ("Backfill", [])
    assert options == {"model_name": "book", "field_name": "owner", "value": seven, "checkpoint": "x"}


def seven(_apps, _database):
    return 7


# --- Which way it goes


@on_a_server
def test_a_large_table_whose_column_is_new_needs_no_update(shelf):
    fill(shelf, LARGE)
    sent = migrate(shelf)
    assert updates(sent) == 0
    assert "ALTER TABLE `shelf_book` DROP COLUMN `owner_id`, ALGORITHM=INSTANT" in sent
    assert "ALTER TABLE `shelf_book` ADD COLUMN `owner_id` integer NULL DEFAULT 7, ALGORITHM=INSTANT" in sent


@on_a_server
def test_an_insert_that_does_not_know_the_column_gives_the_value_too(shelf):
    fill(shelf, LARGE)
    migrate(shelf)
    shelf.books("Faustus")
    assert owners(shelf) == [(7, LARGE + 1)]


def test_a_smaller_table_is_updated(shelf):
    fill(shelf, LARGE - 1)
    assert updates(migrate(shelf)) > 0


def test_a_column_that_was_there_before_the_run_is_updated(shelf):
    fill(shelf, LARGE, new=False)
    assert updates(migrate(shelf)) > 0


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX both_of ON shelf_book (owner_id, title)",
        "CREATE UNIQUE INDEX both_of ON shelf_book (title, owner_id)",
        "ALTER TABLE shelf_book ADD CONSTRAINT owned CHECK (owner_id > 0)",
        "ALTER TABLE shelf_book ADD COLUMN twice int AS (owner_id * 2) VIRTUAL",
    ],
)
@on_a_server
def test_where_more_stands_on_the_column_rows_are_updated(shelf, sql):
    fill(shelf, LARGE)
    shelf.write("0003_fill", f"migrations.RunSQL({sql!r}),")
    shelf.write("0004_fill", FILL, IMPORTS)
    assert updates(migrate(shelf, "0004_fill")) > 0
    assert owners(shelf) == [(7, LARGE)]


@on_a_server
def test_an_index_of_the_column_alone_is_there_again(shelf):
    fill(shelf, LARGE)
    shelf.write("0003_fill", "migrations.RunSQL('CREATE INDEX by_owner ON shelf_book (owner_id)'),")
    shelf.write("0004_fill", FILL, IMPORTS)
    assert updates(migrate(shelf, "0004_fill")) == 0
    assert "KEY `by_owner` (`owner_id`)" in shelf.rows("SHOW CREATE TABLE shelf_book")[0][1]


@on_a_server
def test_cut_short_anywhere_a_second_run_ends_it(shelf):
    fill(shelf, LARGE)
    number = 1
    while cut_short(shelf, "0003_fill", number):
        migrate(shelf)
        assert owners(shelf) == [(7, LARGE)], f"cut short before statement {number}"
        migrate(shelf, "0001_initial")
        number += 1
    assert number > 10


# --- Columns that a run has made


def test_columns_are_new_until_their_table_or_a_column_of_it_gets_another_name():
    added = [
        "ALTER TABLE `a` ADD COLUMN `x` int NULL, ALGORITHM=INSTANT",
        "ALTER TABLE `b` ADD COLUMN `y` int",
    ]
    assert new_columns(added) == {("a", "x"), ("b", "y")}
    assert new_columns([*added, "RENAME TABLE `a` TO `c`"]) == {("b", "y")}
    assert new_columns([*added, "ALTER TABLE `b` RENAME COLUMN `y` TO `z`"]) == {("a", "x")}
    assert new_columns([*added, "ALTER TABLE `b` CHANGE `y` `z` int"]) == {("a", "x")}
    assert new_columns(["RENAME TABLE `a` TO `c`", *added]) == {("a", "x"), ("b", "y")}
