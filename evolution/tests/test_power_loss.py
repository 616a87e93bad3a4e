"""The power fails in the midst of `migrate` on SQLite, and what was not yet safe on the disk is lost, or a part of it.

At few moments, at as many as CRASH says, or at every one with CRASH=all.
"""

import random

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from evolution.tests.crash.cells import differences
from evolution.tests.crash.disk import TRACING, Disk, calls
from evolution.tests.crash.files import STRETCHES, UP, library_file, points

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the other engines' servers write their files by themselves"
)
QUICK = ("--no-backup", "--no-rehearsal")


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
@pytest.mark.parametrize(("start", "target"), STRETCHES)
def test_when_the_power_has_failed_the_same_command_finishes(
    tmp_path, start, target, journal_mode, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock(), library_file(tmp_path, start, target, journal_mode) as library:
        made = calls(library.traced(QUICK, *TRACING), library.folder)
        disk = Disk({library.file: library.before})
        moments = points(len(made))
        for number, call in enumerate(made, start=1):
            disk.take(call)
            if number in moments:
                library.put(disk.after_power_loss(random.Random(number)))
                again = library.migrate(*QUICK)
                assert again.returncode == 0, f"after {number} of {len(made)} calls: {again.stderr}"
                assert differences(library.contents(), library.expected) == {}


def test_the_disk_that_is_made_from_the_calls_is_the_one_that_they_made(
    tmp_path, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock(), library_file(tmp_path, *UP[0]) as library:
        made = calls(library.traced(QUICK, *TRACING), library.folder)
        disk = Disk({library.file: library.before})
        for call in made:
            disk.take(call)
        assert disk.whole()[library.file] == library.left
