"""The certificate of a run: that every row and every value is where it was, or why not.

Counted is before and after the run. Compared are the columns that live on, wherever the plan took them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.accounting import Account, Accounts, account, all_columns, renamed, snapshot
from evolution.lineage import Lineage
from evolution.report import counted as in_number
from evolution.tables import without_own

Tables = dict[str, list[str]]  # columns by table


@dataclass(frozen=True)
class Certificate:
    """What was counted before and after, and in what it differs."""

    before: Accounts
    after: Accounts
    renames: Mapping[str, str] = field(default_factory=dict)  # of tables, where the name changed
    lost: list[str] = field(default_factory=list)  # tables and columns that the plan drops
    # A sentence for each table that is not as it was, though nothing in the plan says that it may be.
    differences: list[str] = field(default_factory=list)
    # The same for tables that a data step of the plan may have changed.
    changed: list[str] = field(default_factory=list)
    # The same by table that is there, where others may have written to it meanwhile.
    written: Mapping[str, str] = field(default_factory=dict)
    has_data_steps: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "renames": dict(self.renames),
            "lost": self.lost,
            "differences": self.differences,
            "changed": self.changed,
            "written": list(self.written.values()),
        }

    @property
    def rows(self) -> int:
        """How many rows it accounts for: those that were there, but of tables to which others have written."""
        tables = self.before.tables.items()
        return sum(one.rows for table, one in tables if self.renames.get(table, table) not in self.written)

    @property
    def by_others(self) -> list[str]:
        """What others, or a data step that nobody can tell from them, have written: a sentence for each table."""
        whose = "By a data step of the plan, or by others" if self.has_data_steps else "Written to meanwhile"
        return [f"{whose}: {sentence}" for sentence in self.written.values()]

    def lines(self) -> list[str]:
        """A plain table: name, rows before and after, checksum."""
        counted = {table: one for table, one in self.before.tables.items() if self._has_rows(table)}
        names = {table: self.renames.get(table, table) for table in counted}
        titles = {table: table if table == name else f"{table} → {name}" for table, name in names.items()}
        width = max([5, *map(len, titles.values())])
        lines = [f"{'table':<{width}} {'before':>10} {'after':>10}  checksum"]
        for table, old in counted.items():
            new = self.after.tables.get(names[table])
            same = "same" if new and new.checksum == old.checksum else "other values"
            lines.append(
                f"{titles[table]:<{width}} {old.rows:>10} {new.rows if new else '-':>10}  "
                f"{same if new else 'dropped'}"
            )
        if empty := len(self.before.tables) - len(counted):
            lines.append(f"and {in_number(empty, 'table')} without rows")
        return lines

    def _has_rows(self, table: str) -> bool:
        after = self.after.tables.get(self.renames.get(table, table))
        return bool(self.before.tables[table].rows or (after and after.rows))


def columns_to_count(connection: BaseDatabaseWrapper) -> Tables:
    """The tables whose rows count, with their columns: all but those in which `migrate` itself keeps account."""
    found = all_columns(connection)
    counted = without_own(found) - {"django_migrations"}
    return {table: names for table, names in found.items() if table in counted}


def baseline(connection: BaseDatabaseWrapper, lineage: Lineage) -> Accounts:
    """Count what lives on through the plan, as it is before it."""
    _leave_out_filled(connection, lineage)
    with snapshot(connection):
        return account(connection, lineage.living())


def certify(
    connection: BaseDatabaseWrapper,
    before: Accounts,
    lineage: Lineage,
    *,
    fewer_accepted: bool = False,
    others_write: bool = False,
) -> Certificate:
    """Count again after the plan, and compare.

    `before` is what `baseline` counted, maybe before a plan that went on further than `lineage`. With
    `fewer_accepted` a data step may remove rows; with `others_write` other programs were at work meanwhile.
    """
    kept = {
        table: [column for column in one.columns if (table, column) in lineage.columns]
        for table, one in before.tables.items()
        if table in lineage.tables
    }
    moves = {
        old: lineage.columns[old] for table, names in kept.items() for old in ((table, n) for n in names)
    }
    wanted = _present(connection, _after(kept, moves, lineage))
    with snapshot(connection):
        after = account(connection, wanted)
    differences: list[str] = []
    changed: list[str] = []
    written: dict[str, str] = {}
    for table in kept:
        if sentence := _difference(table, before.tables[table], lineage.tables[table], after):
            fewer = _rows(after, lineage.tables[table]) < before.tables[table].rows
            meant = bool(lineage.data_steps) and (not fewer or fewer_accepted)
            if others_write and lineage.tables[table] in after.tables:
                written[lineage.tables[table]] = sentence
            elif meant:
                changed.append(sentence)
            else:
                differences.append(sentence)
    renames = {old: new for old, new in lineage.tables.items() if old in before.tables and old != new}
    lost = [table for table in before.tables if table not in lineage.tables]
    return Certificate(before, after, renames, lost, differences, changed, written, bool(lineage.data_steps))


def _after(kept: Tables, moves: Mapping[tuple[str, str], tuple[str, str]], lineage: Lineage) -> Tables:
    after = renamed({table: names for table, names in kept.items() if names}, moves)
    return after | {lineage.tables[table]: [] for table, names in kept.items() if not names}


def _present(connection: BaseDatabaseWrapper, wanted: Tables) -> Tables:
    """Without tables and columns that are not there: what is missing is told apart from what can't be asked."""
    there = all_columns(connection)
    return {
        table: names for table, names in wanted.items() if table in there and set(names) <= set(there[table])
    }


def _difference(table: str, old: Account, name: str, after: Accounts) -> str:
    title = f"Table {name}" if name == table else f"Table {name} (before: {table})"
    new = after.tables.get(name)
    if new is None:
        return f"{title} or one of its columns is missing, and had {old.rows} rows."
    if new.rows != old.rows:
        return f"{title} has {new.rows} rows, and had {old.rows}."
    if new.checksum != old.checksum:
        return f"{title} has its {old.rows} rows, but not the same values in them."
    return ""


def _rows(after: Accounts, table: str) -> int:
    return after.tables[table].rows if table in after.tables else 0


def _leave_out_filled(connection: BaseDatabaseWrapper, lineage: Lineage) -> None:
    """Where NULL stands now and is not allowed afterwards, other values are to be expected."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table, column in lineage.filled - lineage.rewritten:
            cursor.execute(f"SELECT 1 FROM {quote(table)} WHERE {quote(column)} IS NULL LIMIT 1")  # noqa: S608
            if cursor.fetchone():
                lineage.rewritten.add((table, column))
