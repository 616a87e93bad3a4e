"""The step that gives groups their owner, killed between its batches."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from estimation.tests.legacy import PROJECT, QUICKLY, Database, database_of_its_own
from estimation.tests.test_legacy_size import fill

MANY = 5_000
OWNED = "SELECT COUNT(*) FROM estimation_group WHERE `user` IS NOT NULL"
# Ends itself with SIGKILL in the batch after the first two.
KILLED = """
import os, signal, django
django.setup()
from django.core.management import call_command
from django.db import connection

seen = []

def count(execute, sql, params, many, context):
    if str(sql).lstrip().startswith(("UPDATE `estimation_group`", 'UPDATE "estimation_group"')):
        seen.append(sql)
        if len(seen) > 2:
            os.kill(os.getpid(), signal.SIGKILL)
    return execute(sql, params, many, context)

with connection.execute_wrapper(count):
    call_command("migrate", "groups", {target!r}, verbosity=0, no_backup=True, rehearsal=False)
"""


@pytest.fixture
def database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Database]:
    """Groups in state A, taken to where they have a column for their owner."""
    with django_db_blocker.unblock(), database_of_its_own(tmp_path) as own:
        own.load("a")
        fill(own, MANY)
        own.managed("adopt")
        own.migrated("groups", "0002")
        yield own


def kill(database: Database, target: str) -> int:
    """Run `migrate` towards `target` and kill it; how many groups have an owner then."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED.format(target=target)],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": database.url, "DJANGO_SETTINGS_MODULE": "estimation.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    return int(database.rows(OWNED)[0][0])


def test_it_goes_on_where_it_was_and_every_group_has_an_owner(database):
    owned = kill(database, "0003")
    # SQLite takes the whole migration back, the others keep each batch.
    assert owned == 0 if database.is_sqlite else 0 < owned < MANY
    answer = database.manage("migrate", *QUICKLY)
    assert answer.returncode == 0, answer.stderr
    assert ("goes on after" in answer.stderr) is not database.is_sqlite
    assert database.rows(OWNED) == [(MANY,)]
    assert database.rows("SELECT COUNT(*) FROM estimation_user") == [(1,)]
    assert database.rows("SELECT COUNT(*) FROM evolution_checkpoint") == [(0,)]


def test_on_the_way_down_it_goes_on_too_and_comes_up_again(database):
    database.migrated("groups", "0003")
    owned = kill(database, "0002")
    assert owned == MANY if database.is_sqlite else 0 < owned < MANY
    database.migrated("groups", "0002")
    assert database.rows(OWNED) == [(0,)]
    database.migrated()
    assert database.rows(OWNED) == [(MANY,)]
