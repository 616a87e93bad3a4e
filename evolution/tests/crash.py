"""Kills `migrate` at every moment of a run, runs it again, and looks whether anything differs from a run in peace.

`python -m evolution.tests.crash up --every 1`, with DATABASE_URL naming an empty database. A moment lies before and
after every statement that writes and every commit; the process ends itself there with SIGKILL. One line of JSON for
each cell that is not as it should be, and a last one that counts them.
"""

import argparse
import json
import os
import re
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from typing import Any

READS = re.compile(r"\s*(?:SELECT|SHOW|SET|SAVEPOINT|RELEASE|PRAGMA)\b", re.IGNORECASE)
BOOKS = 20
# From which state to which; `migrate` gets the second.
DIRECTIONS = {"up": ("0001_books", "0005_models"), "down": ("0005_models", "0001_books")}


class Moments:
    """Counts moments, and ends the process at one of them: the `last`, or right after a statement of this text."""

    def __init__(self, last: int, after: str = "") -> None:
        self.last = last
        self.after = after
        self.count = 0

    def pass_one(self, *, is_last: bool = False) -> None:
        self.count += 1
        if is_last or self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """A wrapper of Django's cursors."""
        if READS.match(str(sql)):
            return execute(sql, params, many, context)
        self.pass_one()
        result = execute(sql, params, many, context)
        self.pass_one(is_last=bool(self.after) and str(sql).startswith(self.after))
        return result

    def around_commit(self, commit: Callable[[], None]) -> Callable[[], None]:
        """A wrapper of a connection's commit."""

        def wrapped() -> None:
            self.pass_one()
            commit()
            self.pass_one()

        return wrapped


def migrate(target: str, last: int = 0, *, after: str = "") -> int:
    """`manage.py migrate library TARGET`, killed at moment `last` or after a statement; how many moments there were."""
    from django.core.management import call_command
    from django.db import connection

    moments = Moments(last, after)
    connection.ensure_connection()
    connection.commit = moments.around_commit(connection.commit)  # type: ignore[method-assign]
    with connection.execute_wrapper(moments.around):
        call_command("migrate", "library", target, verbosity=0)
    return moments.count


def in_a_child(work: Callable[[], object]) -> int:
    """Do `work` in a process of its own; its exit code, negative for the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fill() -> None:
    """Authors and books with names that try the quoting, in the tables of the first migration."""
    from django.db import connection

    with connection.cursor() as cursor:
        for number in range(1, 6):
            name = None if number == 3 else f"A'{number}\" \\ %s 🚀"
            cursor.execute("INSERT INTO library_author (id, name) VALUES (%s, %s)", [number * 2, name])
        for number in range(1, BOOKS + 1):
            cursor.execute(
                "INSERT INTO library_book (id, title, price, author_id) VALUES (%s, %s, %s, %s)",
                [number * 3, f"T {number} é", number * 1.25, (number % 5 + 1) * 2],
            )


def contents() -> dict[str, Any]:
    """The schema and every row but those about runs and about when a migration was applied."""
    from django.db import connection

    from evolution.introspection import read_schema
    from evolution.tables import table_names_of_evolution

    schema = read_schema(connection)
    tables = sorted(set(schema.tables) - table_names_of_evolution() - {"django_migrations"})
    found: dict[str, Any] = {"tables": {name: schema.tables[name] for name in tables}}
    with connection.cursor() as cursor:
        for name in tables:
            columns = ", ".join(f"`{column}`" for column in sorted(schema.tables[name].columns))
            cursor.execute(f"SELECT {columns} FROM `{name}`")
            found[name] = sorted(map(repr, cursor.fetchall()))
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY name")
        found["applied"] = list(cursor.fetchall())
    connection.close()
    return found


def open_lines() -> int:
    """How many lines of the journal are not history yet."""
    from django.db import connection

    from evolution.models import Statement

    if Statement._meta.db_table not in connection.introspection.table_names():
        return 0
    count = Statement.objects.filter(closed=False).count()
    connection.close()
    return count


class Snapshot:
    """The whole database as it is now, to begin each cell from."""

    def __init__(self) -> None:
        from django.db import connection

        self.copy: sqlite3.Connection | None = None
        self.definitions: dict[str, str] = {}
        self.rows: dict[str, Any] = {}
        if connection.vendor == "sqlite":
            self.copy = sqlite3.connect(":memory:")
            connection.ensure_connection()
            connection.connection.backup(self.copy)
        else:
            self._read(connection)
        connection.close()

    def restore(self) -> None:
        """Put everything back as it was."""
        from django.db import connection

        connection.ensure_connection()
        if self.copy:
            self.copy.backup(connection.connection)
        else:
            self._write(connection)
        connection.close()

    def _read(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            for name in connection.introspection.table_names(cursor):
                cursor.execute(f"SHOW CREATE TABLE `{name}`")
                self.definitions[name] = cursor.fetchone()[1]
                cursor.execute(f"SELECT * FROM `{name}`")
                self.rows[name] = cursor.fetchall()

    def _write(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET foreign_key_checks = 0")
            for name in connection.introspection.table_names(cursor):
                cursor.execute(f"DROP TABLE `{name}`")
            for definition in self.definitions.values():
                cursor.execute(definition, None)
            for name, rows in self.rows.items():
                if rows:
                    marks = ", ".join(["%s"] * len(rows[0]))
                    cursor.executemany(f"INSERT INTO `{name}` VALUES ({marks})", rows)


def cell(snapshot: Snapshot, target: str, moment: int, expected: dict[str, Any]) -> dict[str, Any]:
    """Kill at `moment`, run again; what is not as it should be, empty when all is well."""
    snapshot.restore()
    wrong: dict[str, Any] = {}
    if (killed := in_a_child(lambda: migrate(target, moment))) != -signal.SIGKILL:
        wrong["not killed"] = killed
    if again := in_a_child(lambda: migrate(target)):
        wrong["the second run failed"] = again
    found = contents()
    wrong |= {key: [found.get(key), expected[key]] for key in expected if found.get(key) != expected[key]}
    if left := open_lines():
        wrong["open lines of the journal"] = left
    return wrong


def matrix(direction: str, first: int, every: int) -> tuple[int, int]:
    """Go through the cells; how many there were, and how many were not as they should be."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    start, target = DIRECTIONS[direction]
    migrate("0001_books")
    fill()
    migrate(start)
    snapshot = Snapshot()
    MigrationExecutor(connection).migrate([("library", target)])  # Django's own, which nothing disturbs
    expected = contents()
    snapshot.restore()
    total = migrate(target)
    cells = wrong = 0
    if (found := contents()) != expected:
        wrong += 1
        say({"moment": 0, "wrong": {key: [found.get(key), expected[key]] for key in expected}})
    for moment in range(first, total + 1, every):
        cells += 1
        if found := cell(snapshot, target, moment, expected):
            wrong += 1
            say({"moment": moment, "of": total, "wrong": found})
    return cells, wrong


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, default=repr) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("direction", choices=DIRECTIONS)
    parser.add_argument("--first", type=int, default=1, help="the first moment")
    parser.add_argument("--every", type=int, default=1, help="only every so many moments")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "evolution.tests.project"
    import django

    django.setup()
    cells, wrong = matrix(options.direction, options.first, options.every)
    say({"direction": options.direction, "cells": cells, "wrong": wrong})
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
