"""SQLite tables that are built anew: what stands on them lives on, and no row and no id is lost."""

from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import IntegrityError, NotSupportedError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from evolution.backends.sqlite3.dependants import CannotLiveOn
from evolution.executor import JournaledExecutor
from evolution.tests.own_database import own_database
from evolution.tests.shelf import Shelf

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the other servers alter tables in place"
)

REBUILD = (
    "migrations.AlterField('Book', 'price', models.DecimalField(max_digits=9, decimal_places=3, null=True)),"
)
REMOVE_PRICE = "migrations.RemoveField('Book', 'price'),"
# A foreign key that is renamed needs a rebuild, a plain column does not.
WRITER = (
    "migrations.AddField('Book', 'writer', models.ForeignKey('shelf.Writer', models.CASCADE, null=True)),"
)
RENAME_WRITER = "migrations.RenameField('Book', 'writer', 'author'),"
# Another table's trigger, which writes into the one that is rebuilt.
NEW_WRITER = (
    "CREATE TRIGGER my_trigger AFTER INSERT ON shelf_writer"
    " BEGIN INSERT INTO shelf_book (title) VALUES (new.name); END"
)
RENAME_TITLE = "migrations.RenameField('Book', 'title', 'name'),"


def on_the_shelf(shelf: Shelf) -> dict[str, str]:
    """The views, triggers and indexes that the tests made, by name."""
    rows = shelf.rows(
        "SELECT name, sql FROM sqlite_master"
        " WHERE type <> 'table' AND sql IS NOT NULL AND name LIKE 'my%' ORDER BY rowid"
    )
    return dict(rows)


def step(shelf: Shelf, operations: str, name: str = "0002_next", *, atomic: bool = True) -> None:
    """Write a migration and apply it."""
    write(shelf, operations, name, atomic=atomic)
    shelf.migrate(name)


def write(shelf: Shelf, operations: str, name: str = "0002_next", *, atomic: bool = True) -> None:
    file = shelf.write(name, operations)
    if not atomic:
        file.write_text(
            file.read_text().replace("    operations = [", "    atomic = False\n    operations = [")
        )
    shelf.migrate(name)


@pytest.fixture
def books(shelf: Shelf) -> Shelf:
    shelf.books("one", "two", None)
    return shelf


# --- What stands on the table


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX my_index ON shelf_book (title)",
        "CREATE INDEX my_index ON shelf_book (title DESC) WHERE price > 0",
        'CREATE INDEX my_index ON shelf_book (lower(title), "price")',
        "CREATE UNIQUE INDEX my_index ON shelf_book (title COLLATE NOCASE)",
        'CREATE VIEW my_view AS SELECT id, title || " 100 %" AS label FROM shelf_book',
        "CREATE VIEW my_view (a, b) AS SELECT * FROM (SELECT id, price FROM shelf_book)",
        "CREATE TRIGGER my_trigger AFTER UPDATE OF price ON shelf_book BEGIN SELECT '100 %'; END",
        NEW_WRITER,
    ],
)
def test_it_stands_there_word_for_word_after_a_rebuild(books, sql):
    books.rows(sql)
    before = on_the_shelf(books)
    step(books, REBUILD)
    assert on_the_shelf(books) == before != {}
    assert books.rows("SELECT id, title FROM shelf_book ORDER BY id") == [(1, "one"), (2, "two"), (3, None)]


def test_a_trigger_still_fires_after_a_rebuild_and_not_because_of_it(books):
    books.rows("CREATE TABLE log (entry)")
    for event in ("INSERT", "UPDATE", "DELETE"):
        books.rows(
            f"CREATE TRIGGER my_{event} AFTER {event} ON shelf_book BEGIN INSERT INTO log VALUES ('{event}'); END"
        )
    step(books, REBUILD)
    assert books.rows("SELECT * FROM log") == []
    books.books("three")
    books.rows("UPDATE shelf_book SET title = 'x' WHERE id = 1")
    books.rows("DELETE FROM shelf_book WHERE id = 1")
    assert books.rows("SELECT * FROM log") == [("INSERT",), ("UPDATE",), ("DELETE",)]


def test_triggers_of_one_event_go_on_firing_in_their_order(books):
    books.rows("CREATE TABLE log (entry)")
    for name in ("my_b", "my_c", "my_a"):
        books.rows(
            f"CREATE TRIGGER {name} AFTER INSERT ON shelf_book BEGIN INSERT INTO log VALUES ('{name}'); END"
        )
    books.books("before")
    before = books.rows("SELECT entry FROM log ORDER BY rowid")
    step(books, REBUILD)
    books.rows("DELETE FROM log")
    books.books("after")
    assert books.rows("SELECT entry FROM log ORDER BY rowid") == before


def test_a_view_that_is_written_through_a_trigger_still_is(books):
    books.rows("CREATE VIEW my_view AS SELECT title FROM shelf_book")
    books.rows(
        "CREATE TRIGGER my_trigger INSTEAD OF INSERT ON my_view"
        " BEGIN INSERT INTO shelf_book (title) VALUES (new.title); END"
    )
    step(books, REBUILD)
    books.rows("INSERT INTO my_view VALUES ('through the view')")
    assert books.rows("SELECT id FROM shelf_book WHERE title = 'through the view'") == [(4,)]


def test_views_on_views_live_on_in_whatever_order_they_were_made(books):
    books.rows("CREATE VIEW my_second AS SELECT title FROM my_first")
    books.rows("CREATE VIEW my_first AS SELECT title FROM shelf_book")
    step(books, REBUILD)
    assert books.rows("SELECT * FROM my_second") == [("one",), ("two",), (None,)]


def test_a_view_that_did_not_work_before_is_no_obstacle_and_is_kept(books):
    books.rows("CREATE VIEW my_broken AS SELECT nope FROM nowhere")
    books.rows(
        "CREATE TRIGGER my_trigger INSTEAD OF DELETE ON my_broken BEGIN DELETE FROM shelf_book WHERE id = old.nope; END"
    )
    before = on_the_shelf(books)
    step(books, REBUILD)
    assert on_the_shelf(books) == before


# --- Indexes of Django's own


def test_an_index_that_the_migration_takes_off_is_gone_and_one_made_by_hand_on_the_same_column_stays(books):
    step(
        books,
        "migrations.AlterField('Book', 'title', models.CharField(max_length=20, null=True, db_index=True)),",
    )
    books.rows('CREATE INDEX my_index ON shelf_book ("title")')
    step(
        books,
        "migrations.AlterField('Book', 'title', models.CharField(max_length=20, null=True)),",
        "0003_off",
    )
    assert books.rows("SELECT name FROM pragma_index_list('shelf_book')") == [("my_index",)]


def test_the_one_made_by_hand_stays_also_after_the_table_was_renamed(books):
    books.rows('CREATE INDEX my_index ON shelf_book ("title")')
    indexed = "models.CharField(max_length=20, null=True, db_index=True)"
    step(books, f"migrations.AlterField('Book', 'title', {indexed}),")
    step(books, "migrations.AlterModelTable('Book', 'paper'),", "0003_table")
    step(
        books,
        f"migrations.AlterField('Book', 'title', {indexed.replace(', db_index=True', '')}),",
        "0004_off",
    )
    assert books.rows("SELECT name FROM pragma_index_list('paper')") == [("my_index",)]


def test_an_index_of_djangos_is_not_doubled_after_its_table_was_renamed(books):
    step(
        books,
        WRITER
        + "migrations.AlterField('Book', 'title', models.CharField(max_length=20, null=True, db_index=True)),"
        + "migrations.AlterUniqueTogether('Book', {('title', 'price')}),"
        + "migrations.AddIndex('Book', models.Index('price', name='named')),",
    )
    step(books, "migrations.AlterModelTable('Book', 'paper'),", "0003_table")
    before = len(books.rows("SELECT name FROM pragma_index_list('paper')"))
    step(books, REBUILD, "0004_rebuild")
    assert before == 4
    assert len(books.rows("SELECT name FROM pragma_index_list('paper')")) == before


# --- Renames


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE INDEX my_index ON shelf_book ({})", 'CREATE INDEX my_index ON shelf_book ("{}")'),
        (
            "CREATE VIEW my_view AS SELECT b.{} FROM shelf_book b",
            'CREATE VIEW my_view AS SELECT b."{}" FROM shelf_book b',
        ),
        (
            "CREATE TRIGGER my_trigger AFTER UPDATE OF {} ON shelf_book BEGIN SELECT 1; END",
            'CREATE TRIGGER my_trigger AFTER UPDATE OF "{}" ON shelf_book BEGIN SELECT 1; END',
        ),
    ],
)
@pytest.mark.parametrize(
    ("operation", "old", "new"), [(RENAME_WRITER, "writer_id", "author_id"), (RENAME_TITLE, "title", "name")]
)
def test_what_names_a_renamed_column_names_it_anew(books, sql, expected, operation, old, new):
    step(books, WRITER)
    books.rows(sql.format(old))
    step(books, operation, "0003_rename")
    assert [*on_the_shelf(books).values()] == [expected.format(new)]


def test_a_renamed_foreign_key_keeps_its_values(books):
    step(books, WRITER)
    books.rows("INSERT INTO shelf_writer VALUES (5, 'Ada')")
    books.rows("UPDATE shelf_book SET writer_id = 5 WHERE id = 2")
    step(books, RENAME_WRITER, "0003_rename")
    assert books.rows("SELECT id, author_id FROM shelf_book ORDER BY id") == [(1, None), (2, 5), (3, None)]


def test_two_columns_may_change_their_names_with_each_other(shelf):
    a: Any = models.ForeignKey("self", models.CASCADE, null=True, db_column="x", related_name="+")
    b: Any = models.ForeignKey("self", models.CASCADE, null=True, db_column="y", related_name="+")
    pair = model("Pair", a=a, b=b)
    swapped = []
    for field, column in ((a, "y"), (b, "x")):
        new = field.clone()
        new.db_column = column
        new.set_attributes_from_name(field.name)
        new.model = pair
        swapped.append((field, new))
    with shelf.wrapper.schema_editor() as editor:
        editor.create_model(pair)
    shelf.rows("INSERT INTO shelf_pair (id, x, y) VALUES (1, NULL, NULL), (2, 1, NULL)")
    shelf.rows("CREATE VIEW my_view AS SELECT id, x AS a FROM shelf_pair")
    with shelf.wrapper.schema_editor() as editor:
        editor._remake_table(pair, alter_fields=swapped)
    assert shelf.rows("SELECT id, x, y FROM shelf_pair") == [(1, None, None), (2, None, 1)]
    assert shelf.rows("SELECT * FROM my_view") == [(1, None), (2, 1)]
    assert [a.column, b.column] == ["x", "y"]


def test_a_renamed_table_is_read_by_its_views_and_triggers_under_the_new_name(books):
    books.rows("CREATE VIEW my_view AS SELECT title FROM shelf_book")
    books.rows(NEW_WRITER)
    step(books, "migrations.RenameModel('Book', 'Paper')," + REBUILD.replace("Book", "Paper"))
    books.rows("INSERT INTO shelf_writer (name) VALUES ('Ada')")
    assert books.rows("SELECT * FROM my_view") == [("one",), ("two",), (None,), ("Ada",)]


# --- What can't live on


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ('CREATE INDEX my_index ON shelf_book ("price")', "index my_index"),
        ("CREATE INDEX my_index ON shelf_book (title) WHERE price > 0", "index my_index"),
        ('CREATE VIEW my_view AS SELECT "price" FROM shelf_book', "view my_view"),
        (
            "CREATE TRIGGER my_trigger AFTER UPDATE OF price ON shelf_book BEGIN SELECT 1; END",
            "trigger my_trigger",
        ),
        (
            "CREATE TRIGGER my_trigger AFTER INSERT ON shelf_writer BEGIN UPDATE shelf_book SET price = 1; END",
            "trigger my_trigger",
        ),
    ],
)
@pytest.mark.parametrize("indexed", [False, True], ids=["altered in place", "built anew"])
def test_what_needs_a_removed_column_stops_the_migration_and_is_named(books, sql, named, indexed):
    step(
        books,
        "migrations.AlterField('Book', 'price',"
        f" models.DecimalField(max_digits=7, decimal_places=2, null=True, db_index={indexed})),",
    )
    books.rows(sql)
    before = books.rows("SELECT * FROM sqlite_master")
    with pytest.raises(CannotLiveOn) as refused:
        step(books, REMOVE_PRICE, "0003_remove")
    assert str(refused.value) == (
        f"The {named} could not live on: this migration removes the column shelf_book.price. "
        "The table was left as it was. Change or drop what is named in a migration before this one."
    )
    assert books.rows("SELECT * FROM sqlite_master") == before


def test_a_view_that_reads_a_removed_column_by_way_of_another_view_is_named(books):
    books.rows("CREATE VIEW my_all AS SELECT * FROM shelf_book")
    books.rows("CREATE VIEW my_prices AS SELECT price FROM my_all")
    with pytest.raises(CannotLiveOn, match="The view my_prices could not live on"):
        step(books, REMOVE_PRICE)


def test_a_view_that_did_not_work_before_is_not_held_against_a_removed_column(books):
    indexed = "models.DecimalField(max_digits=7, decimal_places=2, null=True, db_index=True)"
    step(books, f"migrations.AlterField('Book', 'price', {indexed}),")
    books.rows("CREATE VIEW my_broken AS SELECT nope FROM nowhere")
    step(books, REMOVE_PRICE, "0003_remove")
    assert [*on_the_shelf(books)] == ["my_broken"]


def test_what_only_mentions_the_name_in_a_text_is_no_obstacle(books):
    books.rows("CREATE VIEW my_view AS SELECT 'price', \"a text\" FROM shelf_book")
    step(books, REMOVE_PRICE)
    assert books.rows("SELECT * FROM my_view LIMIT 1") == [("price", "a text")]


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("CREATE VIEW my_view AS SELECT title FROM shelf_book", "view my_view"),
        (
            "CREATE TRIGGER my_trigger AFTER INSERT ON shelf_writer BEGIN DELETE FROM shelf_book; END",
            "trigger my_trigger",
        ),
    ],
)
def test_what_needs_a_dropped_table_stops_the_migration_and_is_named(books, sql, named):
    books.rows(sql)
    with pytest.raises(
        CannotLiveOn, match=f"The {named} could not live on: this migration drops the table shelf_book"
    ):
        step(books, "migrations.DeleteModel('Book'),")
    assert len(books.rows("SELECT * FROM shelf_book")) == 3


def test_a_table_goes_with_its_own_triggers_and_indexes(books):
    books.rows("CREATE TRIGGER my_trigger AFTER INSERT ON shelf_book BEGIN SELECT 1; END")
    books.rows("CREATE INDEX my_index ON shelf_book (title)")
    step(books, "migrations.DeleteModel('Book'),")
    assert on_the_shelf(books) == {}


@pytest.mark.parametrize("column", ["note text", "half AS (price / 2)"])
def test_a_column_that_no_model_has_stops_the_rebuild_that_would_lose_it(books, column):
    books.rows(f"ALTER TABLE shelf_book ADD COLUMN {column}")
    name = column.split()[0]
    with pytest.raises(
        CannotLiveOn, match=f"The column shelf_book.{name} could not live on: the table has to be built"
    ):
        step(books, REBUILD)


def test_migrate_says_it_in_one_line(tmp_path, monkeypatch, django_db_blocker):
    with django_db_blocker.unblock(), own_database(tmp_path, monkeypatch) as database:
        database.managed("migrate")
        database.execute("CREATE VIEW my_view AS SELECT archived_at FROM estimation_group")
        answer = database.manage("migrate", "groups", "0004")
        assert answer.returncode == 3, answer.stdout + answer.stderr
        (line,) = answer.stderr.strip().splitlines()
        assert "The view my_view could not live on: this migration removes the column" in line
        assert database.execute("SELECT * FROM my_view") == []


def test_a_view_that_does_not_work_and_stops_a_change_in_place_is_named(books):
    books.rows("CREATE VIEW my_broken AS SELECT nope FROM shelf_book")
    with pytest.raises(CannotLiveOn, match="The view my_broken could not live on: no such column: nope"):
        step(books, RENAME_TITLE)


# --- Rows


@pytest.mark.parametrize("executor", [MigrationExecutor, JournaledExecutor])
@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL", "RESTRICT"])
def test_rows_that_refer_to_a_rebuilt_table_stay(books, rule, atomic, executor):
    books.rows(f"CREATE TABLE child (book_id REFERENCES shelf_book (id) ON DELETE {rule})")
    books.rows("INSERT INTO child VALUES (1), (2)")
    write(books, REBUILD, atomic=atomic)
    executor(books.wrapper).migrate([("shelf", "0002_next")])
    assert books.rows("SELECT book_id FROM child") == [(1,), (2,)]
    assert books.rows("PRAGMA foreign_keys") == [(1,)]


def test_an_editor_that_was_not_entered_keeps_the_rows_that_refer_to_a_rebuilt_table_too(books):
    books.rows("CREATE TABLE child (book_id REFERENCES shelf_book (id) ON DELETE CASCADE)")
    books.rows("INSERT INTO child VALUES (1), (2)")
    editor = books.wrapper.schema_editor(atomic=False)
    editor.deferred_sql = []
    editor._remake_table(book_model())
    assert books.rows("SELECT book_id FROM child") == [(1,), (2,)]
    assert books.rows("PRAGMA foreign_keys") == [(1,)]


def test_a_table_that_rows_refer_to_is_not_dropped_with_them_by_an_editor_that_was_not_entered(books):
    books.rows(
        "CREATE TABLE child (id integer PRIMARY KEY, book_id REFERENCES shelf_book (id) ON DELETE CASCADE)"
    )
    books.rows("INSERT INTO child VALUES (1, 1), (2, 2)")
    editor = books.wrapper.schema_editor(atomic=False)
    editor.deferred_sql = []
    with pytest.raises(IntegrityError):
        editor.delete_model(book_model())
    assert books.rows("SELECT book_id FROM child") == [(1,), (2,)]
    assert len(books.rows("SELECT * FROM shelf_book")) == 3


def test_a_rebuild_in_a_transaction_with_foreign_keys_on_is_refused(books):
    editor = books.wrapper.schema_editor(atomic=False)
    with (
        pytest.raises(NotSupportedError, match="Enter the schema editor before the transaction begins"),
        transaction.atomic(using=books.wrapper.alias),
    ):
        editor._remake_table(book_model())
    assert len(books.rows("SELECT * FROM shelf_book")) == 3


def test_a_rebuild_that_fails_half_way_outside_of_a_transaction_leaves_the_table_as_it_was(books):
    books.rows("CREATE TRIGGER my_trigger AFTER INSERT ON shelf_book BEGIN SELECT 1; END")
    books.rows("CREATE VIEW my_view AS SELECT title FROM shelf_book")
    before = books.rows("SELECT * FROM sqlite_master")
    with pytest.raises(Exception, match="UNIQUE constraint failed"):
        step(
            books,
            "migrations.RunSQL(\"UPDATE shelf_book SET title = 'same'\"),"
            "migrations.AlterField('Book', 'title', models.CharField(max_length=20, null=True, unique=True)),",
            atomic=False,
        )
    assert books.rows("SELECT * FROM sqlite_master") == before
    assert books.rows("SELECT id FROM shelf_book") == [(1,), (2,), (3,)]


def test_the_sequence_goes_on_after_the_last_row_was_deleted_and_the_table_rebuilt(books):
    books.rows("DELETE FROM shelf_book")
    books.rows("CREATE VIEW my_view AS SELECT title FROM shelf_book")
    step(books, REBUILD)
    books.books("four")
    assert books.rows("SELECT id FROM shelf_book") == [(4,)]


def test_a_generated_column_of_a_model_goes_on_reckoning(books):
    step(
        books,
        "migrations.AddField('Book', 'double', models.GeneratedField(expression=models.F('price') * 2,"
        " output_field=models.IntegerField(), db_persist=True)),",
    )
    books.rows("CREATE VIEW my_view AS SELECT double FROM shelf_book")
    step(books, REBUILD, "0003_rebuild")
    books.rows("UPDATE shelf_book SET price = 4 WHERE id = 1")
    assert books.rows("SELECT * FROM my_view") == [(8,), (None,), (None,)]


def test_the_rows_of_a_table_without_rowid_are_kept(shelf):
    shelf.rows("DROP TABLE shelf_writer")
    shelf.rows("CREATE TABLE shelf_writer (id integer PRIMARY KEY, name varchar(20) NOT NULL) WITHOUT ROWID")
    shelf.rows("INSERT INTO shelf_writer VALUES (7, 'Ada')")
    step(shelf, "migrations.AlterField('Writer', 'name', models.CharField(max_length=30)),")
    assert shelf.rows("SELECT * FROM shelf_writer") == [(7, "Ada")]


def test_the_sql_of_a_plan_is_shown_and_nothing_is_changed(books):
    books.rows("CREATE VIEW my_view AS SELECT title FROM shelf_book")
    before = books.rows("SELECT * FROM sqlite_master")
    with books.wrapper.schema_editor(collect_sql=True) as editor:
        editor._remake_table(book_model())
    assert editor.collected_sql[0] == 'DROP VIEW "my_view";'
    assert editor.collected_sql[-1] == "CREATE VIEW my_view AS SELECT title FROM shelf_book;"
    assert books.rows("SELECT * FROM sqlite_master") == before


def book_model() -> type[models.Model]:
    """The books as the first migration has them."""
    return model(
        "Book",
        id=models.AutoField(primary_key=True),
        title=models.CharField(max_length=20, null=True),
        price=models.DecimalField(max_digits=7, decimal_places=2, null=True),
        writer_number=models.IntegerField(null=True),
    )


def model(name: str, **fields: models.Field[Any, Any]) -> type[models.Model]:
    """A model of the shelf that nobody else knows."""
    meta = type("Meta", (), {"app_label": "shelf", "apps": Apps()})
    return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **fields})
