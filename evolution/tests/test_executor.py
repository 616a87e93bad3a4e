"""Migrations that are not atomic, and migrations that the server refuses."""

import pytest
from django.db import IntegrityError

from evolution.executor import JournaledExecutor
from evolution.models import Statement
from evolution.tests.shelf import Shelf

EVERY_KIND = """
migrations.CreateModel('Shop', [('id', models.AutoField(primary_key=True)), ('name', models.SlugField())]),
migrations.AddField('Book', 'shop', models.ForeignKey('shelf.Shop', models.CASCADE, null=True)),
migrations.RenameField('Book', 'title', 'name'),
migrations.RunSQL("UPDATE shelf_book SET name = 'one more' WHERE id = 1"),
"""
FAILS = "migrations.RunSQL('INSERT INTO nowhere VALUES (1)'),"


def write(shelf: Shelf, operations: str) -> None:
    file = shelf.write("0002_next", operations)
    file.write_text(file.read_text().replace("    operations = [", "    atomic = False\n    operations = ["))


def migrate(shelf: Shelf, name: str) -> None:
    JournaledExecutor(shelf.wrapper).migrate([("shelf", name)])


def test_one_that_failed_half_way_goes_on_from_there(shelf):
    shelf.books("one", "two")
    write(shelf, EVERY_KIND + FAILS)
    with pytest.raises(Exception, match="nowhere"):
        migrate(shelf, "0002_next")
    shelf.rows("CREATE TABLE nowhere (id int)")
    migrate(shelf, "0002_next")
    assert shelf.rows("SELECT * FROM nowhere") == [(1,)]
    assert shelf.rows("SELECT name, shop_id FROM shelf_book ORDER BY id") == [
        ("one more", None),
        ("two", None),
    ]
    with shelf.wrapper.cursor() as cursor:
        made = shelf.wrapper.introspection.get_constraints(cursor, "shelf_shop").values()
    assert ["name"] in [found["columns"] for found in made if found["index"]]


def test_one_of_schema_changes_goes_back(shelf):
    shelf.books("one")
    write(shelf, EVERY_KIND.rpartition("migrations.RunSQL")[0])
    migrate(shelf, "0002_next")
    migrate(shelf, "0001_initial")
    assert shelf.rows("SELECT title FROM shelf_book") == [("one",)]
    assert "shelf_shop" not in shelf.wrapper.introspection.table_names()


def test_a_migration_that_the_server_refused_may_be_put_right_in_its_file(shelf):
    shelf.books("same", "same")
    unique = (
        "migrations.AlterField('Book', 'title', models.CharField(max_length=20, null=True, unique=True)),"
    )
    shelf.write("0002_next", unique)
    with pytest.raises(IntegrityError):
        migrate(shelf, "0002_next")
    shelf.write("0002_next", "migrations.AddField('Book', 'pages', models.IntegerField(null=True)),")
    migrate(shelf, "0002_next")
    assert shelf.rows("SELECT title, pages FROM shelf_book") == [("same", None), ("same", None)]


def test_what_was_done_before_a_statement_that_the_server_refused_is_not_done_again(shelf):
    shelf.books("same", "same")
    shelf.write(
        "0002_next",
        "migrations.AddField('Book', 'pages', models.IntegerField(null=True)),"
        "migrations.AlterField('Book', 'title', models.CharField(max_length=20, null=True, unique=True)),",
    )
    with pytest.raises(IntegrityError):
        migrate(shelf, "0002_next")
    shelf.rows("UPDATE shelf_book SET title = 'other' WHERE id = 2")
    migrate(shelf, "0002_next")
    assert shelf.rows("SELECT title, pages FROM shelf_book ORDER BY id") == [("same", None), ("other", None)]


def test_a_table_that_code_made_within_the_migration_is_looked_at_before_a_later_statement(shelf):
    shelf.books("one")
    write(
        shelf,
        "migrations.AddField('Book', 'pages', models.IntegerField(null=True)),"
        "migrations.RunPython(lambda apps, editor: editor.execute('CREATE TABLE made (id int)')),"
        "migrations.RunSQL('ALTER TABLE made ADD COLUMN size int'),",
    )
    executor = JournaledExecutor(shelf.wrapper)
    executor.allows_hidden_changes = True
    executor.migrate([("shelf", "0002_next")])
    lines = Statement.objects.using(shelf.wrapper.alias).filter(sql__startswith="ALTER TABLE made")
    assert [list(line.before or {}) for line in lines] == (
        [] if shelf.wrapper.vendor == "sqlite" else [["made"]]
    )
