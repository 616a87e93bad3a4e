"""What can happen to tables and columns. Each change can say what undoes it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import Field, UniqueConstraint

if TYPE_CHECKING:
    AnyField = Field[Any, Any]
else:  # As Django comes, the class takes no parameters.
    AnyField = Field


@dataclass(frozen=True)
class TableCreated:
    """A table that was not there; the columns of a many-to-many field's own table are not listed."""

    table: str
    columns: tuple[str, ...] = ()

    def inverse(self) -> "Change":
        """What undoes it."""
        return TableDropped(self.table, self.columns)


@dataclass(frozen=True)
class TableDropped:
    """With all its rows."""

    table: str
    columns: tuple[str, ...] = ()

    def inverse(self) -> "Change":
        """What undoes it, but for the rows."""
        return TableCreated(self.table, self.columns)


@dataclass(frozen=True)
class TableRenamed:
    """A table gets another name."""

    table: str
    new: str

    def inverse(self) -> "Change":
        """What undoes it."""
        return TableRenamed(self.new, self.table)


@dataclass(frozen=True)
class ColumnAdded:
    """A column that was not there."""

    table: str
    column: str
    field: AnyField

    def inverse(self) -> "Change":
        """What undoes it."""
        return ColumnDropped(self.table, self.column, self.field)


@dataclass(frozen=True)
class ColumnDropped:
    """With all its values."""

    table: str
    column: str
    field: AnyField

    def inverse(self) -> "Change":
        """What undoes it, but for the values."""
        return ColumnAdded(self.table, self.column, self.field)


@dataclass(frozen=True)
class ColumnAltered:
    """A column gets another name, type, NULL or nothing of the kind: the fields tell."""

    table: str
    column: str
    new_column: str
    old: AnyField
    new: AnyField

    def inverse(self) -> "Change":
        """What undoes it."""
        return ColumnAltered(self.table, self.new_column, self.column, self.new, self.old)


@dataclass(frozen=True)
class UniqueAdded:
    """The columns, as they are named before the operation; `constraint` only where it is more than columns."""

    table: str
    columns: tuple[str, ...]
    collation: str = ""
    constraint: UniqueConstraint | None = None
    model: tuple[str, str] = ("", "")

    def inverse(self) -> "Change":
        """What undoes it."""
        return UniqueDropped(self.table, self.columns, self)


@dataclass(frozen=True)
class UniqueDropped:
    """Any values may stand twice."""

    table: str
    columns: tuple[str, ...]
    added: UniqueAdded

    def inverse(self) -> "Change":
        """What undoes it."""
        return self.added


@dataclass(frozen=True)
class CheckAdded:
    """A check of each row."""

    table: str
    name: str

    def inverse(self) -> "Change":
        """What undoes it."""
        return CheckDropped(self.table, self.name)


@dataclass(frozen=True)
class CheckDropped:
    """A row need not pass the check any more."""

    table: str
    name: str

    def inverse(self) -> "Change":
        """What undoes it."""
        return CheckAdded(self.table, self.name)


@dataclass(frozen=True)
class ForeignKeyAdded:
    """The column as it is named before the operation, and what it will point to."""

    table: str
    column: str
    target: str
    target_column: str

    def inverse(self) -> "Change":
        """What undoes it."""
        return ForeignKeyDropped(self.table, self.column, self)


@dataclass(frozen=True)
class ForeignKeyDropped:
    """Anything may stand in the column."""

    table: str
    column: str
    added: ForeignKeyAdded

    def inverse(self) -> "Change":
        """What undoes it."""
        return self.added


Change = (
    TableCreated
    | TableDropped
    | TableRenamed
    | ColumnAdded
    | ColumnDropped
    | ColumnAltered
    | UniqueAdded
    | UniqueDropped
    | CheckAdded
    | CheckDropped
    | ForeignKeyAdded
    | ForeignKeyDropped
)


def with_names(change: Change, stored: Callable[[str], str]) -> Change:
    """The change with the names of its tables as the database writes them."""
    names = {name: getattr(change, name, None) for name in ("table", "new", "target")}
    changed: dict[str, Any] = {name: stored(value) for name, value in names.items() if isinstance(value, str)}
    if isinstance(change, UniqueDropped | ForeignKeyDropped):
        changed["added"] = with_names(change.added, stored)
    return replace(change, **changed)


def inverted(changes: list[Change]) -> list[Change]:
    """What undoes `changes`."""
    return [change.inverse() for change in reversed(changes)]
