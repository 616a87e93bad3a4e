"""What a migration drops or narrows is kept, and comes back where the migration goes the other way."""

import pytest
from django.db import DatabaseError, connection

from evolution.archive.entries import entries, rows_left, rows_of
from evolution.executor import JournaledExecutor
from evolution.models import ArchiveEntry
from evolution.tests.shelf import Shelf

IS_SQLITE = connection.vendor == "sqlite"


class Library:
    """The shelf, taken there and back over its last migration."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.rows = shelf.rows

    def changes(self, *operations: str, **options) -> "Library":
        self.shelf.write(f"{len(self.shelf.names) + 1:04}_next", "\n".join(operations), **options)
        return self

    def up(self) -> None:
        self._to(self.shelf.names[-1])

    def down(self) -> None:
        self._to(self.shelf.names[-2])

    def _to(self, name: str) -> None:
        JournaledExecutor(self.shelf.wrapper).migrate([("shelf", name)])

    def kept(self) -> list[tuple[str, int]]:
        """What the archive holds: of what, and how many rows."""
        wrapper = self.shelf.wrapper
        return [(str(entry), rows_left(wrapper, entry)) for entry in reversed(entries(wrapper))]

    def last(self) -> ArchiveEntry:
        return entries(self.shelf.wrapper)[0]


@pytest.fixture
def library(shelf) -> Library:
    return Library(shelf)


def test_the_values_of_a_dropped_column_come_back(library):
    library.changes("migrations.RemoveField('book', 'title'),")
    library.shelf.books("Emma", None, "Persuasion")
    library.up()
    assert library.kept() == [("shelf_book.title", 2)]
    library.down()
    assert library.rows("SELECT title FROM shelf_book ORDER BY id") == [("Emma",), (None,), ("Persuasion",)]
    assert library.kept() == [("shelf_book.title", 0)]


@pytest.mark.skipif(not IS_SQLITE, reason="Django drops no such column on MySQL and MariaDB")
def test_a_percent_sign_in_a_name_is_only_that(library):
    library.changes("migrations.AddField('book', 'share', models.IntegerField(null=True, db_column='in %')),")
    library.up()
    library.rows("INSERT INTO shelf_book (id, `in %`) VALUES (1, 7)")
    library.down()
    library.up()
    assert library.rows("SELECT `in %` FROM shelf_book") == [(7,)]


def test_what_is_written_meanwhile_is_left_as_it_is(library):
    library.changes("migrations.RemoveField('book', 'title'),")
    library.shelf.books("Emma", "Persuasion")
    library.up()
    library.rows("DELETE FROM shelf_book WHERE id = 1")
    library.rows("INSERT INTO shelf_book (id, writer_number) VALUES (3, 7)")
    library.down()
    assert library.rows("SELECT id, title FROM shelf_book ORDER BY id") == [(2, "Persuasion"), (3, None)]
    entry = library.last()
    assert (entry.row_count, entry.restored_count, entry.conflicts) == (2, 1, 1)
    assert list(rows_of(library.shelf.wrapper, entry)) == [{"id": 1, "title": "Emma"}]


def test_a_column_that_an_earlier_release_does_not_know_comes_back_with_its_values(library):
    library.changes("migrations.AddField('book', 'pages', models.IntegerField(default=100)),")
    library.shelf.books("Emma", "Persuasion", "Sanditon")
    library.up()
    library.rows("UPDATE shelf_book SET pages = 512 WHERE id = 2")
    library.down()
    assert library.kept() == [("shelf_book.pages", 1)]  # the others have the default anyway
    library.up()
    assert library.rows("SELECT pages FROM shelf_book ORDER BY id") == [(100,), (512,), (100,)]


def test_null_comes_back_where_the_default_is_another_value(library):
    library.changes("migrations.AddField('book', 'pages', models.IntegerField(null=True, default=100)),")
    library.shelf.books("Emma", "Persuasion")
    library.up()
    library.rows("UPDATE shelf_book SET pages = NULL WHERE id = 2")
    library.down()
    library.up()
    assert library.rows("SELECT pages FROM shelf_book ORDER BY id") == [(100,), (None,)]


@pytest.mark.parametrize("options", ["", ", unique=True", ", unique=True, null=True"])
def test_a_column_that_needs_a_value_of_its_own_for_each_row_comes_back(library, options):
    library.changes(f"migrations.AddField('book', 'isbn', models.CharField(max_length=13{options})),")
    library.up()
    library.rows("INSERT INTO shelf_book (title, isbn) VALUES ('Emma', '123'), ('Persuasion', '456')")
    library.changes("migrations.RemoveField('book', 'isbn'),")
    library.up()
    library.down()
    assert library.rows("SELECT title, isbn FROM shelf_book ORDER BY id") == [
        ("Emma", "123"),
        ("Persuasion", "456"),
    ]
    (definition,) = [column for column in _columns(library.shelf) if column[0] == "isbn"]
    assert definition[1] == ("null=True" in options)


@pytest.mark.parametrize("kind", ["ForeignKey", "OneToOneField"])
def test_a_column_that_must_point_to_a_row_comes_back(library, kind):
    library.changes(f"migrations.AddField('book', 'writer', models.{kind}('shelf.Writer', models.CASCADE)),")
    library.up()
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen'), (7, 'Eliot')")
    library.rows("INSERT INTO shelf_book (title, writer_id) VALUES ('Emma', 3), ('Romola', 7)")
    library.changes("migrations.RemoveField('book', 'writer'),")
    library.up()
    library.down()
    assert library.rows("SELECT title, writer_id FROM shelf_book ORDER BY id") == [("Emma", 3), ("Romola", 7)]
    assert ("writer_id", False) in _columns(library.shelf)
    with pytest.raises(DatabaseError):
        library.rows("INSERT INTO shelf_book (title, writer_id) VALUES ('Nobody''s', 4)")


def _columns(shelf):
    with shelf.wrapper.cursor() as cursor:
        found = shelf.wrapper.introspection.get_table_description(cursor, "shelf_book")
    return [(column.name, bool(column.null_ok)) for column in found]


def test_a_dropped_table_comes_back_with_its_ids(library):
    library.changes("migrations.DeleteModel('Writer'),")
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen'), (7, 'Eliot'), (9, 'Gone')")
    library.rows("DELETE FROM shelf_writer WHERE id = 9")
    library.up()
    assert library.kept() == [("shelf_writer", 2)]
    library.down()
    assert library.rows("SELECT id, name FROM shelf_writer ORDER BY id") == [(3, "Austen"), (7, "Eliot")]
    library.rows("INSERT INTO shelf_writer (name) VALUES ('Gaskell')")
    assert library.rows("SELECT id FROM shelf_writer WHERE name = 'Gaskell'") == [(10,)]
    assert library.kept() == [("shelf_writer", 0)]


@pytest.mark.skipif(IS_SQLITE, reason="SQLite drops it all the same")
def test_a_table_that_another_one_points_to_is_not_put_away_with_its_key(library):
    library.changes("migrations.DeleteModel('Writer'),")
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen')")
    library.rows("CREATE TABLE letter (writer int, FOREIGN KEY (writer) REFERENCES shelf_writer (id))")
    with pytest.raises(DatabaseError):
        library.up()
    assert library.kept() == []
    assert library.rows("SELECT name FROM shelf_writer") == [("Austen",)]


def test_a_table_goes_to_the_archive_together_with_those_of_its_many_to_many_fields(library):
    library.changes("migrations.AddField('writer', 'books', models.ManyToManyField('shelf.Book')),")
    library.up()
    library.shelf.books("Emma")
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen')")
    library.rows("INSERT INTO shelf_writer_books (id, book_id, writer_id) VALUES (5, 1, 3)")
    library.changes("migrations.DeleteModel('Writer'),")
    library.up()
    assert sorted(library.kept()) == [("shelf_writer", 1), ("shelf_writer_books", 1)]
    library.down()
    assert library.rows("SELECT id, name FROM shelf_writer") == [(3, "Austen")]
    assert library.rows("SELECT id, book_id, writer_id FROM shelf_writer_books") == [(5, 1, 3)]


def test_a_key_and_the_table_that_it_points_to_go_in_one_operation(library):
    library.changes(
        "migrations.AddField('book', 'writer', models.ForeignKey('shelf.Writer', models.CASCADE, null=True)),"
    )
    library.up()
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen')")
    library.rows("INSERT INTO shelf_book (id, writer_id) VALUES (1, 3)")
    gone = "[migrations.RemoveField('book', 'writer'), migrations.DeleteModel('Writer')]"
    library.changes(
        f"migrations.SeparateDatabaseAndState(database_operations={gone}, state_operations={gone}),"
    )
    library.up()
    library.down()
    assert library.rows("SELECT id, name FROM shelf_writer") == [(3, "Austen")]
    assert library.rows("SELECT id, writer_id FROM shelf_book") == [(1, 3)]


def test_the_rows_of_a_dropped_many_to_many_field_come_back(library):
    library.changes("migrations.AddField('book', 'writers', models.ManyToManyField('shelf.Writer')),")
    library.up()
    library.shelf.books("Emma", "Persuasion")
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen')")
    library.rows("INSERT INTO shelf_book_writers (id, book_id, writer_id) VALUES (5, 1, 3), (6, 2, 3)")
    library.down()
    library.rows("DELETE FROM shelf_book WHERE id = 2")  # nothing in the archive holds on to it
    library.up()
    assert library.rows("SELECT id, book_id, writer_id FROM shelf_book_writers") == [(5, 1, 3)]
    assert library.last().conflicts == 1


def test_a_value_whose_target_is_gone_stays_in_the_archive(library):
    library.changes(
        "migrations.AddField('book', 'writer', models.ForeignKey('shelf.Writer', models.CASCADE, null=True)),"
    )
    library.up()
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen'), (4, 'Eliot')")
    library.rows("INSERT INTO shelf_book (title, writer_id) VALUES ('Emma', 3), ('Romola', 4)")
    library.down()
    library.rows("DELETE FROM shelf_writer WHERE id = 4")
    library.up()
    assert library.rows("SELECT title, writer_id FROM shelf_book ORDER BY id") == [
        ("Emma", 3),
        ("Romola", None),
    ]
    assert list(rows_of(library.shelf.wrapper, library.last())) == [{"id": 2, "writer_id": 4}]


LONGER = "migrations.AlterField('book', 'title', models.CharField(max_length=40, null=True)),"


def test_text_that_an_earlier_release_has_no_room_for_is_shortened_and_comes_back(library):
    library.changes(LONGER)
    library.up()
    library.shelf.books("Emma", "x" * 20 + "äöü", "y" * 40)
    library.down()
    assert library.rows("SELECT title FROM shelf_book ORDER BY id") == [("Emma",), ("x" * 20,), ("y" * 20,)]
    library.rows("UPDATE shelf_book SET title = 'Changed' WHERE id = 3")
    library.up()
    found = library.rows("SELECT title FROM shelf_book ORDER BY id")
    assert found == [("Emma",), ("x" * 20 + "äöü",), ("Changed",)]
    (conflict,) = rows_of(library.shelf.wrapper, library.last())
    assert (conflict["id"], conflict["title"]) == (3, "y" * 40)


def test_a_change_of_capitals_alone_is_a_change(library):
    library.changes(LONGER)
    library.up()
    library.shelf.books("x" * 30)
    library.down()
    library.rows(f"UPDATE shelf_book SET title = '{'X' * 20}'")
    library.up()
    assert library.rows("SELECT title FROM shelf_book") == [("X" * 20,)]


@pytest.mark.parametrize(
    ("wide", "narrow", "values", "between"),
    [
        (
            "BigIntegerField(null=True)",
            "SmallIntegerField(null=True)",
            [5, 40000, -40000],
            [5, 32767, -32768],
        ),
        (
            "DecimalField(max_digits=9, decimal_places=4, null=True)",
            "DecimalField(max_digits=4, decimal_places=2, null=True)",
            ["1.2000", "1.2345", "-500.0000"],
            ["1.20", "1.23", "-99.99"],
        ),
        ("IntegerField(null=True)", "IntegerField(default=-1)", [5, None, 7], [5, -1, 7]),
    ],
)
def test_values_that_do_not_fit_become_the_nearest_and_come_back(library, wide, narrow, values, between):
    library.changes(f"migrations.AddField('book', 'size', models.{wide}),")
    library.up()
    for value in values:
        library.rows(f"INSERT INTO shelf_book (size) VALUES ({'NULL' if value is None else value})")
    library.changes(f"migrations.AlterField('book', 'size', models.{narrow}),")
    library.up()
    assert _numbers(library) == [_number(value) for value in between]
    library.down()
    assert _numbers(library) == [_number(value) for value in values]


def _numbers(library):
    return [_number(size) for (size,) in library.rows("SELECT size FROM shelf_book ORDER BY id")]


def _number(value):
    return None if value is None else float(value)


def test_a_later_migration_that_makes_a_table_of_the_same_name_gets_none_of_its_rows(library):
    library.changes("migrations.DeleteModel('Writer'),")
    library.rows("INSERT INTO shelf_writer (name) VALUES ('Austen')")
    library.up()
    library.changes("migrations.CreateModel('Writer', [('id', models.AutoField(primary_key=True))]),")
    library.up()
    assert library.rows("SELECT COUNT(*) FROM shelf_writer") == [(0,)]
    assert library.kept() == [("shelf_writer", 1)]


MOVE = """
def move(apps, schema_editor):
    database = schema_editor.connection.alias
    books = apps.get_model("shelf", "Book").objects.using(database)
    for writer in apps.get_model("shelf", "Writer").objects.using(database).all():
        books.create(title=writer.name, writer_number=writer.pk)

def move_back(apps, schema_editor):
    database = schema_editor.connection.alias
    writers = apps.get_model("shelf", "Writer").objects.using(database)
    for book in apps.get_model("shelf", "Book").objects.using(database).exclude(writer_number=None):
        writers.create(pk=book.writer_number, name=book.title)
"""


def test_rows_stay_in_the_archive_where_a_data_step_of_the_way_back_fills_the_table(library):
    library.changes(
        "migrations.RunPython(move, move_back),", "migrations.DeleteModel('Writer'),", imports=MOVE
    )
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen')")
    library.up()
    library.rows("UPDATE shelf_book SET title = 'Jane Austen'")
    library.down()
    assert library.rows("SELECT id, name FROM shelf_writer") == [(3, "Jane Austen")]
    assert library.kept() == [("shelf_writer", 1)]


def test_nothing_comes_back_where_nothing_is_to(library):
    library.changes("migrations.RemoveField('book', 'title'),", "migrations.DeleteModel('Writer'),")
    library.shelf.books("Emma")
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen')")
    library.up()
    executor = JournaledExecutor(library.shelf.wrapper)
    executor.leaves_archive = True
    executor.migrate([("shelf", "0001_initial")])
    assert library.rows("SELECT title FROM shelf_book") == [(None,)]
    assert library.rows("SELECT name FROM shelf_writer") == []
    assert library.kept() == [("shelf_book.title", 1), ("shelf_writer", 1)]


def test_what_holds_nothing_is_not_kept(library):
    library.changes("migrations.DeleteModel('Writer'),", "migrations.RemoveField('book', 'title'),")
    library.shelf.books(None)
    library.up()
    assert library.kept() == []
    library.down()
    assert library.rows("SELECT title FROM shelf_book") == [(None,)]
