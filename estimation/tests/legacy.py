"""A database of its own for one test, on the engine that the suite runs on, worked on by `manage.py`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.scratch import connected
from evolution.tests.forked import manage

PROJECT = Path(settings.BASE_DIR)
QUICKLY = ["--no-backup", "--no-rehearsal"]
DUMPS = PROJECT / "fixtures" / "legacy"


class Database:
    """A database, its address, and what to do with it."""

    def __init__(self, wrapper: BaseDatabaseWrapper, url: str) -> None:
        self.wrapper = wrapper
        self.url = url

    @property
    def is_sqlite(self) -> bool:
        return self.wrapper.vendor == "sqlite"

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` with these arguments in a process of its own."""
        return manage(arguments, PROJECT, os.environ | {"DATABASE_URL": self.url} | environment)

    def peak_memory(self, *arguments: str) -> int:
        """Run `manage.py`, which has to succeed; the most memory that it held, in bytes."""
        with subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=os.environ | {"DATABASE_URL": self.url},
            stdout=subprocess.DEVNULL,
        ) as process:
            _pid, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_maxrss * 1024

    def managed(self, *arguments: str) -> str:
        """The same, which has to succeed; what it printed."""
        answer = self.manage(*arguments)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    def migrated(self, *arguments: str) -> str:
        """`migrate` without backup and rehearsal, where they are not what is tried; what it printed."""
        return self.managed("migrate", *arguments, *QUICKLY)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query in which names are quoted with `backticks`, which all three engines read."""
        with self.wrapper.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def execute_script(self, script: str) -> None:
        """Run statements that end in a semicolon at the end of a line."""
        with self.wrapper.cursor() as cursor:
            for statement in script.split(";\n"):
                if statement.strip():
                    # No parameters: a percent sign in a name is only that.
                    cursor.execute(statement, None)

    def load(self, state: str) -> None:
        """Put the Flask version's database in state `a` or `b` here."""
        if self.is_sqlite:
            import sqlite3

            with sqlite3.connect(DUMPS / f"flask-{state}.sqlite") as source:
                self.wrapper.ensure_connection()
                source.backup(self.wrapper.connection)
        else:
            self.execute_script((DUMPS / f"flask-{state}.mysql.sql").read_text(encoding="utf-8"))


@contextmanager
def database_of_its_own(folder: Path) -> Iterator[Database]:
    """An empty database: a file in `folder`, or one on the suite's server, dropped afterwards."""
    if connection.vendor == "sqlite":
        file = folder / "own.sqlite3"
        with connected(connection, str(file)) as wrapper:
            yield Database(wrapper, f"sqlite:///{file}")
        return
    name = f"own_{token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    try:
        with connected(connection, name) as wrapper:
            before, _slash, _name = os.environ["DATABASE_URL"].rpartition("/")
            yield Database(wrapper, f"{before}/{name}")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
