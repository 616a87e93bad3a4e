"""The library in a file of SQLite's, which `migrate` is run on in a process of its own, killed, and put back."""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from evolution.scratch import connected
from evolution.tests.crash.cells import differences
from evolution.tests.crash.contents import contents
from evolution.tests.crash.forks import ForkServer, Run

WRITES = "write,pwrite64,sendto,fsync,fdatasync,ftruncate,rename,unlink,unlinkat,mkdir,rmdir"
FEW = "3"
NAME = "library.sqlite3"
FIRST = "0001_books"
# The history in three stretches, up and down: each run is short, and together they are the whole.
UP = [(FIRST, "0004_constraints"), ("0004_constraints", "0008_columns"), ("0008_columns", "0012_farewell")]
STRETCHES = [*UP, *((target, start) for start, target in reversed(UP))]
BY_DJANGO = "from evolution.tests.crash.runs import migrate_by_django; migrate_by_django"


def points(number: int) -> list[int]:
    """The calls to die at: all of them, or a few that are spread over the whole, the first and the last included."""
    wanted = os.environ.get("CRASH", FEW)
    steps = number - 1 if wanted == "all" else min(int(wanted), number) - 1
    return [1 + (number - 1) * step // steps for step in range(steps + 1)]


def traced(run: Run, folder: Path, *what: str) -> str:
    """What strace, with options that say `what`, writes about a process that `run` starts behind a command."""
    if not shutil.which("strace"):
        pytest.skip("there is no strace on this machine (Debian: apt-get install strace)")
    log = folder / "strace.log"
    try:
        answer = run(["strace", "-o", str(log), *what])
    except PermissionError:
        pytest.skip("strace may not trace here")
    assert answer.returncode == 0, answer.stderr
    return log.read_text()


def written(run: Run, folder: Path) -> int:
    """How many writing system calls the process makes."""
    return sum("(" in line for line in traced(run, folder, "-e", f"trace={WRITES}").splitlines())


def killed(run: Run, point: int, again: Callable[[], object] = lambda: None) -> None:
    """Kill the process at its n-th writing system call.

    How many it makes differs a little from run to run, with the pieces that come through pipes and what a second thread
    packs: one that came to its end before the n-th is run again for an earlier one, after `again`.
    """
    while True:
        answer = run(["strace", "-o", "/dev/null", "-e", f"inject={WRITES}:signal=KILL:when={point}"])
        assert answer.returncode in {0, -signal.SIGKILL}, answer.stderr
        if answer.returncode:
            return
        point -= max(1, point // 10)
        assert point
        again()


class LibraryFile:
    """A file with the library in it, which can be put back as it was."""

    def __init__(self, folder: Path, processes: ForkServer, start: str, target: str) -> None:
        self.folder = folder
        self.file = folder / NAME
        self.target = target
        self.processes = processes
        self._do(f"crash.begin_at({FIRST!r}); crash.fill(); crash.begin_at({start!r})")
        self.before = self.file.read_bytes()
        self._do(f"{BY_DJANGO}({target!r})")
        self.expected = self.contents()
        self.left = b""
        self.put_back()

    def put(self, files: Mapping[Path, bytes]) -> None:
        """Have these files, and no others of the database's."""
        for file in self.folder.glob(f"{NAME}*"):
            file.unlink()
        for file, held in files.items():
            file.write_bytes(held)

    def put_back(self) -> None:
        self.put({self.file: self.before})

    def contents(self) -> dict[str, Any]:
        with connected(connection, str(self.file)) as database:
            with database.cursor() as cursor:
                cursor.execute("PRAGMA integrity_check")
                assert cursor.fetchall() == [("ok",)]
            return contents(database)

    def migrate(self, *options: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """`manage.py migrate` to the target, behind the command `before` if there is one."""
        return self.processes.manage("migrate", "library", self.target, *options, before=before)

    def traced(self, options: Sequence[str], *what: str) -> str:
        """What strace says about a run to the end, which leaves the file as `left`."""
        said = traced(self.behind(*options), self.folder, *what)
        self.left = self.file.read_bytes()
        assert differences(self.contents(), self.expected) == {}
        return said

    def behind(self, *options: str) -> Run:
        """A run with these options, behind the command that it is given."""
        return self.processes.behind("migrate", "library", self.target, *options)

    def _do(self, work: str) -> None:
        done = self.processes.run(
            f"from evolution.tests import crash; from django.db import connection; {work}"
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def library_file(
    folder: Path, start: str, target: str, journal_mode: str = "delete"
) -> Iterator[LibraryFile]:
    """The library in a file in `folder`, before a run that takes it from one migration to another."""
    file = folder / NAME
    with sqlite3.connect(file) as database:
        database.execute(f"PRAGMA journal_mode={journal_mode}")
    database.close()
    environment = {
        "DATABASE_URL": f"sqlite:///{file}",
        "DJANGO_SETTINGS_MODULE": "evolution.tests.project",
        "EVOLUTION_BACKUP_FOLDER": str(folder / "backups"),
    }
    with ForkServer(folder, environment) as processes:
        yield LibraryFile(folder, processes, start, target)
