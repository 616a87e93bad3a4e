"""`migrate` on SQLite, killed by strace at one of its writing system calls, and run again.

At few of them, at as many as CRASH says, or at every one with CRASH=all.
"""

from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from evolution.tests.crash.cells import differences
from evolution.tests.crash.files import FIRST, STRETCHES, UP, killed, library_file, points, written

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the files of the other engines are written by their servers"
)
QUICK = ("--no-backup", "--no-rehearsal")


def finishes_when_killed(folder: Path, start: str, target: str, *options: str) -> None:
    with library_file(folder, start, target) as library:
        for point in points(written(library.behind(*options), folder)):
            library.put_back()
            killed(library.behind(*options), point, again=library.put_back)
            again = library.migrate(*options)
            assert again.returncode == 0, f"after {point} calls: {again.stderr}"
            assert differences(library.contents(), library.expected) == {}, f"after {point} calls"


@pytest.mark.parametrize(("start", "target"), STRETCHES)
def test_killed_at_a_writing_system_call_the_same_command_finishes(
    tmp_path, start, target, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock():
        finishes_when_killed(tmp_path, start, target, *QUICK)


@pytest.mark.parametrize(("start", "target"), [(FIRST, "0003_data"), ("0003_data", FIRST)])
def test_killed_in_any_of_the_stages_the_same_command_finishes(
    tmp_path, start, target, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock():
        finishes_when_killed(tmp_path, start, target)


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_on_a_disk_that_is_full_from_some_write_on_it_stops_with_one_line_and_finishes_when_there_is_room(
    tmp_path, journal_mode, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock(), library_file(tmp_path, *UP[0], journal_mode) as library:
        files = [f"-P{library.file}{ending}" for ending in ("", "-journal", "-wal")]
        count = library.traced(QUICK, "-e", "trace=pwrite64", *files).count("pwrite64(")
        assert count > 50
        for point in points(count):
            library.put_back()
            full = ["-e", f"inject=pwrite64:error=ENOSPC:when={point}+"]
            stopped = library.migrate(*QUICK, before=["strace", "-o", "/dev/null", *full, *files])
            if stopped.returncode or journal_mode == "delete":
                assert stopped.returncode in {1, 3}, stopped.stderr
                assert stopped.stderr.startswith("CommandError: The database says: "), stopped.stderr
                assert len(stopped.stderr.splitlines()) == 1
            else:  # all was written to the log, and there was only no room to copy it from there
                assert differences(library.contents(), library.expected) == {}
            again = library.migrate(*QUICK)
            assert again.returncode == 0, again.stderr
            assert differences(library.contents(), library.expected) == {}
