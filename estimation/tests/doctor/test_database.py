"""What the doctor says of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from estimation.doctor import database
from estimation.tests.doctor.examining import OK, PROBLEM, WARNING, doctor, seen, told

pytestmark = pytest.mark.django_db


def test_a_database_that_answers_is_told_with_its_version():
    found = seen("database")
    assert [finding.level for finding in found] == [OK]
    assert any(name in found[0].message for name in ("SQLite 3.", "MariaDB", "utf8mb4"))


@pytest.mark.once
def test_a_database_that_is_not_there_is_a_problem_and_is_not_made(tmp_path):
    done = doctor(DATABASE_URL=f"sqlite:///{tmp_path}/none.sqlite3")
    assert done.returncode == 1
    assert f"There is no {tmp_path}/none.sqlite3 yet. Run: manage.py migrate" in done.stdout
    assert not (tmp_path / "none.sqlite3").exists()


@pytest.mark.once
def test_a_database_that_does_not_answer_is_a_problem(tmp_path):
    done = doctor(DATABASE_URL=f"sqlite:///{tmp_path}")
    assert done.returncode == 1
    assert "problem  database" in done.stdout
    assert "It does not answer: unable to open database file." in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.once
def test_an_empty_database_ends_no_look_at_the_rest(tmp_path):
    (tmp_path / "empty.sqlite3").touch()
    done = doctor(DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")
    assert done.returncode == 1
    assert "The database lacks" in done.stdout
    assert "backup folder" in done.stdout
    assert "Not everything in it could be looked at" in done.stdout
    assert "Traceback" not in done.stderr


WELL = database.Server("11.8.3-MariaDB", "utf8mb4", "utf8mb4_unicode_ci", "STRICT_TRANS_TABLES", 0, 0)


@pytest.mark.parametrize(
    ("server", "levels", "words"),
    [
        (WELL, [OK], "11.8.3-MariaDB"),
        (replace(WELL, charset="latin1"), [OK, PROBLEM], "could not keep every character"),
        (replace(WELL, other_charset=3), [OK, WARNING], "Tables with another character set than utf8mb4: 3."),
        (replace(WELL, other_engine=2), [OK, PROBLEM], "know no transactions: 2."),
    ],
)
def test_a_server_is_judged_by_how_it_keeps_text_and_tables(server, levels, words):
    found = list(database.judged(server))
    assert [finding.level for finding in found] == levels
    assert words in found[-1].message


@pytest.mark.parametrize(
    ("host", "options", "levels"),
    [
        ("database.lan", {}, [PROBLEM]),
        ("10.0.0.5", {}, [PROBLEM]),
        ("10.0.0.5", {"ssl": {"ca": "/ca.pem"}}, []),
        ("127.0.0.1", {}, []),
        ("::1", {}, []),
        ("localhost", {}, []),
        ("/run/mysqld/mysqld.sock", {}, []),
        ("", {}, []),
    ],
)
def test_a_database_on_another_machine_without_tls_is_a_problem(host, options, levels):
    found = list(database.way_there("mysql", host, options))
    assert [finding.level for finding in found] == levels
    assert list(database.way_there("sqlite", host, options)) == []


@contextmanager
def database_is_late(seconds: int) -> Iterator[None]:
    """Its clock differs by so many seconds."""
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        then = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(" ").partition("+")[0]
        connection.connection.create_function("strftime", 2, lambda _form, _moment: then)
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET timestamp = UNIX_TIMESTAMP() - %s", [seconds])
    try:
        yield
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seconds", "level"), [(0, OK), (20, WARNING), (7200, PROBLEM)])
def test_a_database_with_another_time_is_noticed(seconds, level):
    with database_is_late(seconds):
        assert told("clock")[0] is level
