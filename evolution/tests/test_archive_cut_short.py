"""What a migration drops or narrows is there again, wherever a run over it was cut short."""

import pytest
from django.db import connection

from evolution.executor import JournaledExecutor
from evolution.fingerprints import alike, fingerprint
from evolution.tests.shelf import cut_short
from evolution.tests.test_archive import LONGER, library  # noqa: F401 - a fixture


@pytest.mark.parametrize("way", ["down", "up"])
def test_cut_short_anywhere_and_gone_on_with_every_value_is_there(library, way):  # noqa: F811
    library.changes(
        "migrations.AddField('book', 'pages', models.IntegerField(default=100)),",
        LONGER,
        "migrations.CreateModel('Copy', [('id', models.AutoField(primary_key=True)), ('place', models.TextField())]),",
    )
    library.up()
    library.rows("INSERT INTO shelf_book (title, pages) VALUES ('Emma', 512), ('%s', 7)" % ("x" * 30))
    library.rows("INSERT INTO shelf_copy (id, place) VALUES (4, 'attic')")
    before, after = library.shelf.names[-2:]
    number = 1
    while True:
        if way == "up":
            library.down()
            is_cut = cut_short(library.shelf, after, number)
            library.up()
        else:
            is_cut = cut_short(library.shelf, before, number)
            library.down()
            library.up()
        assert library.rows("SELECT title, pages FROM shelf_book ORDER BY id") == [
            ("Emma", 512),
            ("x" * 30, 7),
        ]
        assert library.rows("SELECT id, place FROM shelf_copy") == [(4, "attic")]
        assert {rows for _name, rows in library.kept()} == {0}
        if not is_cut:
            break
        number += 1
    assert number > 10


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite rolls a migration back that was cut short")
def test_cut_short_anywhere_and_taken_back_every_value_is_there(library):  # noqa: F811
    library.changes(
        "migrations.AddField('book', 'writers', models.ManyToManyField('shelf.Writer')),",
        "migrations.AddField('book', 'writer', models.ForeignKey('shelf.Writer', models.CASCADE, null=True)),",
    )
    library.up()
    library.rows("INSERT INTO shelf_writer (id, name) VALUES (3, 'Austen')")
    library.rows("INSERT INTO shelf_book (id, title, writer_id) VALUES (1, 'Emma', 3)")
    library.rows("INSERT INTO shelf_book_writers (id, book_id, writer_id) VALUES (5, 1, 3)")
    library.changes(
        "migrations.RemoveField('book', 'writers'),",
        "migrations.RemoveField('book', 'writer'),",
        "migrations.AlterField('writer', 'id', models.BigAutoField(primary_key=True)),",
        "migrations.DeleteModel('Writer'),",
    )
    before = fingerprint(library.shelf.wrapper, ["shelf_book", "shelf_writer", "shelf_book_writers"])
    number = 0
    while True:
        number += 1
        if not cut_short(library.shelf, library.shelf.names[-1], number):
            break
        executor = JournaledExecutor(library.shelf.wrapper)
        migration = executor.loader.get_migration("shelf", library.shelf.names[-1])
        executor.undo_halfway(migration, backwards=False)
        assert library.rows("SELECT id, title, writer_id FROM shelf_book") == [(1, "Emma", 3)], number
        assert library.rows("SELECT id, name FROM shelf_writer") == [(3, "Austen")], number
        assert library.rows("SELECT id, book_id, writer_id FROM shelf_book_writers") == [(5, 1, 3)], number
        assert alike(library.shelf.wrapper, before, fingerprint(library.shelf.wrapper, list(before))), number
    assert number > 20
