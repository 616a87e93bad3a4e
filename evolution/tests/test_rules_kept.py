"""What a plan drops without the archive, and what of it the archive makes harmless."""

import pytest

from evolution.executor import JournaledExecutor
from evolution.statements import dropped_in
from evolution.tests.test_rules_rows import codes, only

PAGES = "migrations.AddField('book', 'pages', models.IntegerField()),"


@pytest.mark.parametrize(
    ("statement", "dropped"),
    [
        ("DROP TABLE book", [("book", "")]),
        ('drop table if exists `a`, "b"', [("a", ""), ("b", "")]),
        ("TRUNCATE book", [("book", "")]),
        ("TRUNCATE TABLE `book`", [("book", "")]),
        ("ALTER TABLE `book` DROP COLUMN `a`, DROP b", [("book", "a"), ("book", "b")]),
        ("ALTER TABLE book DROP COLUMN IF EXISTS a", [("book", "a")]),
        ("ALTER TABLE book DROP INDEX a, DROP FOREIGN KEY b, DROP PRIMARY KEY, DROP CONSTRAINT c", []),
        ("ALTER TABLE book ALTER a DROP DEFAULT", []),
        ("ALTER TABLE book ADD COLUMN a int", []),
        ("DROP INDEX a ON book", []),
        ("DELETE FROM book", []),
    ],
)
def test_what_a_statement_drops_is_told_by_its_text(statement, dropped):
    assert dropped_in(statement) == dropped


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "DROP TABLE shelf_book",
            "Nothing is kept of table shelf_book, which is dropped. Rows that would be lost: 2 now.",
        ),
        (
            "ALTER TABLE shelf_book DROP COLUMN title",
            "Nothing is kept of column title of table shelf_book, which is dropped. Values that would be lost: 1 now.",
        ),
    ],
)
def test_e204_a_statement_that_drops_what_has_values_is_refused(shelf, sql, told):
    shelf.books("Emma", None)
    finding = only(shelf.check(f"migrations.RunSQL({sql!r}, migrations.RunSQL.noop),"), "E204")
    assert finding.message == told
    assert "RemoveField" in finding.hint


def test_e204_a_statement_that_drops_what_is_empty_loses_nothing(shelf):
    shelf.books(None)
    drops = "'ALTER TABLE shelf_book DROP COLUMN title; DROP TABLE shelf_writer'"
    assert "E204" not in codes(shelf.check(f"migrations.RunSQL({drops}, migrations.RunSQL.noop),"))


def test_e204_can_be_accepted_with_a_reason(shelf):
    shelf.books("Emma")
    drop = "migrations.RunSQL('DROP TABLE shelf_book', migrations.RunSQL.noop),"
    assert "E204" not in codes(shelf.check(drop, accepted={"evolution.E204": "a copy of another table"}))


def test_w204_without_a_database_it_is_a_warning(shelf):
    drop = "migrations.RunSQL('DROP TABLE shelf_book', migrations.RunSQL.noop),"
    assert "W204" in codes(shelf.check(drop, database=False))


def test_e204_a_primary_key_that_is_dropped_is_not_kept(shelf):
    shelf.books("Emma")
    operations = (
        "migrations.RemoveField('book', 'id'),"
        "migrations.AddField('book', 'number', models.AutoField(primary_key=True)),"
    )
    assert "column id of table shelf_book" in only(shelf.check(operations), "E204").message


def taken_to(shelf, name: str) -> None:
    JournaledExecutor(shelf.wrapper).migrate([("shelf", name)])


def test_e301_the_way_back_to_a_required_column_is_open_where_the_archive_has_a_value_for_every_row(shelf):
    shelf.write("0002_pages", PAGES)
    taken_to(shelf, "0002_pages")
    shelf.rows("INSERT INTO shelf_book (id, title, pages) VALUES (1, 'Emma', 512)")
    shelf.write("0003_less", "migrations.RemoveField('book', 'pages'),")
    taken_to(shelf, "0003_less")
    assert codes(shelf.check(to="0002_pages")) == []
    shelf.books("Sanditon")
    finding = only(shelf.check(to="0002_pages"), "E301")
    assert "The archive does not have a value for every row" in finding.hint


def test_w203_going_back_values_that_do_not_fit_are_kept(shelf):
    shelf.write(
        "0002_longer", "migrations.AlterField('book', 'title', models.CharField(max_length=40, null=True)),"
    )
    taken_to(shelf, "0002_longer")
    shelf.books("x" * 30)
    finding = only(shelf.check(to="0001_initial"), "W203")
    assert finding.message.endswith("20 characters instead of 40. Values that do not fit: 1.")
    assert "The archive keeps them" in finding.hint
