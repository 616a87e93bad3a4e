"""What `manage.py makemigrations` writes, run on a database with rows: forwards, back, and forwards again."""

import signal

import pytest
from django.db import connection

from evolution.tests.own_database import server_programs
from evolution.tests.shop import Shop

BOOK = """
class Book(models.Model):
    title = models.CharField(max_length=20, null=True)
"""
# The groups of the Flask application: a reserved word for the table, holes between the ids, names that are NULL.
FLASK = (
    "CharField(max_length=32, null=True)",
    '{"db_table": "group"}',
    '{"evolution.W101": "as Flask has it"}',
)
GROUPS = [(3, "Payments"), (7, None), (56, "Ünïcode 🎲")]
OWNED = """
class User(models.Model):
    nickname = models.CharField(max_length=32)


class Book(models.Model):
    title = models.CharField(max_length=32, null=True)
    owner = models.ForeignKey(User, models.PROTECT)

    class Meta:
        db_table = "shop_group"
"""
GIVE_TO_DEFAULT = """
users = apps.get_model("shop", "User").objects.using(row._state.db)
return users.get_or_create(nickname="default")[0].pk"""

KILLED_AT_550 = """
import os, pathlib
if row.pk == 550 and not pathlib.Path("killed").exists():
    pathlib.Path("killed").touch()
    os.kill(os.getpid(), 9)
return row.pk"""


@pytest.fixture(autouse=True)
def _backups(tmp_path, monkeypatch, django_db_blocker):
    """A folder for the backups of `migrate`, and the server's programs."""
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    if connection.vendor == "mysql":
        with django_db_blocker.unblock():
            dump, client = server_programs()
        monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", dump)
        monkeypatch.setenv("EVOLUTION_CLIENT_PROGRAM", client)


@pytest.fixture
def shop(empty_database, tmp_path):
    """An application with books, of which 0001 is applied."""
    shop = Shop(tmp_path, empty_database)
    shop.start("CharField(max_length=20, null=True)")
    shop.models(BOOK)
    shop.managed("migrate")
    return shop


def rows(shop, columns="id, title", table="shop_book"):
    return shop.query(f"SELECT {columns} FROM `{table}` ORDER BY id")


def add(shop, *rows, table="shop_book"):
    values = ", ".join(f"({key}, {'NULL' if title is None else repr(title)})" for key, title in rows)
    shop.query(f"INSERT INTO `{table}` (id, title) VALUES {values}")


def safe(shop):
    """Whether the rules find nothing in what is not applied, with the rows that are there."""
    return shop.managed("checkmigrations").startswith("No problems in ")


def test_the_groups_of_the_flask_application_get_an_owner_and_a_name_that_is_not_reserved(
    empty_database, tmp_path
):
    shop = Shop(tmp_path, empty_database)
    shop.start(*FLASK)
    shop.models(OWNED)
    shop.managed("migrate", "shop", "0001")
    add(shop, *GROUPS, table="group")

    assert shop.manage("makemigrations").code == 3
    shop.managed("makemigrations", "--accept", "W401=the Flask application is stopped by then")
    assert len(shop.written()) == 4
    assert safe(shop)
    shop.fill(shop.written()[2], GIVE_TO_DEFAULT)
    for _time in range(2):
        shop.managed("migrate")
        assert rows(shop, table="shop_group") == str(GROUPS)
        assert shop.query("SELECT DISTINCT owner_id FROM shop_group") == rows(shop, "id", "shop_user")
        shop.managed("migrate", "shop", "0001")
        assert rows(shop, table="group") == str(GROUPS)


def test_rows_that_nobody_has_a_value_for_stop_it_until_somebody_says_which(shop):
    add(shop, (1, "Emma"), (2, None))
    shop.models(BOOK + "    price = models.IntegerField()\n")
    shop.managed("makemigrations")
    refused = shop.manage("migrate")
    assert refused.code == 1
    assert "Write price_of_book() in shop.0003_fill_book_price: row 1 has no price." in refused.errors
    assert rows(shop) == "[(1, 'Emma'), (2, None)]"

    shop.fill("0003_fill_book_price", "return row.pk * 10")
    shop.managed("migrate")
    shop.managed("migrate", "shop", "0001")
    shop.managed("migrate")
    assert rows(shop, "id, title, price") == "[(1, 'Emma', 10), (2, None, 20)]"


def test_a_column_that_is_dropped_can_be_read_by_the_data_step_before(shop):
    add(shop, (1, "Emma"), (2, "Persuasion"))
    shop.models("class Book(models.Model):\n    letters = models.IntegerField()\n")
    shop.managed("makemigrations")
    # The rehearsal comes here twice: after the way back the title that was dropped is NULL.
    shop.fill("0003_fill_book_letters", "return len(row.title or '')")
    shop.managed("migrate")
    assert rows(shop, "id, letters") == "[(1, 4), (2, 10)]"


def test_an_empty_table_needs_no_value(shop):
    shop.models(BOOK + "    price = models.IntegerField()\n")
    shop.managed("makemigrations")
    shop.managed("migrate")


def test_each_row_gets_its_own_value_from_a_default_that_is_called(shop):
    add(shop, *((number, str(number)) for number in range(1, 602)))
    shop.models(
        BOOK
        + "    token = models.UUIDField(default=uuid.uuid4, unique=True)\n"
        + "    mark = models.UUIDField(default=uuid.uuid4, null=True)\n"
    )
    shop.managed("makemigrations")
    assert safe(shop)
    for _time in range(2):
        shop.managed("migrate")
        different = ", ".join(f"COUNT(DISTINCT {column})" for column in ("title", "token", "mark"))
        assert shop.query(f"SELECT {different} FROM shop_book") == "[(601, 601, 601)]"
        shop.managed("migrate", "shop", "0001")


def test_a_run_that_is_killed_between_two_batches_goes_on_with_the_rows_that_are_left(shop):
    add(shop, *((number, str(number)) for number in range(1, 602)))
    shop.models(BOOK + "    price = models.IntegerField()\n")
    shop.managed("makemigrations")
    shop.fill("0003_fill_book_price", KILLED_AT_550)
    assert shop.manage("migrate", "--no-backup", "--no-rehearsal").code == -signal.SIGKILL
    # SQLite takes the whole migration back; elsewhere the first batch stays.
    kept = shop.query("SELECT COUNT(price) FROM shop_book")
    assert kept == ("[(0,)]" if connection.vendor == "sqlite" else "[(500,)]")
    shop.managed("migrate")
    assert (
        shop.query("SELECT COUNT(*), SUM(price - id) FROM shop_book").replace("Decimal('0')", "0")
        == "[(601, 0)]"
    )


def test_what_is_filled_already_is_left_alone_forwards_and_back(shop):
    add(shop, (1, None), (2, "Emma"))
    shop.models(BOOK.replace(", null=True", ""))
    shop.managed("makemigrations")
    shop.fill("0002_fill_book_title", "return 'untitled'")
    for target in ("0003", "0001"):
        shop.managed("migrate", "shop", target)
        assert rows(shop) == "[(1, 'untitled'), (2, 'Emma')]"


def test_a_rename_that_keeps_column_and_table_keeps_every_value(shop):
    add(shop, (1, "Emma"), (2, None))
    tome = BOOK.replace("Book", "Tome") + "    class Meta:\n        db_table = 'shop_book'\n"
    # A model is recognised by its fields: so one name after the other.
    shop.models(tome)
    shop.managed("makemigrations", "--rename", "shop.Book=Tome")
    shop.models(tome.replace("title", "name").replace("null=True", "null=True, db_column='title'"))
    shop.managed("makemigrations", "--rename", "shop.tome.title=name")
    assert safe(shop)
    for target in ("0003", "0001"):
        shop.managed("migrate", "shop", target)
        assert rows(shop) == "[(1, 'Emma'), (2, None)]"


def test_a_rename_that_is_answered_keeps_every_value(shop):
    add(shop, (1, "Emma"), (2, None))
    shop.models(BOOK.replace("title", "name"))
    shop.managed(
        "makemigrations", "--rename", "shop.book.title=name", "--accept", "W402=it is stopped for the run"
    )
    assert safe(shop)
    shop.managed("migrate")
    assert rows(shop, "id, name") == "[(1, 'Emma'), (2, None)]"
    shop.managed("migrate", "shop", "0001")
    assert rows(shop) == "[(1, 'Emma'), (2, None)]"
