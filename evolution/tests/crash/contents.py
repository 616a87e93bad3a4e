"""What is in a database: its tables as the server defines them, their rows, and the open lines of the journal."""

import re
from collections import Counter
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.tests.crash.moments import without_chance

BOOKS = 20
_NEXT_ID = re.compile(r" AUTO_INCREMENT=\d+")
# What MySQL says of a column that was altered and leaves out where it was made so.
_SAID_OR_NOT = " CHARACTER SET utf8mb4"
# Names that Django makes of other names. What is left for the end of a migration has its name from when it was written
# down, not from after a rename in the same migration; no code depends on it.
_UNIQUE = re.compile(r"UNIQUE KEY (`\w+`) \(\1\)")  # named by the server, where it was made with its table
_MADE_NAME = re.compile(r"[`\"]\w+_[0-9a-f]{8}(?:_fk\w*|_uniq)?[`\"]")


def fill() -> None:
    """Rows in every table of the first migration, with names that try the quoting."""
    with connection.cursor() as cursor:
        for number in range(1, 6):
            name = None if number == 3 else f"A'{number}\" \\ %s 🚀"
            cursor.execute("INSERT INTO library_author (id, name) VALUES (%s, %s)", [number * 2, name])
            cursor.execute("INSERT INTO library_tag (id, word) VALUES (%s, %s)", [number, f"W {number}"])
            cursor.execute("INSERT INTO library_poster (id, size) VALUES (%s, %s)", [number, f"A{number}"])
        for number in range(1, BOOKS + 1):
            cursor.execute(
                "INSERT INTO library_book (id, title, price, author_id) VALUES (%s, %s, %s, %s)",
                [number * 3, f"T {number} é", number * 1.25, (number % 5 + 1) * 2],
            )
            cursor.execute(
                "INSERT INTO library_book_tags (id, book_id, tag_id) VALUES (%s, %s, %s)",
                [number, number * 3, number % 5 + 1],
            )


def definitions(database: BaseDatabaseWrapper) -> dict[str, str]:
    """Each table's definition as the server writes it, with its indexes; without the next id, which rows change.

    Then those of the views, which need the tables.
    """
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            cursor.execute(
                "SELECT tbl_name, group_concat(sql, '; ') FROM (SELECT * FROM sqlite_master ORDER BY type DESC, name)"
                " WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'sqlite_%%' GROUP BY tbl_name",
                [],
            )
            return dict(cursor.fetchall())
        found = {}
        for name in database.introspection.table_names(cursor, include_views=True):
            cursor.execute(f"SHOW CREATE TABLE `{name}`")
            found[name] = _NEXT_ID.sub("", cursor.fetchone()[1])
        return dict(sorted(found.items(), key=lambda one: is_view(one[1])))


def is_view(definition: str) -> bool:
    """Whether a definition is that of a view on MySQL or MariaDB."""
    return not definition.startswith("CREATE TABLE")


def columns(database: BaseDatabaseWrapper, table: str, *, computed: bool) -> list[str]:
    """The columns of a table in alphabetical order, with those or without those that the database computes."""
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            cursor.execute("SELECT name, hidden > 1 FROM pragma_table_xinfo(%s)", [table])
        else:
            cursor.execute(
                "SELECT column_name, extra LIKE %s FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND table_name = %s",
                ["% GENERATED", table],
            )
        return sorted(name for name, is_computed in cursor.fetchall() if computed or not is_computed)


def rows(database: BaseDatabaseWrapper, table: str, *, computed: bool = True) -> list[tuple[Any, ...]]:
    """All rows of a table, in no particular order."""
    names = ", ".join(f"`{name}`" for name in columns(database, table, computed=computed))
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM `{table}`")
        return list(cursor.fetchall())


def _told(definition: str) -> list[str]:
    """The lines of a definition, in no particular order, without the names that Django makes."""
    lines = _UNIQUE.sub(r"UNIQUE KEY … (\1)", definition.replace(_SAID_OR_NOT, "")).splitlines()
    return sorted(_MADE_NAME.sub("…", line).strip(" ,") for line in lines)


def contents(database: BaseDatabaseWrapper = connection) -> dict[str, Any]:
    """Every definition and row but those about runs and about when a migration was applied."""
    from evolution.tables import without_own

    found = definitions(database)
    tables = {name: _told(found[name]) for name in without_own(found) - {"django_migrations"}}
    told: dict[str, Any] = {"tables": tables}
    told |= {name: sorted(map(repr, rows(database, name))) for name in tables}
    if "django_migrations" in database.introspection.table_names():
        with database.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations ORDER BY name")
            told["applied"] = list(cursor.fetchall())
    return told


def journal(database: BaseDatabaseWrapper = connection) -> dict[str, Any]:
    """How many of the journal's open lines are written, begun and done, and the one that is begun."""
    from evolution.models import Statement

    if Statement._meta.db_table not in database.introspection.table_names():
        return {}
    lines = list(Statement.objects.using(database.alias).filter(closed=False))
    begun = [without_chance(line.sql) for line in lines if line.state == Statement.State.BEGUN]
    return dict(Counter(str(line.state) for line in lines)) | ({"statement": begun} if begun else {})


def last_run(database: BaseDatabaseWrapper = connection) -> str:
    """How the last run of `migrate` has ended, or that it is running as far as the database knows."""
    from evolution.models import Run

    if Run._meta.db_table not in database.introspection.table_names():
        return ""
    run = Run.objects.using(database.alias).order_by("-pk").first()
    return str(run.outcome) if run else ""
