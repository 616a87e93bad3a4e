"""`manage.py makemigrations` at a terminal: what is asked there, and what an answer writes."""

import pytest

from evolution.tests.shop import Shop

pytestmark = pytest.mark.once

BOOK = """
class Book(models.Model):
    title = models.CharField(max_length=20, null=True)
"""
PRICED = BOOK + "    price = models.IntegerField()\n"


@pytest.fixture
def shop(empty_database, tmp_path):
    """An application with books, whose first migration is written."""
    shop = Shop(tmp_path, empty_database)
    shop.start("CharField(max_length=20, null=True)")
    return shop


def test_a_required_field_is_offered_in_three_steps(shop):
    shop.models(PRICED)
    answer = shop.at_terminal("makemigrations", types="1\n")
    assert answer.code == 0, answer.output
    assert "book.price may not be empty, and rows that are there may have no value for it." in answer.output
    assert len(shop.written()) == 4


def test_one_value_for_all_rows_is_one_migration(shop):
    shop.models(PRICED)
    answer = shop.at_terminal("makemigrations", types="2\n7\n")
    assert answer.code == 0, answer.output
    assert shop.written() == ["0001_initial", "0002_book_price"]
    assert "default=7" in shop.source("0002_book_price")


def test_one_value_that_is_called_is_written_as_what_it_gave(shop):
    shop.models(BOOK + "    made = models.DateTimeField(auto_now_add=True)\n")
    answer = shop.at_terminal("makemigrations", types="2\n\n")
    assert answer.code == 0, answer.output
    assert "default=datetime.datetime(2" in shop.source("0002_book_made")


def test_quitting_writes_nothing(shop):
    shop.models(PRICED)
    answer = shop.at_terminal("makemigrations", types="3\n")
    assert (answer.code, shop.written()) == (3, ["0001_initial"])


def test_without_input_nothing_is_asked_at_a_terminal_either(shop):
    shop.models(PRICED)
    assert shop.at_terminal("makemigrations", "--no-input", types="").code == 0
    assert len(shop.written()) == 4


def test_a_dry_run_asks_nothing_about_rows(shop):
    shop.models(PRICED + "    token = models.UUIDField(default=uuid.uuid4, unique=True)\n")
    answer = shop.at_terminal("makemigrations", "--dry-run", types="")
    assert answer.code == 0
    assert "0003_fill_book_price_and_more.py" in answer.output


def test_values_from_a_default_that_is_called_are_offered(shop):
    shop.models(BOOK + "    token = models.UUIDField(default=uuid.uuid4)\n")
    assert shop.at_terminal("makemigrations", types="\n").code == 0
    assert len(shop.written()) == 4


def test_one_value_from_a_default_that_is_called_is_written_with_a_warning(shop):
    shop.models(BOOK + "    token = models.UUIDField(default=uuid.uuid4)\n")
    answer = shop.at_terminal("makemigrations", types="n\n")
    assert answer.code == 0, answer.output
    assert "evolution.W502" in answer.output
    assert shop.written() == ["0001_initial", "0002_book_token"]


def test_a_rename_is_asked_for_and_has_no_answer_by_itself(shop):
    shop.models(BOOK.replace("title", "name").replace("null=True", "null=True, db_column='title'"))
    answer = shop.at_terminal("makemigrations", types="\ny\n")
    assert answer.code == 0, answer.output
    assert (
        "Was shop.book.title renamed to name? If not, it is dropped with its values. [y/n]" in answer.output
    )
    assert "RenameField" in shop.source(shop.written()[-1])


def test_a_model_that_was_not_renamed_is_dropped_and_said_to_be_lost(shop):
    shop.models(BOOK.replace("Book", "Tome"))
    answer = shop.at_terminal("makemigrations", types="n\n")
    assert answer.code == 0, answer.output
    assert "evolution.W201" in answer.output


def test_a_name_that_running_code_would_miss_is_written_with_a_reason(shop):
    shop.models(BOOK.replace("title", "name"))
    answer = shop.at_terminal("makemigrations", types="y\nit is stopped for the run\n")
    assert answer.code == 0, answer.output
    assert "evolution.W402  shop.0002_rename_title_book_name" in answer.output
    assert "'evolution.W402': 'it is stopped for the run'," in shop.source("0002_rename_title_book_name")


def test_a_name_that_running_code_would_miss_is_not_written_without_a_reason(shop):
    shop.models(BOOK.replace("title", "name"))
    answer = shop.at_terminal("makemigrations", types="y\n\n")
    assert (answer.code, shop.written()) == (3, ["0001_initial"])


def test_what_the_command_line_answers_is_not_asked(shop):
    shop.models(BOOK.replace("title", "name"))
    arguments = ("--rename", "shop.book.title=name", "--accept", "W402=it is stopped for the run")
    answer = shop.at_terminal("makemigrations", *arguments, types="")
    assert answer.code == 0, answer.output
    assert "Was shop.book" not in answer.output


def test_check_asks_what_django_asks(shop):
    shop.models(BOOK.replace("title", "name"))
    answer = shop.at_terminal("makemigrations", "--check", types="y\n")
    assert answer.code == 1
    assert "Was book.title renamed to book.name (a CharField)? [y/N]" in answer.output
    assert "Rename field title on book to name" in answer.output
