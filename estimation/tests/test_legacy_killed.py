"""The upgrade that gives groups their owner, killed at each of its statements: run again, it ends as if nothing was."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from estimation.tests.legacy import PROJECT, Database, database_of_its_own
from estimation.tests.test_legacy_size import fill

MANY = 500
OWNERS = "SELECT `user`, COUNT(*) FROM estimation_group GROUP BY `user` ORDER BY `user`"
# Ends itself with SIGKILL before the statement with this number about groups, users or what is kept of them, and not
# about the run's own books; else it prints these statements.
KILLED = """
import json, os, re, signal, django
django.setup()
from django.core.management import call_command
from django.db import connection

seen = []

def kill(execute, sql, params, many, context):
    writes = re.match("ALTER|CREATE|RENAME|DROP|INSERT|UPDATE|DELETE|REPLACE", str(sql))
    if writes and re.search("group|user|evolution_archive_", str(sql)) and not re.search("evolution_[rsl]", str(sql)):
        seen.append(str(sql))
        if len(seen) == {number}:
            os.kill(os.getpid(), signal.SIGKILL)
    return execute(sql, params, many, context)

with connection.execute_wrapper(kill):
    call_command("migrate", "groups", {target!r}, verbosity=0, no_backup=True, rehearsal=False)
print(json.dumps(seen))
"""


@pytest.fixture
def state_a(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[], Database]]:
    """Makes databases with groups in state A."""
    with django_db_blocker.unblock(), ExitStack() as stack:

        def make() -> Database:
            stack.close()  # the one before
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            folder.mkdir()
            own = stack.enter_context(database_of_its_own(folder))
            own.load("a")
            fill(own, MANY)
            own.managed("adopt")
            return own

        yield make


def killed(database: Database, target: str, number: int) -> list[str]:
    """Run `migrate` towards `target` and kill it at so many statements; all of them, where there were fewer."""
    run = subprocess.run(
        [sys.executable, "-c", KILLED.format(target=target, number=number)],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": database.url, "DJANGO_SETTINGS_MODULE": "estimation.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in (0, -signal.SIGKILL), run.stderr
    return [] if run.returncode else json.loads(run.stdout)


def test_on_the_way_up_the_same_command_ends_it(state_a):
    number = 1
    while not (seen := killed(database := state_a(), "0004", number)):
        database.migrated("groups", "0004")
        ((owner, nickname),) = database.rows("SELECT id, nickname FROM `user`")
        assert (nickname, database.rows(OWNERS)) == ("default", [(owner, MANY)]), f"statement {number}"
        number += 1
    told = "\n".join(seen).replace('"', "`")
    for part in (
        "CREATE TABLE `user`",
        "INSERT INTO `user`",
        "ALTER TABLE `estimation_group` ADD COLUMN `user`",
    ):
        assert part in told


def test_on_the_way_down_it_ends_it_too_and_the_owners_come_back(state_a):
    database = state_a()
    database.migrated("groups", "0004")
    database.rows("INSERT INTO `user` (nickname) VALUES ('Ada')")
    ((first, ada),) = database.rows("SELECT MIN(id), MAX(id) FROM `user`")
    database.rows(f"UPDATE estimation_group SET `user` = {ada} WHERE id % 2 = 0")
    number = 1
    while not (seen := killed(database, "0001", number)):
        database.migrated("groups", "0001")
        assert database.rows("SELECT COUNT(*) FROM `group`") == [(MANY,)], f"statement {number}"
        database.migrated("groups", "0004")
        owners = database.rows(OWNERS)
        assert [owner for owner, _count in owners] == [first, ada], f"statement {number}"
        assert sum(count for _owner, count in owners) == MANY
        number += 1
    told = "\n".join(seen)
    assert "evolution_archive_" in told
    assert "RENAME" in told
