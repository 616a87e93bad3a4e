"""For scripts/bench_migrate.py: empties the database of DATABASE_URL and fills it, or runs one `migrate` there.

`prepare new`, `prepare rows 100000`, `run rows stock`, `run test ours`; a run prints the seconds of the command alone.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path

import django

django.setup()

from django.core.management import call_command, execute_from_command_line, get_commands  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import setup_databases, teardown_databases  # noqa: E402

from evolution.scratch import empty_database  # noqa: E402


def empty() -> None:
    """Take everything out of the database."""
    if connection.vendor == "sqlite":
        for ending in ("", "-wal", "-shm"):
            Path(f"{connection.settings_dict['NAME']}{ending}").unlink(missing_ok=True)
    else:
        empty_database(connection, kept=set())


def fill(rows: int) -> None:
    """State A with so many groups."""
    call_command("migrate", "groups", "0001", verbosity=0)
    table = connection.ops.quote_name("group")
    name = "'Group ' || {0} || ' é'" if connection.vendor == "sqlite" else "CONCAT('Group ', {0}, ' é')"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} (id, name) SELECT 1, {name.format(1)} WHERE {rows} > 0")
        there = 1
        while there < rows:  # twice as many each time, by the database itself
            cursor.execute(
                f"INSERT INTO {table} (id, name) SELECT id + {there}, {name.format(f'(id + {there})')} FROM {table}"
                f" WHERE id <= {rows - there}"  # its own table # nosec B608
            )
            there *= 2


def prepare(case: str, rows: str = "0") -> None:
    """An empty database, or state A with so many groups."""
    empty()
    if case == "rows":
        fill(int(rows))


def run(case: str, who: str) -> None:
    """Take the database to the newest state, or make and drop that of a test run: as Django does, or as we do."""
    options = ["--no-backup", "--no-rehearsal"]
    if who == "stock":
        get_commands()["migrate"] = "django.core"
        options = []
        backend = "sqlite3" if connection.vendor == "sqlite" else "mysql"
        editor = import_module(f"django.db.backends.{backend}.schema").DatabaseSchemaEditor
        connection.SchemaEditorClass = editor
    began = time.perf_counter()
    if case == "test":
        teardown_databases(setup_databases(verbosity=0, interactive=False), verbosity=0)
    else:
        execute_from_command_line(["manage.py", "migrate", "--verbosity=0", *options])
    print(time.perf_counter() - began)


(prepare if sys.argv[1] == "prepare" else run)(*sys.argv[2:])
