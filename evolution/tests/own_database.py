"""A database of its own for one test, with the server's programs at hand, and `manage.py` in a process of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.scratch import connected
from evolution.tests.forked import manage

PROJECT = Path(settings.BASE_DIR)
PROGRAMS = {"mariadb": ("mariadb-dump", "mariadb"), "mysql": ("mysqldump", "mysql")}


class OwnDatabase:
    """A database, its address, and the folder of its backups."""

    def __init__(self, wrapper: BaseDatabaseWrapper, url: str, folder: Path) -> None:
        self.wrapper = wrapper
        self.url = url
        self.folder = folder

    @property
    def is_sqlite(self) -> bool:
        return self.wrapper.vendor == "sqlite"

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of one statement; names may be quoted with `backticks`, which all three engines read."""
        with self.wrapper.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py`."""
        return manage(arguments, PROJECT, os.environ | {"DATABASE_URL": self.url} | environment)

    def managed(self, *arguments: str, **environment: str) -> str:
        """The same, which has to succeed; what it printed."""
        answer = self.manage(*arguments, **environment)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    def refused(self, *arguments: str, **environment: str) -> str:
        """The same, which has to fail with one line; that line."""
        answer = self.manage(*arguments, **environment)
        assert answer.returncode == 1, answer.stdout + answer.stderr
        assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
        return answer.stderr.strip()


@contextmanager
def own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnDatabase]:
    """An empty database: a file, or one on the suite's server, dropped afterwards; its backups go to `tmp_path`."""
    folder = tmp_path / "backups"
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(folder))
    if connection.vendor == "sqlite":
        file = tmp_path / "own.sqlite3"
        with connected(connection, str(file)) as wrapper:
            yield OwnDatabase(wrapper, f"sqlite:///{file}", folder)
        return
    dump, client = server_programs()
    monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", dump)
    monkeypatch.setenv("EVOLUTION_CLIENT_PROGRAM", client)
    name = f"own_{token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    try:
        with connected(connection, name) as wrapper:
            before, _slash, _name = os.environ["DATABASE_URL"].rpartition("/")
            yield OwnDatabase(wrapper, f"{before}/{name}", folder)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
            cursor.execute("SHOW DATABASES")
            for (left,) in cursor.fetchall():
                if left.startswith(f"{name}_scratch_"):
                    cursor.execute(f"DROP DATABASE {left}")


def server_programs() -> tuple[str, str]:
    """The commands of the dump program and the client of the suite's server; skips where there are none."""
    engine = "mariadb" if connection.mysql_is_mariadb else "mysql"  # type: ignore[attr-defined]
    commands = []
    for program in PROGRAMS[engine]:
        answer = subprocess.run(
            [sys.executable, "scripts/databases.py", "path", engine, program],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        command = answer.stdout.strip() or shutil.which(program)
        if not command:
            pytest.skip(f"{program} can't be had here: {answer.stderr.strip()}")
        commands.append(command)
    return commands[0], commands[1]
