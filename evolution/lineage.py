"""Where the columns of a database are after a plan, and which of their values may be others then. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from evolution.narrowing import narrowing
from evolution.rules.changes import (
    AnyField,
    Change,
    ColumnAltered,
    ColumnDropped,
    TableDropped,
    TableRenamed,
)
from evolution.rules.step import Step, changes_rows

Column = tuple[str, str]  # table, column

# Fields whose values are written the same in all of them, as long as nothing is narrowed.
_ALIKE = (
    {
        *(
            "AutoField",
            "BigAutoField",
            "SmallAutoField",
            "IntegerField",
            "BigIntegerField",
            "SmallIntegerField",
        ),
        *("PositiveIntegerField", "PositiveBigIntegerField", "PositiveSmallIntegerField", "ForeignKey"),
        *("OneToOneField", "BooleanField"),
    },
    {"CharField", "SlugField", "FileField", "FilePathField", "TextField"},
    {"DecimalField"},
)


@dataclass
class Lineage:
    """What becomes of the tables and columns that there are before a plan."""

    # Where each of them is now; what was dropped is in none of the two.
    columns: dict[Column, Column]
    tables: dict[str, str]
    # Those, as they were called before, whose values the plan itself may write in another form.
    rewritten: set[Column] = field(default_factory=set)
    # Those in which NULL is no longer allowed: Django puts a default in its place.
    filled: set[Column] = field(default_factory=set)
    # Operations that run code or statements of their own on rows: "groups.0003_default_owner, RunPython(…)".
    data_steps: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, tables: Mapping[str, Iterable[str]], steps: Iterable[Step]) -> "Lineage":
        """Follow `tables` (their columns by name, before the plan) through the steps of a plan."""
        lineage = cls({(t, c): (t, c) for t, names in tables.items() for c in names}, {t: t for t in tables})
        for step in steps:
            lineage.follow(step)
        return lineage

    def follow(self, step: Step) -> None:
        """Take the next step of the plan."""
        if changes_rows(step.operation, backwards=step.backwards):
            self.data_steps.append(f"{step.name}, {step.description}")
        for change in step.changes:
            self._follow(change)

    def living(self) -> dict[str, list[str]]:
        """The tables, and of them the columns, that live on with all their values: named as before the plan."""
        living: dict[str, list[str]] = {table: [] for table in self.tables}
        for table, column in sorted(self.columns):
            if table in living and (table, column) not in self.rewritten:
                living[table].append(column)
        return living

    def renames(self) -> dict[Column, Column]:
        """Before → after, of each living column."""
        return {
            (table, column): self.columns[table, column]
            for table, columns in self.living().items()
            for column in columns
        }

    def lost(self, tables: Mapping[str, Iterable[str]]) -> list[str]:
        """What of `tables`, those before the plan, is dropped: a table's name, or "table.column"."""
        gone = [table for table in tables if table not in self.tables]
        return gone + [
            f"{table}.{column}"
            for table, names in tables.items()
            for column in names
            if table in self.tables and (table, column) not in self.columns
        ]

    def _follow(self, change: Change) -> None:
        match change:
            case TableDropped():
                self._forget(lambda place: place[0] == change.table)
                self.tables = {old: now for old, now in self.tables.items() if now != change.table}
            case TableRenamed():
                self.columns = {
                    old: (change.new if now[0] == change.table else now[0], now[1])
                    for old, now in self.columns.items()
                }
                self.tables = {
                    old: change.new if now == change.table else now for old, now in self.tables.items()
                }
            case ColumnDropped():
                self._forget(lambda place: place == (change.table, change.column))
            case ColumnAltered():
                self._alter(change)
            case _:
                pass  # What is new has no values yet, and keys hold none.

    def _forget(self, gone: Callable[[Column], bool]) -> None:
        self.columns = {old: now for old, now in self.columns.items() if not gone(now)}

    def _alter(self, change: ColumnAltered) -> None:
        place = (change.table, change.column)
        for old, now in self.columns.items():
            if now == place:
                self.columns[old] = (change.table, change.new_column)
                if rewrites(change.old, change.new):
                    self.rewritten.add(old)
                if change.old.null and not change.new.null:
                    self.filled.add(old)


def rewrites(old: AnyField, new: AnyField) -> bool:
    """Whether altering a field from `old` to `new` may leave other values, or the same ones in another form."""
    before, after = old.get_internal_type(), new.get_internal_type()
    if before == after:
        return narrowing(old, new) is not None
    return narrowing(old, new) is not None or not any(before in kind and after in kind for kind in _ALIKE)
