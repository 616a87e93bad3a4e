"""`migrate` on SQLite, killed by strace at one of its writing system calls, and run again.

At few of them, at as many as CRASH says, or at every one with CRASH=all.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

from evolution.scratch import connected
from evolution.tests.crash.cells import differences
from evolution.tests.crash.contents import contents
from evolution.tests.processes import run
from evolution.tests.test_backups_killed import WRITES, points

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="the files of the other engines are written by their servers"
)

FIRST, LAST = "0001_books", "0012_farewell"
BY_DJANGO = "from evolution.tests.crash.runs import migrate_by_django; migrate_by_django"


class Library:
    """A file with the library in it, which can be put back as it was."""

    def __init__(self, folder: Path, start: str, target: str) -> None:
        self.folder = folder
        self.target = target
        self.file = folder / "library.sqlite3"
        self.url = f"sqlite:///{self.file}"
        self._do(f"crash.migrate({FIRST!r}); crash.fill(); crash.migrate({start!r})")
        self.before = self.file.read_bytes()
        self._do(f"{BY_DJANGO}({target!r})")
        self.expected = self.contents()
        self.put_back()

    def put_back(self) -> None:
        for file in self.folder.glob("library.sqlite3*"):
            file.unlink()
        self.file.write_bytes(self.before)

    def contents(self) -> dict[str, Any]:
        with connected(connection, str(self.file)) as database:
            with database.cursor() as cursor:
                cursor.execute("PRAGMA integrity_check")
                assert cursor.fetchall() == [("ok",)]
            return contents(database)

    def migrate(self, *options: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """`manage.py migrate` to the target, behind the command `before` if there is one."""
        return subprocess.run(
            [*before, sys.executable, "-m", "django", "migrate", "library", self.target, *options],
            cwd=settings.BASE_DIR,
            env={key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
            | {"DATABASE_URL": self.url, "DJANGO_SETTINGS_MODULE": "evolution.tests.project"}
            | {"PYTHONDONTWRITEBYTECODE": "1", "EVOLUTION_BACKUP_FOLDER": str(self.folder / "backups")},
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self, *options: str) -> int:
        """How many writing system calls it makes."""
        if not shutil.which("strace"):
            pytest.skip("there is no strace on this machine (Debian: apt-get install strace)")
        log = self.folder / "strace.log"
        answer = self.migrate(*options, before=("strace", "-o", str(log), "-e", f"trace={WRITES}"))
        if "ptrace" in answer.stderr.lower() and "not permitted" in answer.stderr.lower():
            pytest.skip("strace may not trace here")
        assert answer.returncode == 0, answer.stderr
        assert differences(self.contents(), self.expected) == {}
        return sum("(" in line for line in log.read_text().splitlines())

    def killed(self, point: int, *options: str) -> None:
        """Begin again and kill it at its n-th writing system call, or before where it makes fewer this time.

        Backups are packed by a second thread, so that there are not as many each time.
        """
        while True:
            self.put_back()
            inject = f"inject={WRITES}:signal=KILL:when={point}"
            answer = self.migrate(*options, before=("strace", "-o", "/dev/null", "-e", inject))
            assert answer.returncode in {0, -9, 137}, answer.stderr
            if answer.returncode:
                return
            point -= max(1, point // 10)
            assert point

    def _do(self, work: str) -> None:
        code, _output, errors = run(self.url, work)
        assert code == 0, errors


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("options", [("--no-backup", "--no-rehearsal"), ()], ids=["quick", "all stages"])
def test_killed_at_a_writing_system_call_the_same_command_finishes(
    tmp_path, direction, options, django_db_blocker: DjangoDbBlocker
):
    with django_db_blocker.unblock():
        _killed_again_and_again(tmp_path, direction, options)


def _killed_again_and_again(tmp_path: Path, direction: str, options: tuple[str, ...]) -> None:
    library = Library(tmp_path, *((FIRST, LAST) if direction == "up" else (LAST, FIRST)))
    for point in points(library.calls(*options)):
        library.killed(point, *options)
        again = library.migrate(*options)
        assert again.returncode == 0, again.stderr
        assert differences(library.contents(), library.expected) == {}
