"""Several runs of `migrate` at once, on whatever engine."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from evolution.tests.holders import HOLD, LOCK, MIGRATE, held, migrate, said, started, take, tell, told
from evolution.tests.processes import query, start

in_a_file = pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite's lock is a file")


@pytest.fixture
def holder(empty_database: str) -> Iterator[subprocess.Popen[str]]:
    with held(empty_database) as process:
        yield process


@pytest.mark.parametrize("number", [2, 5])
def test_runs_at_once_do_the_work_once_and_all_end_well(library, number):
    processes = [start(library, MIGRATE) for _number in range(number)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * number, errors
    assert query(library, "SELECT MIN(pages), MAX(pages), COUNT(*) FROM library_item") == "[(101, 101, 20)]"
    assert query(library, "SELECT COUNT(*) FROM library_writer WHERE name = 'Anonymous'") == "[(1,)]"


def test_runs_at_once_on_machines_whose_clocks_are_a_day_off_do_the_work_once(library):
    shifted = "import time; now = time.time; time.time = lambda: now() + {seconds}; " + MIGRATE
    processes = [start(library, shifted.format(seconds=seconds)) for seconds in (-86400, 0, 86400)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert query(library, "SELECT MIN(pages), MAX(pages), COUNT(*) FROM library_item") == "[(101, 101, 20)]"


def test_a_run_that_waits_too_long_says_for_whom_and_changes_nothing(library):
    with held(library) as process:
        code, _output, errors = migrate(library, LOCK_TIMEOUT=1)
    assert code == 1
    assert "Another migrate has been running for 1 seconds (" in errors
    assert f", process {process.pid}" in errors
    assert query(library, "SELECT COUNT(*) FROM library_book") == "[(20,)]"


def test_a_run_that_waits_takes_the_lock_when_the_other_has_ended(empty_database, holder):
    with started(empty_database, LOCK + HOLD.format(work="lock.check()")) as waiting:
        assert said(waiting).startswith("Another migrate is running (")
        assert told(holder) == "well\n"
        tell(holder)
        assert said(waiting) == "held\n"
        assert told(waiting) == "well\n"


def test_the_lock_of_a_holder_that_was_killed_is_free_at_once(empty_database, holder):
    holder.kill()
    holder.wait()
    code, output, errors = take(empty_database, LOCK_TIMEOUT=1)
    assert code == 0, errors
    assert output.endswith("taken\n")
    assert "gives no sign of life" not in output


def test_migrate_within_migrate_has_the_lock_already(empty_database):
    nested = "with migration_lock(connection, print) as inner: assert inner is lock"
    with held(empty_database, nested) as process:
        assert told(process) == "well\n"
        process.communicate("\n")
    assert process.returncode == 0


@in_a_file
def test_one_file_by_two_names_has_one_lock(empty_database, tmp_path, holder):
    (tmp_path / "other.sqlite3").symlink_to(tmp_path / "crash.sqlite3")
    code, _output, errors = take(f"sqlite:///{tmp_path}/other.sqlite3", LOCK_TIMEOUT=1)
    assert code == 1
    assert "Another migrate has been running" in errors


@in_a_file
def test_a_holder_whose_lock_file_was_removed_goes_no_further(tmp_path, holder):
    (tmp_path / "crash.sqlite3-migrate").unlink()
    assert told(holder).startswith("LockLost The lock of migrate is lost: somebody has removed ")


@in_a_file
def test_a_lock_file_that_cannot_be_written_is_told(empty_database: str, tmp_path: Path):
    (tmp_path / "crash.sqlite3-migrate").mkdir()
    code, _output, errors = take(empty_database)
    assert code == 1
    assert "crash.sqlite3-migrate can't be written (Is a directory). Nothing was changed." in errors
