"""Reads the schema of a live database: SQLite, MySQL or MariaDB."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import truncate_name

from evolution.schema import Column, ForeignKey, Schema, Table

EXPRESSION = "an expression"  # what an index has in the place of a column


def read_schema(connection: BaseDatabaseWrapper) -> Schema:
    """The schema of the database behind `connection`: its tables, not its views.

    Raises ImproperlyConfigured for an engine other than SQLite, MySQL and MariaDB.
    """
    match connection.vendor:
        case "sqlite":
            return _Sqlite(connection).schema()
        case "mysql":
            return _MySQL(connection).schema()
        case other:
            raise ImproperlyConfigured(f"evolution works on SQLite, MySQL and MariaDB, not on {other}.")


def table_names(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of all tables in the database behind `connection`."""
    return set(connection.introspection.table_names())


def views(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The views of a MySQL or MariaDB database, each with its query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = DATABASE()"
        )
        return dict(cursor.fetchall())


def stored_names(connection: BaseDatabaseWrapper) -> Callable[[str], str]:
    """How the database writes the name that a model gives its table, as a function from one to the other.

    Shortened where it is too long, and without capitals where the server is set up so (`lower_case_table_names` is 1).
    """
    longest = connection.ops.max_name_length()
    small = False
    if connection.vendor == "mysql" and connection.features.ignores_table_name_case:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@lower_case_table_names")
            small = cursor.fetchone() == (1,)

    def stored(table: str) -> str:
        name = truncate_name(table, longest)
        return name.lower() if small else name

    return stored


def definitions(connection: BaseDatabaseWrapper) -> list[tuple[str, ...]]:
    """What stands in an SQLite database, in the order of its names: table, kind, name and definition of each thing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tbl_name, type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name",
            None,
        )
        return list(cursor.fetchall())


class _Reader:
    """What the engines share."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection

    def schema(self) -> Schema:
        raise NotImplementedError

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())


# All tables at once, joined with what a pragma says of each: asking table by table takes ten times as long.
_TABLES = "FROM sqlite_master m{} WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%%' ESCAPE '\\'"


class _Sqlite(_Reader):
    def schema(self) -> Schema:
        definitions = dict(self.of_tables("m.name, m.sql"))
        columns, primary = self.columns()
        keys, triggers = self.keys(), self.triggers()
        foreign_keys = self.foreign_keys(primary)
        tables = {
            name: Table(
                columns=columns[name],
                primary_key=primary[name],
                unique=frozenset(keys[name, True]),
                indexes=frozenset(keys[name, False]),
                foreign_keys=frozenset(foreign_keys[name]),
                triggers=frozenset(triggers[name]),
                checks=self.checks(definition, columns[name]),
            )
            for name, definition in sorted(definitions.items())
        }
        return Schema(tables)

    def of_tables(self, columns: str, pragmas: str = "", order: str = "m.name") -> list[tuple[Any, ...]]:
        return self.rows(f"SELECT {columns} {_TABLES.format(pragmas)} ORDER BY {order}", [])

    def columns(self) -> tuple[dict[str, dict[str, Column]], dict[str, tuple[str, ...]]]:
        """The columns of each table, and its primary key."""
        columns: dict[str, dict[str, Column]] = defaultdict(dict)
        keys: dict[str, dict[int, str]] = defaultdict(dict)
        for table, column, kind, notnull, key in self.of_tables(
            "m.name, p.name, lower(p.type), p.`notnull`, p.pk",
            ", pragma_table_info(m.name) p",
            "m.name, p.cid",
        ):
            # A primary key of type integer is never NULL, whether it says so or not.
            columns[table][column] = Column(kind, not notnull and not key)
            if key:
                keys[table][key] = column
        primary = {table: tuple(found[place] for place in sorted(found)) for table, found in keys.items()}
        return columns, defaultdict(tuple, primary)

    def keys(self) -> dict[tuple[str, bool], list[tuple[str, ...]]]:
        """The columns of the indexes of each table, True for the unique ones, without the primary keys."""
        parts: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
        for table, index, unique, column in self.of_tables(
            "m.name, l.name, l.`unique`, i.name",
            " JOIN pragma_index_list(m.name) l ON l.origin <> 'pk' JOIN pragma_index_info(l.name) i",
            "m.name, l.name, i.seqno",
        ):
            parts[table, index, bool(unique)].append(column or EXPRESSION)
        keys: dict[tuple[str, bool], list[tuple[str, ...]]] = defaultdict(list)
        for (table, _index, unique), columns in parts.items():
            keys[table, unique].append(tuple(columns))
        return keys

    def triggers(self) -> dict[str, list[str]]:
        triggers: dict[str, list[str]] = defaultdict(list)
        for table, name in self.rows("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"):
            triggers[table].append(name)
        return triggers

    def foreign_keys(self, primary: dict[str, tuple[str, ...]]) -> dict[str, list[ForeignKey]]:
        parts = defaultdict(list)
        for name, number, table, column, target, on_delete, on_update in self.of_tables(
            "m.name, f.id, f.`table`, f.`from`, f.`to`, f.on_delete, f.on_update",
            ", pragma_foreign_key_list(m.name) f",
            "m.name, f.id, f.seq",
        ):
            # A key that names no column means the other table's primary key.
            parts[name, number, table, on_delete, on_update].append((column, target or primary[table][0]))
        keys: dict[str, list[ForeignKey]] = defaultdict(list)
        for (name, _number, *rest), columns in parts.items():
            keys[name].append(_foreign_key(tuple(rest), columns))
        return keys

    def checks(self, definition: str, columns: dict[str, Column]) -> frozenset[tuple[str, ...]]:
        """The columns that each check of a table names, found by Django in the table's definition."""
        if "check" not in definition.lower():  # Taking a definition apart takes long.
            return frozenset()
        introspection: Any = self.connection.introspection
        found = introspection._parse_table_constraints(definition, set(columns)).values()
        return frozenset(tuple(sorted(one["columns"])) for one in found if one["check"])


# A check's name is one of the database's on MySQL, and one of the table's on MariaDB.
_CHECKS = {
    True: "SELECT table_name, check_clause FROM information_schema.check_constraints"
    " WHERE constraint_schema = DATABASE()",
    False: "SELECT t.table_name, c.check_clause FROM information_schema.check_constraints c"
    " JOIN information_schema.table_constraints t ON t.constraint_schema = c.constraint_schema"
    " AND t.constraint_name = c.constraint_name AND t.constraint_type = 'CHECK'"
    " WHERE c.constraint_schema = DATABASE()",
}


_NOT_NEGATIVE = re.compile(r"\(?`([^`]+)` >= 0\)?")
Checks = frozenset[tuple[str, ...]]


class _MySQL(_Reader):
    """One query for each kind of thing, however many tables there are; Django's introspection has several a table."""

    def schema(self) -> Schema:
        engines = dict(
            self.rows(
                "SELECT table_name, engine FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
            )
        )
        ((character_set,),) = self.rows(
            "SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = DATABASE()"
        )
        columns, keys = self.columns(), self.keys()
        foreign_keys, triggers, (checks, implied) = self.foreign_keys(), self.triggers(), self.checks(columns)
        tables = {
            name: Table(
                columns=columns[name],
                foreign_keys=frozenset(foreign_keys[name]),
                triggers=frozenset(triggers[name]),
                checks=checks.get(name, frozenset()),
                engine=engine,
                **keys[name],
            )
            for name, engine in sorted(engines.items())
        }
        return Schema(tables, character_set, implied)

    def columns(self) -> dict[str, dict[str, Column]]:
        columns: dict[str, dict[str, Column]] = defaultdict(dict)
        for table, column, kind, character_set, nullable, extra in self.rows(
            "SELECT table_name, column_name, column_type, character_set_name, is_nullable, extra"
            " FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"
        ):
            counts = "auto_increment" if "auto_increment" in extra else None
            full = " ".join(part for part in (kind, character_set, counts) if part)
            columns[table][column] = Column(full, nullable == "YES")
        return columns

    def keys(self) -> dict[str, dict[str, Any]]:
        """The primary key, unique keys and indexes of each table, as arguments of `Table`."""
        parts: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
        for table, index, repeatable, column in self.rows(
            "SELECT table_name, index_name, non_unique, column_name FROM information_schema.statistics"
            " WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index"
        ):
            parts[table, index, bool(repeatable)].append(column or EXPRESSION)
        keys: dict[str, dict[str, Any]] = defaultdict(
            lambda: {"primary_key": (), "unique": frozenset(), "indexes": frozenset()}
        )
        for (table, index, repeatable), columns in parts.items():
            if index == "PRIMARY":
                keys[table]["primary_key"] = tuple(columns)
            else:
                keys[table]["indexes" if repeatable else "unique"] |= {tuple(columns)}
        return keys

    def foreign_keys(self) -> dict[str, list[ForeignKey]]:
        parts = defaultdict(list)
        for name, table, column, target_table, target, on_delete, on_update in self.rows(
            "SELECT k.constraint_name, k.table_name, k.column_name, k.referenced_table_name,"
            " k.referenced_column_name, r.delete_rule, r.update_rule"
            " FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r"
            " ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name"
            " AND r.table_name = k.table_name"
            " WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL"
            " ORDER BY k.table_name, k.constraint_name, k.ordinal_position"
        ):
            parts[table, name, target_table, on_delete, on_update].append((column, target))
        keys: dict[str, list[ForeignKey]] = defaultdict(list)
        for (table, _name, *rest), columns in parts.items():
            keys[table].append(_foreign_key(tuple(rest), columns))
        return keys

    def checks(self, columns: dict[str, dict[str, Column]]) -> tuple[dict[str, Checks], dict[str, Checks]]:
        """Of each check the columns that it names: the servers write its text anew, each in its own way.

        And again those that no column of their type could break, such as that a number without a sign is not negative.
        """
        checks: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        more_than_types: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        introspection: Any = self.connection.introspection
        for table, clause in self.rows(_CHECKS[introspection.connection.mysql_is_mariadb]):
            named = tuple(sorted(introspection._parse_constraint_columns(clause, set(columns[table]))))
            checks[table].add(named)
            match = _NOT_NEGATIVE.fullmatch(clause)
            if not (match and "unsigned" in columns[table][match[1]].type):
                more_than_types[table].add(named)
        implied = {table: frozenset(named - more_than_types[table]) for table, named in checks.items()}
        return {table: frozenset(named) for table, named in checks.items()}, implied

    def triggers(self) -> dict[str, list[str]]:
        triggers: dict[str, list[str]] = defaultdict(list)
        for table, name in self.rows(
            "SELECT event_object_table, trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
        ):
            triggers[table].append(name)
        return triggers


def _foreign_key(key: tuple[str, ...], columns: list[tuple[str, str]]) -> ForeignKey:
    table, on_delete, on_update = key
    return ForeignKey(
        columns=tuple(column for column, _target in columns),
        table=table,
        target=tuple(target for _column, target in columns),
        on_delete=on_delete.upper().replace("NO ACTION", "RESTRICT"),
        on_update=on_update.upper().replace("NO ACTION", "RESTRICT"),
    )
