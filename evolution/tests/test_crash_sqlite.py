"""`migrate` on SQLite, killed by strace at one of its writing system calls, and run again.

At few of them, at as many as CRASH says, or at every one with CRASH=all.
"""

import os

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from evolution.tests.crash.cells import differences
from evolution.tests.crash.files import LibraryFile, killed, points, written

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the files of the other engines are written by their servers"
)
QUICK = ("--no-backup", "--no-rehearsal")


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("options", [QUICK, ()], ids=["quick", "all stages"])
def test_killed_at_a_writing_system_call_the_same_command_finishes(
    tmp_path, direction, options, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock():
        library = LibraryFile(tmp_path, direction)
        chosen = points(written(library.behind(*options), tmp_path))
        if not options and "CRASH" not in os.environ:
            chosen = chosen[1:-1]  # with a backup and a rehearsal each run takes its time
        for point in chosen:
            library.put_back()
            killed(library.behind(*options), point, again=library.put_back)
            again = library.migrate(*options)
            assert again.returncode == 0, again.stderr
            assert differences(library.contents(), library.expected) == {}


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_on_a_disk_that_is_full_from_some_write_on_it_stops_with_one_line_and_finishes_when_there_is_room(
    tmp_path, journal_mode, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock():
        library = LibraryFile(tmp_path, "up", journal_mode)
        files = [f"-P{library.file}{ending}" for ending in ("", "-journal", "-wal")]
        count = library.traced(QUICK, "-e", "trace=pwrite64", *files).count("pwrite64(")
        assert count > 100
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
