"""`manage.py makemigrations` without a terminal: what it writes, where it stops, and how it ends."""

import subprocess
import sys
from typing import Any

import pytest
from django.db.migrations import Migration

from evolution.rewriting.checks import in_order
from evolution.tests.shop import Shop

pytestmark = pytest.mark.once

BOOK = """
class Book(models.Model):
    title = models.CharField(max_length=20, null=True)
"""


@pytest.fixture
def shop(empty_database, tmp_path):
    """An application with books, whose first migration is written."""
    shop = Shop(tmp_path, empty_database)
    shop.start("CharField(max_length=20, null=True)")
    return shop


def test_a_required_field_is_written_in_three_steps(shop):
    shop.models(BOOK + "    price = models.IntegerField()\n")
    output = shop.managed("makemigrations")
    assert shop.written() == [
        "0001_initial",
        "0002_book_price",
        "0003_fill_book_price",
        "0004_alter_book_price",
    ]
    assert "field=models.IntegerField(null=True)" in shop.source("0002_book_price")
    assert "field=models.IntegerField()" in shop.source("0004_alter_book_price")
    assert output.endswith(
        "Next: write price_of_book() in shop/migrations/0003_fill_book_price.py. It says what price a row gets.\n"
    )


def test_what_is_written_is_all_that_there_is_to_write(shop):
    shop.models(
        BOOK
        + "    price = models.IntegerField()\n"
        + "    made = models.DateTimeField(auto_now_add=True)\n"
        + "    token = models.UUIDField(default=uuid.uuid4, unique=True)\n"
        + "    mark = models.UUIDField(default=uuid.uuid4, null=True)\n"
    )
    shop.managed("makemigrations")
    assert shop.managed("makemigrations", "--check") == "No changes detected\n"


def test_a_default_that_is_called_is_called_for_each_row(shop):
    shop.models(BOOK + "    token = models.UUIDField(default=uuid.uuid4, unique=True)\n")
    output = shop.managed("makemigrations")
    assert "models.UUIDField(null=True)" in shop.source("0002_book_token")
    assert "row.token = uuid.uuid4()" in shop.source("0003_fill_book_token")
    assert "default=uuid.uuid4, unique=True" in shop.source("0004_alter_book_token")
    assert "Next:" not in output


def test_a_date_of_creation_is_not_made_up(shop):
    shop.models(BOOK + "    made = models.DateTimeField(auto_now_add=True)\n")
    shop.managed("makemigrations")
    assert "auto_now_add" not in shop.source("0002_book_made")
    assert "def made_of_book(row, apps):" in shop.source("0003_fill_book_made")
    assert "auto_now_add=True" in shop.source("0004_alter_book_made")


def test_a_constant_default_stays_one_migration(shop):
    shop.models(
        BOOK + "    price = models.IntegerField(default=0)\n    notes = models.JSONField(default=dict)\n"
    )
    shop.managed("makemigrations")
    assert shop.written() == ["0001_initial", "0002_book_notes_book_price"]


def test_a_field_that_is_no_longer_null_is_filled_before(shop):
    shop.models(BOOK.replace(", null=True", ""))
    shop.managed("makemigrations")
    assert shop.written() == ["0001_initial", "0002_fill_book_title", "0003_alter_book_title"]
    assert "rows.filter(title__isnull=True)" in shop.source("0002_fill_book_title")


def test_a_field_that_is_no_longer_null_gets_its_called_default_before(shop):
    shop.start("UUIDField(null=True)")
    shop.models("class Book(models.Model):\n    title = models.UUIDField(default=uuid.uuid4)\n")
    shop.managed("makemigrations")
    *_before, fill, alter = shop.written()
    assert "row.title = uuid.uuid4()" in shop.source(fill)
    assert "field=models.UUIDField()" in shop.source(alter)


def test_the_fields_of_a_new_table_are_not_filled(shop):
    shop.models(BOOK + "class Writer(models.Model):\n    token = models.UUIDField(default=uuid.uuid4)\n")
    shop.managed("makemigrations")
    assert shop.written() == ["0001_initial", "0002_writer"]


def test_new_tables_that_refer_to_each_other_are_not_filled(shop):
    shop.models(
        BOOK
        + "def first(): return 1\n"
        + "class Writer(models.Model):\n"
        + "    agent = models.ForeignKey('Agent', models.CASCADE, '+', default=first)\n"
        + "class Agent(models.Model):\n"
        + "    writer = models.ForeignKey(Writer, models.CASCADE, '+', default=first)\n"
    )
    shop.managed("makemigrations")
    assert "AddField" in shop.source(shop.written()[-1])
    assert len(shop.written()) == 2


def test_several_fields_are_filled_together(shop):
    shop.models(
        BOOK
        + "    price = models.IntegerField()\n    pages = models.IntegerField(null=True)\n"
        + "    weight = models.IntegerField()\n"
    )
    shop.managed("makemigrations")
    assert len(shop.written()) == 4
    assert shop.source("0003_fill_book_price_and_more").count("migrations.RunPython(") == 2


def test_a_constraint_on_a_filled_field_comes_after_it_is_filled(shop):
    shop.models(
        BOOK
        + "    price = models.IntegerField()\n    class Meta:\n"
        + "        constraints = [models.UniqueConstraint(fields=['price'], name='one_price')]\n"
    )
    shop.managed("makemigrations")
    assert "one_price" in shop.source(shop.written()[-1])


def test_a_table_that_refers_to_a_filled_field_comes_after_it_is_filled(shop):
    shop.models(
        BOOK
        + "    code = models.CharField(max_length=9, unique=True)\n"
        + "class Order(models.Model):\n"
        + "    book = models.ForeignKey(Book, models.CASCADE, to_field='code')\n"
    )
    shop.managed("makemigrations")
    assert shop.written()[2].startswith("0003_fill_book_code")
    assert "CreateModel" in shop.source(shop.written()[3])


def test_what_is_dropped_is_dropped_after_the_data_step_which_may_read_it(shop):
    shop.models("class Book(models.Model):\n    name = models.TextField()\n")
    output = shop.managed("makemigrations")
    assert shop.written()[1:] == [
        "0002_book_name",
        "0003_fill_book_name",
        "0004_alter_book_name",
        "0005_remove_book_title",
    ]
    assert "evolution.W202  shop.0005_remove_book_title" in output


@pytest.mark.parametrize(
    ("title", "new"),
    [
        ("CharField(max_length=20)", "name = models.TextField(db_column='title')"),
        ("CharField(max_length=20, db_column='title_id')", "title_id = models.TextField()"),
    ],
)
def test_what_is_dropped_to_make_room_for_the_same_name_is_dropped_before(shop, title, new):
    shop.start(title)
    shop.models(f"class Book(models.Model):\n    {new}\n")
    shop.managed("makemigrations")
    assert "RemoveField" in shop.source(shop.written()[1])


def test_another_application_waits_for_the_last_step(shop):
    (shop.folder / "depot").mkdir()
    (shop.folder / "depot" / "__init__.py").touch()
    (shop.folder / "depot" / "models.py").write_text(
        "from django.db import models\n\nclass Place(models.Model):\n"
        "    book = models.ForeignKey('shop.Book', models.CASCADE, to_field='code')\n"
    )
    settings = shop.folder / "shop_project.py"
    settings.write_text(settings.read_text() + "INSTALLED_APPS.append('depot')\n")
    shop.models(BOOK + "    code = models.CharField(max_length=9, unique=True)\n")
    shop.managed("makemigrations", "shop", "depot")
    place = (shop.folder / "depot" / "migrations" / "0001_initial.py").read_text()
    assert f"('shop', '{shop.written()[-1]}')" in place


def test_a_name_that_is_given_is_that_of_each_step(shop):
    shop.models(BOOK + "    price = models.IntegerField()\n")
    shop.managed("makemigrations", "--name", "priced")
    assert shop.written()[1:] == ["0002_priced", "0003_priced", "0004_priced"]


def test_a_primary_key_is_not_filled(shop):
    shop.models(BOOK + "    number = models.IntegerField(primary_key=True)\n")
    refused = shop.manage("makemigrations")
    assert refused.code == 3
    assert "Book.number is to be the primary key of rows that are there" in refused.errors
    assert shop.written() == ["0001_initial"]


def test_update_refuses_what_needs_a_data_step(shop):
    shop.models(BOOK + "    price = models.IntegerField()\n")
    refused = shop.manage("makemigrations", "--update")
    assert (refused.code, shop.written()) == (3, ["0001_initial"])
    assert "run makemigrations without --update" in refused.errors


def test_update_of_what_needs_none_is_djangos(shop):
    shop.models(BOOK + "    price = models.IntegerField(null=True)\n")
    shop.managed("makemigrations", "--update")
    assert shop.written() == ["0001_initial_updated"]


def test_a_field_that_may_have_been_renamed_stops_it(shop):
    shop.models(BOOK.replace("title", "name"))
    refused = shop.manage("makemigrations")
    assert (refused.code, shop.written()) == (3, ["0001_initial"])
    assert refused.errors.splitlines() == [
        "Stopped: shop.book.title is gone, and name looks like it."
        " Nothing was written, since a wrong guess would drop it.",
        "If it was renamed: --rename shop.book.title=name",
        "If it is to be dropped with its values: --drop shop.book.title",
    ]


def test_a_rename_that_running_code_would_miss_stops_it(shop):
    shop.models(BOOK.replace("title", "name"))
    refused = shop.manage("makemigrations", "--rename", "shop.book.title=name")
    assert (refused.code, shop.written()) == (3, ["0001_initial"])
    assert 'or keep the column\'s name: db_column="title"' in refused.errors
    assert '--accept W402="…"' in refused.errors


def test_a_rename_that_keeps_the_column_is_written(shop):
    shop.models(BOOK.replace("title", "name").replace("null=True", 'null=True, db_column="title"'))
    shop.managed("makemigrations", "--rename", "shop.book.title=name")
    assert "RenameField" in shop.source(shop.written()[-1])
    assert shop.managed("checkmigrations", "--no-database").startswith("No problems")


def test_a_rename_while_the_application_is_stopped_is_written_with_the_reason(shop):
    shop.models(BOOK.replace("title", "name"))
    shop.managed(
        "makemigrations", "--rename", "shop.book.title=name", "--accept", "W402=it is stopped for the run"
    )
    assert "'evolution.W402': 'it is stopped for the run'," in shop.source(shop.written()[-1])
    assert shop.managed("checkmigrations", "--no-database").startswith("No problems")


def test_a_field_that_is_dropped_and_not_renamed_is_said_to_be_lost(shop):
    shop.models(BOOK.replace("title", "name"))
    output = shop.managed("makemigrations", "--drop", "shop.book.title")
    assert "RemoveField" in shop.source(shop.written()[-1])
    assert "evolution.W202" in output
    assert "Column title of table shop_book is dropped with all its values." in output


def test_a_model_that_may_have_been_renamed_stops_it(shop):
    shop.models(BOOK.replace("Book", "Tome"))
    refused = shop.manage("makemigrations")
    assert (refused.code, shop.written()) == (3, ["0001_initial"])
    assert "--rename shop.book=tome" in refused.errors


def test_a_renamed_model_that_keeps_its_table_leaves_the_table_alone(shop):
    shop.models(BOOK.replace("Book", "Tome") + "    class Meta:\n        db_table = 'shop_book'\n")
    shop.managed("makemigrations", "--rename", "shop.Book=Tome")
    assert shop.managed("checkmigrations", "--no-database").startswith("No problems")
    assert shop.managed("makemigrations", "--check") == "No changes detected\n"
    shop.managed("migrate", "shop", "0001")
    assert "RENAME" not in shop.managed("sqlmigrate", "shop", shop.written()[-1])


def test_a_model_that_is_dropped_and_not_renamed_is_said_to_be_lost(shop):
    shop.models(BOOK.replace("Book", "Tome"))
    assert "Table shop_book is dropped with all its rows." in shop.managed(
        "makemigrations", "--drop", "shop.Book"
    )


def test_an_answer_that_nobody_asked_for_stops_it(shop):
    # Another type and another name: Django drops the one and adds the other, and asks nothing.
    shop.models(BOOK.replace("title", "name").replace("20", "30"))
    refused = shop.manage("makemigrations", "--rename", "shop.book.title=name")
    assert (refused.code, shop.written()) == (3, ["0001_initial"])
    assert "--rename shop.book.title: there is no such question" in refused.errors


def test_a_reason_for_what_is_not_found_stops_it(shop):
    shop.models(BOOK + "    pages = models.IntegerField(null=True)\n")
    refused = shop.manage("makemigrations", "--accept", "W401=because")
    assert (refused.code, shop.written()) == (3, ["0001_initial"])
    assert "--accept evolution.W401: nothing of the kind is found" in refused.errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("--rename", "title=name"),
        ("--rename", "shop.book.title"),
        ("--drop", "title"),
        ("--accept", "W401"),
        ("--accept", "W999=because"),
    ],
)
def test_an_answer_that_can_not_be_read_is_refused(shop, arguments):
    assert shop.manage("makemigrations", *arguments).code == 2


def test_a_reserved_word_for_a_table_stops_it_with_the_line_to_write(shop):
    shop.models(BOOK + "class Group(models.Model):\n    class Meta:\n        db_table = 'group'\n")
    refused = shop.manage("makemigrations")
    assert (refused.code, shop.written()) == (3, ["0001_initial"])
    assert 'class Meta: db_table = "shop_group"' in refused.errors


def test_a_reserved_word_for_a_column_stops_it_with_the_line_to_write(shop):
    shop.models(BOOK + "    rank = models.IntegerField(null=True)\n")
    refused = shop.manage("makemigrations")
    assert (refused.code, shop.written()) == (3, ["0001_initial"])
    assert 'db_column="rank_value"' in refused.errors


def test_a_warning_that_has_no_better_way_is_shown_after_writing(shop):
    shop.models(BOOK.replace("max_length=20", "max_length=10"))
    assert "evolution.W203" in shop.managed("makemigrations")
    assert len(shop.written()) == 2


def test_migrations_are_checked_in_the_order_in_which_they_depend_on_each_other():
    first: Any = Migration("0001_book", "shop")
    second: Any = Migration("0002_place", "shop")
    place: Any = Migration("0001_place", "depot")
    place.dependencies = [("shop", "0001_book")]
    second.dependencies = [("shop", "0001_book"), ("depot", "0001_place")]
    assert list(in_order({"shop": [first, second], "depot": [place]})) == [first, place, second]


def test_check_says_what_django_says_and_writes_nothing(shop):
    shop.models(BOOK.replace("title", "name") + "    price = models.IntegerField()\n")
    answer = shop.manage("makemigrations", "--check", "--dry-run")
    assert (answer.code, answer.errors, shop.written()) == (1, "", ["0001_initial"])
    assert "    - Remove field title from book\n    + Add field name to book\n" in answer.output


def test_check_without_questions_ends_as_djangos(shop):
    shop.models(BOOK + "    price = models.IntegerField()\n")
    answer = shop.manage("makemigrations", "--check", "--no-input")
    assert answer.code == 3
    assert answer.output.startswith("Field 'price' on model 'book' not migrated")


def test_a_dry_run_shows_the_steps_and_writes_nothing(shop):
    shop.models(BOOK + "    price = models.IntegerField()\n")
    output = shop.managed("makemigrations", "--dry-run", "--verbosity", "3")
    assert "def price_of_book(row, apps):" in output
    assert "0004_alter_book_price.py" in output
    assert shop.written() == ["0001_initial"]


def test_a_dry_run_stops_at_a_rename_that_nobody_has_answered(shop):
    shop.models(BOOK.replace("title", "name"))
    assert shop.manage("makemigrations", "--dry-run").code == 3


def test_scriptable_writes_the_paths_alone(shop):
    shop.models(BOOK + "    price = models.IntegerField()\n")
    assert shop.managed("makemigrations", "--scriptable").splitlines() == [
        f"shop/migrations/{name}.py" for name in shop.written()[1:]
    ]


def test_max_migration_holds_the_last_step(empty_database, tmp_path):
    shop = Shop(tmp_path, empty_database, "django_linear_migrations")
    shop.start("CharField(max_length=20, null=True)")
    (shop.migrations / "max_migration.txt").write_text("0001_initial\n")
    shop.models(BOOK + "    price = models.IntegerField()\n")
    shop.managed("makemigrations")
    assert (shop.migrations / "max_migration.txt").read_text() == "0004_alter_book_price\n"


def test_an_empty_migration_is_written_as_ever(shop):
    shop.managed("makemigrations", "shop", "--empty", "--name", "by_hand")
    assert shop.written() == ["0001_initial", "0002_by_hand"]


def test_branches_are_merged_as_ever(shop):
    shop.managed("makemigrations", "shop", "--empty", "--name", "left")
    (shop.migrations / "0002_right.py").write_text(shop.source("0002_left"))
    shop.managed("makemigrations", "--merge", "--no-input", "--name", "both")
    assert shop.written() == ["0001_initial", "0002_left", "0002_right", "0003_both"]


def test_the_file_is_code_that_ruff_finds_nothing_in(shop):
    shop.models(
        BOOK + "    price = models.IntegerField()\n    token = models.UUIDField(default=uuid.uuid4)\n"
    )
    shop.managed("makemigrations", "--no-header")
    fill = shop.migrations / f"{shop.written()[2]}.py"
    options = ["--isolated", "--select", "E,F,B,W", "--line-length", "110"]
    subprocess.run([sys.executable, "-m", "ruff", "check", *options, fill], check=True)
