"""The first `migrate` in a new database: quick, and begun again when it was cut short."""

import json

import pytest
from django.db import connection

from evolution.tests.processes import query, run

MIGRATE = 'from django.core.management import call_command; call_command("migrate", verbosity=0)'
# Ends the process after so many tables.
KILLED = (
    "import os, signal\n"
    "from django.db.backends.base.schema import BaseDatabaseSchemaEditor as E\n"
    "create, left = E.create_model, [3]\n"
    "def counted(self, model):\n"
    "    create(self, model)\n"
    "    left[0] -= model._meta.app_label == 'library'\n"
    "    left[0] or os.kill(os.getpid(), signal.SIGKILL)\n"
    "E.create_model = counted\n"
)
OUTCOMES = "SELECT outcome FROM evolution_run ORDER BY id"
TABLES = (
    "SELECT name FROM sqlite_master WHERE name LIKE 'library%' ORDER BY 1"
    if connection.vendor == "sqlite"
    else "SHOW TABLES LIKE 'library%'"
)


@pytest.fixture
def killed(empty_database):
    """A new database in which the first run was killed after its third table."""
    code, _output, errors = run(empty_database, KILLED + MIGRATE)
    assert code == -9, errors
    return empty_database


def test_a_first_run_keeps_no_journal(empty_database):
    assert run(empty_database, MIGRATE)[0] == 0
    assert query(empty_database, "SELECT COUNT(*) FROM evolution_statement") == "[(0,)]"


def test_a_first_run_that_was_killed_begins_again_and_ends_like_another(killed, empty_database):
    code, _output, errors = run(killed, MIGRATE)
    assert code == 0, errors
    assert query(killed, OUTCOMES) == "[('interrupted',), ('finished',)]"
    assert "library_item" in query(killed, TABLES)


def test_a_first_run_that_was_killed_can_be_aborted(killed):
    code, _output, errors = run(killed, MIGRATE.replace("verbosity=0", "verbosity=0, abort=True"))
    assert code == 0, errors
    assert query(killed, TABLES) == "[]"
    assert query(killed, OUTCOMES) == "[('aborted',)]"


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite rolls the migration back")
def test_rows_that_are_there_before_it_begins_again_are_saved(killed, tmp_path, monkeypatch):
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path))
    insert = "connection.cursor().execute(\"INSERT INTO library_author (name) VALUES ('Ada')\")"
    assert run(killed, insert)[0] == 0
    code, _output, errors = run(killed, MIGRATE)
    assert code == 0, errors
    (manifest,) = tmp_path.glob("*/manifest.json")
    assert json.loads(manifest.read_text())["accounts"]["library_author"]["rows"] == 1
