"""Several runs of `migrate` at once."""

import pytest

from evolution.tests.processes import query, run, start

PREPARE = "crash.migrate('0001_books'); crash.fill()"
MIGRATE = "crash.migrate('0005_models')"
HOLD = (
    "from evolution.lock import migration_lock; lock = migration_lock(connection, print); "
    "lock.__enter__(); print('held', flush=True); input()"
)


@pytest.fixture
def library(empty_database: str) -> str:
    """A database in which the library's first migration is applied, with rows."""
    code, _output, errors = run(empty_database, PREPARE)
    assert code == 0, errors
    return empty_database


def test_three_runs_at_once_do_the_work_once_and_all_end_well(library):
    processes = [start(library, MIGRATE) for _number in range(3)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert query(library, "SELECT MIN(pages), MAX(pages), COUNT(*) FROM library_item") == "[(101, 101, 20)]"
    assert query(library, "SELECT COUNT(*) FROM library_writer WHERE name = 'Anonymous'") == "[(1,)]"


def test_a_run_that_waits_too_long_says_for_whom_and_changes_nothing(library):
    with start(library, HOLD.replace("input()", "import sys; sys.stdin.read()")) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        impatient = "from django.conf import settings; settings.EVOLUTION = {'LOCK_TIMEOUT': 1}; " + MIGRATE
        code, _output, errors = run(library, impatient)
        holder.kill()
    assert code == 1
    assert "Another migrate has been running for 1 seconds" in errors
    assert query(library, "SELECT COUNT(*) FROM library_book") == "[(20,)]"


def test_the_lock_of_a_holder_that_was_killed_is_free_at_once(library):
    with start(library, HOLD.replace("input()", "import os; os.kill(os.getpid(), 9)")) as holder:
        holder.wait()
    assert holder.returncode == -9
    assert run(library, MIGRATE)[0] == 0
