"""Defaults in the database, which programs live on that do not know a column: set, kept, and dropped."""

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.db.migrations.writer import OperationWriter

from evolution.executor import JournaledExecutor
from evolution.operations import DropDatabaseDefault, SetDatabaseDefault
from evolution.tests.shelf import FIRST_WRITER, Shelf

IMPORTS = "from evolution.operations import DropDatabaseDefault, SetDatabaseDefault\n" + FIRST_WRITER
ADD = """
migrations.AddField("book", "owner", models.ForeignKey("shelf.Writer", models.CASCADE, null=True)),
SetDatabaseDefault("book", "owner", value=first_writer),
"""
REQUIRE = """migrations.AlterField("book", "owner", models.ForeignKey("shelf.Writer", models.CASCADE)),"""
DROP = """DropDatabaseDefault("book", "owner", value=first_writer),"""
WIDER = """migrations.AlterField("book", "mark", models.CharField(max_length=60, default="50 % 'of' it")),"""
on_a_server = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite would build the table anew for it"
)


def migrate(shelf: Shelf, name: str) -> None:
    JournaledExecutor(shelf.wrapper).migrate([("shelf", name)])


def insert(shelf: Shelf, column: str = "owner_id") -> object:
    """What a book of a program that does not know the column has in it."""
    shelf.rows("INSERT INTO shelf_book (title) VALUES ('Emma')")
    return shelf.rows(f"SELECT {column} FROM shelf_book ORDER BY id DESC LIMIT 1")[0][0]


@pytest.fixture
def owned(shelf: Shelf) -> Shelf:
    """A writer, and a column that gets it as its default."""
    shelf.rows("INSERT INTO shelf_writer (id, name) VALUES (7, 'Mann')")
    shelf.write("0002_owner", ADD, IMPORTS)
    migrate(shelf, "0002_owner")
    return shelf


@on_a_server
def test_a_row_of_a_program_that_does_not_know_the_column_gets_the_default(owned):
    assert insert(owned) == 7


@on_a_server
def test_reversed_the_default_is_gone(owned):
    owned.write("0003_less", DROP, IMPORTS)
    migrate(owned, "0003_less")
    assert insert(owned) is None
    migrate(owned, "0002_owner")
    assert insert(owned) == 7


@on_a_server
def test_it_stays_when_the_column_may_not_be_null_any_more_and_goes_at_the_contract_step(owned):
    owned.write("0003_required", REQUIRE)
    owned.write("0004_less", DROP, IMPORTS)
    migrate(owned, "0003_required")
    assert insert(owned) == 7
    migrate(owned, "0004_less")
    with pytest.raises((IntegrityError, OperationalError)):
        insert(owned)


@on_a_server
def test_it_stays_when_the_column_becomes_wider_whatever_stands_in_it(shelf):
    shelf.write("0002_mark", WIDER.replace("AlterField", "AddField").replace("60", "20"))
    shelf.write("0003_wider", WIDER)
    migrate(shelf, "0003_wider")
    assert insert(shelf, "mark") == "50 % 'of' it"


@on_a_server
def test_without_a_value_it_is_the_fields_own(shelf):
    shelf.write("0002_mark", WIDER.replace("AlterField", "AddField"))
    shelf.write("0003_less", """DropDatabaseDefault("book", "mark"),""", IMPORTS)
    migrate(shelf, "0003_less")
    with pytest.raises((IntegrityError, OperationalError)):
        insert(shelf, "mark")
    migrate(shelf, "0002_mark")
    assert insert(shelf, "mark") == "50 % 'of' it"


@on_a_server
def test_where_there_is_nothing_to_give_the_column_is_left_as_it_is(shelf):
    shelf.write("0002_owner", ADD, IMPORTS)
    migrate(shelf, "0002_owner")
    assert insert(shelf) is None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the other servers do more")
def test_on_sqlite_the_column_is_left_as_it_is(owned):
    owned.write("0003_less", DROP, IMPORTS)
    migrate(owned, "0003_less")
    assert insert(owned) is None


@pytest.mark.parametrize("kind", [SetDatabaseDefault, DropDatabaseDefault])
def test_it_can_be_written_into_a_file(kind):
    text, imports = OperationWriter(kind("book", "owner", value=OperationWriter)).serialize()
    assert f"{kind.__name__}(" in text
    assert "import evolution.operations" in " ".join(imports)
