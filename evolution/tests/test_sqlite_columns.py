"""A new column on SQLite comes with its default, without a rebuild, and rows have what a rebuild would give them."""

import datetime
import uuid

import pytest
from django.db import IntegrityError, connection, models

from evolution.executor import JournaledExecutor
from evolution.tests.shelf import Shelf

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="another backend")

COLUMNS = {
    "negative": "models.IntegerField(default=-3)",
    "without a sign": "models.PositiveIntegerField(default=2)",
    "true": "models.BooleanField(default=True)",
    "decimal": "models.DecimalField(max_digits=9, decimal_places=2, default='100.00')",
    "small": "models.FloatField(default=1e-5)",
    "text": r"""models.CharField(max_length=40, default="it's 100 % \"x\" 🚀 \\")""",
    "digits": "models.CharField(max_length=5, default='007')",
    "empty": "models.CharField(max_length=5, blank=True, default='')",
    "bytes": r"models.BinaryField(default=b'\x00\xff')",
    "JSON": "models.JSONField(default=dict)",
    "time": "models.DateTimeField(default=datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc))",
    "duration": "models.DurationField(default=datetime.timedelta(days=1))",
    "UUID": "models.UUIDField(default=uuid.UUID(int=7))",
}
# What SQLite can't add, or what Django adds without a rebuild anyway.
REBUILT = {
    "unique": ("models.IntegerField(default=1, unique=True)", True),
    "may be NULL": ("models.IntegerField(default=1, null=True)", True),
    "foreign key": ("models.ForeignKey('shelf.Writer', models.CASCADE, default=1)", False),
    "plain": ("models.IntegerField(default=1)", False),
}


def add(shelf: Shelf, field: str) -> tuple[list[tuple[object, ...]], list[str]]:
    """Add the column; the kind and value that a row has in it, and the statements that made a table."""
    made: list[str] = []

    def look(execute, sql, params, many, context):
        made.extend(
            [str(sql)] if str(sql).startswith("CREATE TABLE") and "evolution_" not in str(sql) else []
        )
        return execute(sql, params, many, context)

    shelf.rows("INSERT INTO shelf_writer (id, name) VALUES (1, 'Mann')")
    shelf.books("Tod")
    shelf.write("0002_next", f"migrations.AddField('book', 'new', {field}),")
    with shelf.wrapper.execute_wrapper(look):
        JournaledExecutor(shelf.wrapper).migrate([("shelf", "0002_next")])
    ((column,),) = shelf.rows("SELECT name FROM pragma_table_info('shelf_book') WHERE name LIKE 'new%'")
    return shelf.rows(f"SELECT typeof({column}), quote({column}) FROM shelf_book"), made


@pytest.mark.parametrize("field", COLUMNS.values(), ids=COLUMNS)
def test_a_column_comes_without_a_rebuild(shelf, field):
    rows, made = add(shelf, field)
    assert made == []
    assert rows == as_prepared(eval(field, {"models": models, "datetime": datetime, "uuid": uuid}), shelf)


def as_prepared(field: "models.Field[object, object]", shelf: Shelf) -> list[tuple[object, ...]]:
    """What SQLite keeps of the default in a column of the field's type."""
    kind = field.db_type(shelf.wrapper)
    shelf.rows(f"CREATE TABLE kept (new {kind})")
    with shelf.wrapper.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kept VALUES (%s)", [field.get_db_prep_save(field.get_default(), shelf.wrapper)]
        )
    return shelf.rows("SELECT typeof(new), quote(new) FROM kept")


@pytest.mark.parametrize(("field", "rebuilt"), REBUILT.values(), ids=REBUILT)
def test_what_sqlite_cannot_add_is_built_anew(shelf, field, rebuilt):
    rows, made = add(shelf, field)
    assert rows == [("integer", "1")]
    assert bool([sql for sql in made if "shelf_book" in sql]) == rebuilt


def test_a_foreign_key_comes_with_its_index_and_is_looked_after(shelf):
    add(shelf, "models.ForeignKey('shelf.Writer', models.CASCADE, default=1)")
    assert shelf.rows("SELECT name FROM pragma_index_list('shelf_book')")
    shelf.rows("PRAGMA foreign_keys = ON")
    with pytest.raises(IntegrityError):
        shelf.rows("INSERT INTO shelf_book (title, new_id) VALUES ('Emma', 2)")


def test_a_default_that_points_to_nothing_is_refused_and_changes_nothing(shelf):
    with pytest.raises(IntegrityError):
        add(shelf, "models.ForeignKey('shelf.Writer', models.CASCADE, default=2)")
    assert shelf.rows("SELECT name FROM pragma_table_info('shelf_book') WHERE name LIKE 'new%'") == []


def test_an_editor_alone_does_as_django_has_it(shelf):
    shelf.write("0002_next", "migrations.AddField('book', 'new', models.IntegerField(default=100)),")
    shelf.migrate("0002_next")
    assert shelf.rows("SELECT dflt_value FROM pragma_table_info('shelf_book') WHERE name = 'new'") == [
        (None,)
    ]


def test_an_insert_that_does_not_know_a_new_column_goes_on(shelf):
    add(shelf, "models.IntegerField(default=100)")
    shelf.rows("INSERT INTO shelf_book (title) VALUES ('Emma')")
    assert shelf.rows("SELECT new FROM shelf_book") == [(100,), (100,)]


def test_values_stay_when_the_table_is_built_anew_later(shelf):
    add(shelf, "models.IntegerField(default=100)")
    shelf.write("0003_unique", "migrations.AlterField('book', 'new', models.BigIntegerField(default=1)),")
    shelf.migrate("0003_unique")
    assert shelf.rows("SELECT title, new FROM shelf_book") == [("Tod", 100)]
