"""What `migrate` does with a statement of which it cannot know whether it was carried out."""

import pytest
from django.db import connection

from evolution.tests.holders import MIGRATE, PREPARE
from evolution.tests.processes import query, run

pytestmark = pytest.mark.skipif(
    "mysql" not in connection.vendor,
    reason="SQLite rolls a schema change back, so there is no such statement",
)

ADD_COLUMN = "ALTER TABLE `library_book` ADD COLUMN `isbn`"
KILLED = f"crash.migrate('0005_models', after={ADD_COLUMN!r})"


@pytest.fixture
def killed(empty_database: str) -> str:
    """A database whose `migrate` was killed right after it had added a column."""
    assert run(empty_database, PREPARE)[0] == 0
    assert run(empty_database, KILLED)[0] == -9
    return empty_database


def test_a_statement_that_was_carried_out_before_the_kill_is_not_carried_out_again(killed):
    code, _output, errors = run(killed, MIGRATE)
    assert code == 0, errors
    assert query(killed, "SELECT COUNT(*) FROM library_item WHERE isbn IS NOT NULL") == "[(20,)]"


def test_a_statement_that_somebody_took_back_by_hand_is_carried_out(killed):
    query(killed, "ALTER TABLE library_book DROP COLUMN isbn")
    assert run(killed, MIGRATE)[0] == 0
    assert query(killed, "SELECT COUNT(*) FROM library_item WHERE isbn IS NOT NULL") == "[(20,)]"


def test_a_table_that_somebody_else_changed_stops_the_run_with_both_forms_shown_and_nothing_done(killed):
    query(killed, "ALTER TABLE library_book MODIFY isbn int NULL")
    before = query(killed, "SHOW CREATE TABLE library_book")
    code, _output, errors = run(killed, MIGRATE)
    assert code == 1
    assert "neither as before it nor as after it" in errors
    assert "--- expected after: library_book" in errors
    assert "--- now: library_book" in errors
    assert query(killed, "SHOW CREATE TABLE library_book") == before


def test_how_each_run_ended_is_written_down(killed):
    run(killed, MIGRATE)
    assert (
        query(killed, "SELECT outcome, resumed FROM evolution_run ORDER BY id")
        == "[('finished', 0), ('finished', 1)]"
    )
