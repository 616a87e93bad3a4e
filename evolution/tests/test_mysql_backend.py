"""What the schema editor for MySQL and MariaDB does another way than Django's."""

import pytest
from django.db import DatabaseError, connection

from evolution.executor import JournaledExecutor
from evolution.tests.shelf import Shelf

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="another backend")

KEY = 'models.ForeignKey("shelf.Writer", models.CASCADE{})'


@pytest.fixture
def migrate(shelf: Shelf):
    """Migrates over these operations; what changed the shelf's tables."""

    def run(*operations: str) -> list[str]:
        name = f"{len(shelf.names) + 1:04}_next"
        shelf.write(name, "\n".join(operations))
        sent: list[str] = []

        def look(execute, sql, params, many, context):
            answer = execute(sql, params, many, context)
            if "shelf_" in str(sql) and str(sql).startswith(("ALTER", "CREATE")):
                sent.append(str(sql).partition(", ALGORITHM")[0])
            return answer

        with shelf.wrapper.execute_wrapper(look):
            JournaledExecutor(shelf.wrapper).migrate([("shelf", name)])
        return sent

    return run


def test_a_column_comes_first_and_its_foreign_key_at_the_end(shelf, migrate):
    column, other, key = migrate(
        f"migrations.AddField('book', 'writer', {KEY.format(', null=True')}),",
        "migrations.AddField('book', 'pages', models.IntegerField(null=True)),",
    )
    assert column == "ALTER TABLE `shelf_book` ADD COLUMN `writer_id` integer NULL"
    assert "`pages`" in other
    assert key.startswith("ALTER TABLE `shelf_book` ADD CONSTRAINT `shelf_book_writer_id_")
    with pytest.raises(DatabaseError):
        shelf.rows("INSERT INTO shelf_book (writer_id) VALUES (4711)")


def test_an_insert_that_does_not_know_a_new_column_goes_on(shelf, migrate):
    (added,) = migrate("migrations.AddField('book', 'pages', models.IntegerField(default=100)),")
    assert added.endswith(" NOT NULL")
    shelf.rows("INSERT INTO shelf_book (title) VALUES ('Emma')")
    assert shelf.rows("SELECT pages FROM shelf_book") == [(100,)]


def test_an_editor_alone_does_as_django_has_it(shelf):
    shelf.write(
        "0002_next", "migrations.AddField('book', 'pages', models.PositiveIntegerField(default=100)),"
    )
    shelf.migrate("0002_next")
    assert "DEFAULT '100'" not in shelf.rows("SHOW CREATE TABLE shelf_book")[0][1]
    with pytest.raises(DatabaseError):
        shelf.rows("INSERT INTO shelf_book (title) VALUES ('Emma')")


def test_rows_that_are_there_get_the_default_of_a_column_that_may_be_null(shelf, migrate):
    shelf.books("Emma")
    migrate("migrations.AddField('book', 'pages', models.IntegerField(default=100, null=True)),")
    assert shelf.rows("SELECT pages FROM shelf_book") == [(100,)]


def test_a_foreign_key_stays_where_null_is_no_longer_allowed_and_allowed_again(shelf, migrate):
    null, required = KEY.format(", null=True"), KEY.format("")
    migrate(f"migrations.AddField('book', 'writer', {null}),")
    (changed,) = migrate(f"migrations.AlterField('book', 'writer', {required}),")
    assert changed == "ALTER TABLE `shelf_book` MODIFY `writer_id` integer NOT NULL"
    (changed,) = migrate(f"migrations.AlterField('book', 'writer', {null}),")
    assert changed == "ALTER TABLE `shelf_book` MODIFY `writer_id` integer NULL"
    with pytest.raises(DatabaseError):
        shelf.rows("INSERT INTO shelf_book (writer_id) VALUES (4711)")


def test_a_foreign_key_to_another_table_is_another_one(shelf, migrate):
    migrate(
        'migrations.CreateModel("Reader", [("id", models.AutoField(primary_key=True))]),',
        f"migrations.AddField('book', 'writer', {KEY.format(', null=True')}),",
    )
    sent = migrate(
        "migrations.AlterField('book', 'writer', models.ForeignKey('shelf.Reader', models.CASCADE)),"
    )
    assert any("DROP FOREIGN KEY" in sql for sql in sent)
    assert any("REFERENCES `shelf_reader`" in sql for sql in sent)


def test_a_number_without_a_sign_stays_so_with_a_check_or_without(shelf, migrate):
    (added,) = migrate("migrations.AddField('book', 'pages', models.PositiveIntegerField(default=1)),")
    assert ("CHECK" in added) == shelf.wrapper.mysql_is_mariadb
    with pytest.raises(DatabaseError):
        shelf.rows("INSERT INTO shelf_book (pages) VALUES (-1)")


def test_a_check_of_another_kind_is_made(shelf, migrate):
    migrate("migrations.AddField('book', 'notes', models.JSONField(null=True)),")
    with pytest.raises(DatabaseError):
        shelf.rows("INSERT INTO shelf_book (notes) VALUES ('{')")


def test_indexes_and_keys_of_one_table_are_made_at_once(shelf, migrate):
    sent = migrate(
        f"migrations.AddField('book', 'writer', {KEY.format(', null=True')}),",
        f"""migrations.AddField('book', 'editor', {KEY.format(', null=True, related_name="+"')}),""",
        "migrations.AddField('book', 'pages', models.IntegerField(null=True, db_index=True)),",
    )
    assert len(sent) == 4
    assert sent[-1].count(" ADD ") == 3


def test_a_key_that_a_later_operation_makes_is_not_made_twice(shelf, migrate):
    migrate(
        f"migrations.AddField('book', 'writer', {KEY.format(', null=True')}),",
        "migrations.AlterField('writer', 'id', models.BigAutoField(primary_key=True)),",
    )
    assert shelf.rows("SHOW CREATE TABLE shelf_book")[0][1].count("FOREIGN KEY") == 1
