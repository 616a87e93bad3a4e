"""Sessions while the site learns whose each is (users.0010), and while it unlearns it: nobody is signed out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from estimation.tests.legacy import Database, database_of_its_own

SESSIONS = "SELECT session_key, session_data FROM `django_session` ORDER BY session_key"
NOTED = "SELECT id, session_id, user_id FROM `estimation_user_session` ORDER BY id"
ROWS = (
    "INSERT INTO `estimation_user` (id, nickname, password, is_staff, is_superuser, is_active)"
    " VALUES (7, 'Zoë', '!', 0, 0, 1);\n"
    "INSERT INTO `django_session` (session_key, session_data, expire_date)"
    " VALUES ('first', 'e30:1', '2099-01-01 00:00:00'), ('second', 'e30:2', '2099-01-01 00:00:00');\n"
)


@pytest.fixture
def earlier(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Database]:
    """A database of the release before, in which somebody is signed in twice."""
    with django_db_blocker.unblock(), database_of_its_own(tmp_path) as database:
        database.migrated("users", "0009")
        database.migrated("sessions")
        database.execute_script(ROWS)
        yield database


def test_sessions_of_the_release_before_go_on(earlier):
    before = earlier.rows(SESSIONS)
    earlier.migrated("users", "0010")
    assert earlier.rows(SESSIONS) == before
    assert earlier.rows(NOTED) == []


def test_going_back_ends_no_session_and_what_was_noted_comes_back(earlier):
    earlier.migrated("users", "0010")
    earlier.execute_script(
        "INSERT INTO `estimation_user_session` (id, session_id, user_id) VALUES (3, 'first', 7), (5, 'second', 7);\n"
    )
    before, noted = earlier.rows(SESSIONS), earlier.rows(NOTED)
    assert len(noted) == 2
    earlier.migrated("users", "0009")
    assert earlier.rows(SESSIONS) == before
    earlier.migrated("users", "0010")
    assert (earlier.rows(SESSIONS), earlier.rows(NOTED)) == (before, noted)


def test_the_release_before_deletes_sessions_and_people_while_it_still_runs(earlier):
    """It knows nothing of what was noted."""
    earlier.migrated("users", "0010")
    earlier.execute_script(
        "INSERT INTO `estimation_user_session` (id, session_id, user_id) VALUES (3, 'first', 7), (5, 'second', 7);\n"
        "DELETE FROM `django_session` WHERE session_key = 'first';\n"
        "DELETE FROM `estimation_user` WHERE id = 7;\n"
    )
    assert [row[0] for row in earlier.rows(SESSIONS)] == ["second"]
