"""What a database's schema is, and in what two schemas differ. Pure: it reads no database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """A column: its type as the server writes it (lower case), and whether it may be NULL."""

    type: str
    nullable: bool

    def __str__(self) -> str:
        return f"{self.type} {'NULL' if self.nullable else 'NOT NULL'}"


@dataclass(frozen=True, order=True)
class ForeignKey:
    """A foreign key without its name; the rules in upper case, NO ACTION written as RESTRICT."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]
    on_delete: str
    on_update: str

    def __str__(self) -> str:
        rules = f"ON DELETE {self.on_delete} ON UPDATE {self.on_update}"
        return f"foreign key ({', '.join(self.columns)}) to {self.table} ({', '.join(self.target)}) {rules}"


@dataclass(frozen=True)
class Table:
    """A table, with nothing in it that has only a name to tell it apart from another one."""

    columns: dict[str, Column]
    primary_key: tuple[str, ...] = ()
    unique: frozenset[tuple[str, ...]] = frozenset()
    indexes: frozenset[tuple[str, ...]] = frozenset()
    foreign_keys: frozenset[ForeignKey] = frozenset()
    triggers: frozenset[str] = frozenset()
    checks: frozenset[tuple[str, ...]] = (
        frozenset()
    )  # the columns that each names, in the order of their names
    engine: str = ""  # the storage engine, where the server has several


@dataclass(frozen=True)
class Schema:
    """A database's tables by name, and the character set of tables to come (empty where there is no such thing)."""

    tables: dict[str, Table] = field(default_factory=dict)
    character_set: str = ""
    # By table the checks that say no more than the type of their column, which may be there or not.
    implied: dict[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)

    def only(self, names: set[str]) -> "Schema":
        """The same schema without the tables that are not in `names`."""
        tables = {name: self.tables[name] for name in self.tables if name in names}
        return Schema(tables, self.character_set, self.implied)

    def checks(self, table: str) -> frozenset[tuple[str, ...]]:
        """The checks of a table without those that its columns' types imply."""
        return self.tables[table].checks - self.implied.get(table, frozenset())


@dataclass(frozen=True)
class MissingIndex:
    """An index that only makes things faster, and which can be made without touching a row."""

    table: str
    columns: tuple[str, ...]


def differences(expected: Schema, found: Schema) -> list[str]:
    """In what `found` differs from `expected`, a sentence each; empty when they are the same.

    Of a check only its columns count, and of one that the column's type implies not even those. Names of keys and
    indexes do not count, nor do indexes that are not unique: see `missing_indexes`.
    """
    lines = []
    if expected.character_set != found.character_set:
        lines.append(f"the database's character set is {found.character_set}, not {expected.character_set}")
    for name in sorted(expected.tables.keys() | found.tables.keys()):
        if name not in found.tables:
            lines.append(f"table {name} is missing")
        elif name not in expected.tables:
            lines.append(f"table {name} should not be there")
        else:
            of_checks = _in_sets(map(_check, expected.checks(name)), map(_check, found.checks(name)))
            lines += [
                f"table {name}: {line}"
                for line in (*_in_table(expected.tables[name], found.tables[name]), *of_checks)
            ]
    return lines


def missing_indexes(expected: Schema, found: Schema) -> list[MissingIndex]:
    """The indexes, not unique ones, that `expected` has and no key or index of `found` serves."""
    missing = []
    for name in sorted(expected.tables.keys() & found.tables.keys()):
        table = found.tables[name]
        served = table.indexes | table.unique | {table.primary_key}
        missing += [
            MissingIndex(name, columns)
            for columns in sorted(expected.tables[name].indexes)
            if not any(index[: len(columns)] == columns for index in served)
        ]
    return missing


def _in_table(expected: Table, found: Table) -> Iterator[str]:
    if expected.engine != found.engine:
        yield f"its storage engine is {found.engine}, not {expected.engine}"
    yield from _in_columns(expected.columns, found.columns)
    if expected.primary_key != found.primary_key:
        yield f"its primary key is ({', '.join(found.primary_key)}), not ({', '.join(expected.primary_key)})"
    yield from _in_sets(map(_unique, expected.unique), map(_unique, found.unique))
    yield from _in_sets(expected.foreign_keys, found.foreign_keys)
    for trigger in sorted(found.triggers - expected.triggers):
        yield f"trigger {trigger} should not be there"


def _unique(columns: tuple[str, ...]) -> str:
    return f"unique ({', '.join(columns)})"


def _check(columns: tuple[str, ...]) -> str:
    return f"check of ({', '.join(columns)})"


def _in_sets(expected: Iterable[object], found: Iterable[object]) -> Iterator[str]:
    names, present = set(map(str, expected)), set(map(str, found))
    yield from (f"{name} is missing" for name in sorted(names - present))
    yield from (f"{name} should not be there" for name in sorted(present - names))


def _in_columns(expected: dict[str, Column], found: dict[str, Column]) -> Iterator[str]:
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            yield f"column {name} ({expected[name]}) is missing"
        elif name not in expected:
            yield f"column {name} ({found[name]}) should not be there"
        elif expected[name] != found[name]:
            yield f"column {name} is {found[name]}, not {expected[name]}"
