"""3xx: rows that do not fit what is asked of them: NOT NULL, uniqueness, a foreign key."""

from collections.abc import Iterator
from typing import Any

from django.db import OperationalError
from django.db.models import NOT_PROVIDED

from evolution.archive.entries import entries, holds_every_row, kept_by
from evolution.findings import Level
from evolution.models import ArchiveEntry
from evolution.operations import AddRequiredField
from evolution.rules.changes import (
    AnyField,
    ColumnAdded,
    ColumnAltered,
    ForeignKeyAdded,
    UniqueAdded,
)
from evolution.rules.duplicates import duplicates
from evolution.rules.hazards import Problem, hazard
from evolution.rules.live import Live, listed
from evolution.rules.operations import is_unique
from evolution.rules.step import Step

NOT_NULL_HINT = """\
In three steps: add the column with null=True; fill it in a data step of its own; then take null=True away."""
REVERSED_NOT_NULL_HINT = """\
The archive does not have a value for every row, and some servers fill in zeros. Before RemoveField, in a migration
of its own, let the column be empty: migrations.AlterField(…, field=models.…(null=True))"""
NULLS_HINT = """\
Fill the empty rows in a data step of its own, before this migration, or give the field a default."""
DUPLICATES_HINT = """\
Merge or rename the rows listed, by hand or in a data step of its own before this migration."""
SAME_VALUE_HINT = """\
In three steps: add the column with null=True and without the default; give each row its own value in a data step;
then AlterField to the unique one."""
ORPHANS_HINT = """\
Point the rows listed to a row that is there, or to none (null=True), in a data step before this migration."""


@hazard("E301", "W301", looks_at_rows=True)
def not_null_without_default(step: Step) -> Iterator[Problem]:
    """A column that may not be NULL is added, and nothing is said of the rows that are there."""
    for change in step.changes:
        if not isinstance(change, ColumnAdded) or not _needs_value(change.field) or _looks_for_value(step):
            continue
        sentence = f"Column {change.column}, which may not be NULL, is added to table {change.table} without a default"
        hint = REVERSED_NOT_NULL_HINT if step.backwards else NOT_NULL_HINT
        if step.unknown(change.table):
            yield Problem(f"{sentence}: where the table has rows this fails.", hint)
        elif step.live and step.live.at_least(change.table, 1) and not _is_kept(step.live, step, change):
            yield Problem(f"{sentence}, and the table has rows.", hint, level=Level.ERROR)


def _is_kept(live: Live, step: Step, change: ColumnAdded) -> bool:
    """Whether the archive has a value for every row, from when the migration was taken in the other direction."""
    entry = kept_by(
        entries(live.connection),
        step.migration,
        step.migration.operations.index(step.operation),
        backwards=not step.backwards,
        kind=ArchiveEntry.Kind.COLUMN,
        table_name=change.table,
        column_name=change.column,
    )
    today = live.table(change.table)
    return bool(entry and today and holds_every_row(live.connection, entry, today))


def _looks_for_value(step: Step) -> bool:
    """Whether the operation finds the value itself, or stops with the reason."""
    return isinstance(step.operation, AddRequiredField)


def _needs_value(field: AnyField) -> bool:
    """Whether neither the field nor the database has a value for the rows that are there."""
    generated = bool(getattr(field, "generated", False) or field.primary_key)
    return not (field.null or generated or _has_default(field) or _stays_empty(field) or _is_now(field))


def _has_default(field: AnyField) -> bool:
    return field.has_default() or getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED


def _stays_empty(field: AnyField) -> bool:
    """Whether Django writes an empty string."""
    return bool(field.blank and field.empty_strings_allowed)


def _is_now(field: Any) -> bool:
    return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


@hazard("E302", "W302", looks_at_rows=True)
def null_no_longer_allowed(step: Step) -> Iterator[Problem]:
    """A column may no longer be NULL, and there are rows where it is."""
    for change in step.changes:
        if not isinstance(change, ColumnAltered) or change.new.null or not change.old.null:
            continue
        if _has_default(change.new) or step.live is None:
            continue
        table, column = step.live.table(change.table), step.live.column(change.table, change.column)
        if not (table and column):
            continue
        condition = f"{step.live.quoted(column)} IS NULL"
        if (count := step.live.count(table, condition)) != "0":
            yield Problem(
                f"Column {change.column} of table {change.table} may no longer be NULL."
                f" Rows where it is: {count}{step.hope}.",
                NULLS_HINT,
                step.live.named(table, condition, column),
                step.about_rows,
            )


@hazard("E303", "W303", looks_at_rows=True)
def duplicate_rows(step: Step) -> Iterator[Problem]:
    """Something has to be unique, and there are rows that are equal, as the database compares them."""
    for change in step.changes:
        if step.live is None:
            return
        match change:
            case UniqueAdded():
                if details := duplicates(step.live, change, step):
                    yield Problem(
                        f"{_subject(change)} of table {change.table} must be unique,"
                        f" and there are rows that are equal{step.hope}.",
                        DUPLICATES_HINT,
                        details,
                        step.about_rows,
                    )
            case ColumnAdded() if is_unique(change.field) and not change.field.primary_key:
                if _gets_value(change.field) and step.live.at_least(change.table, 2):
                    yield Problem(
                        f"Column {change.column} of table {change.table} must be unique,"
                        " and every row would get the same value.",
                        SAME_VALUE_HINT,
                        level=Level.ERROR,
                    )


def _subject(change: UniqueAdded) -> str:
    return ", ".join(change.columns) or "An expression"


def _gets_value(field: AnyField) -> bool:
    return _has_default(field) or (not field.null and (_stays_empty(field) or _is_now(field)))


@hazard("E304", "W304", looks_at_rows=True)
def orphaned_rows(step: Step) -> Iterator[Problem]:
    """A foreign key is added, and there are rows that point to nothing."""
    fields = {change.column: change.field for change in step.changes if isinstance(change, ColumnAdded)}
    for change in step.changes:
        if step.live is None or not isinstance(change, ForeignKeyAdded):
            continue
        found = (
            _missing_default(step.live, change, fields[change.column])
            if change.column in fields
            else _orphans(step.live, change)
        )
        if found:
            yield Problem(
                f"Column {change.column} of table {change.table} must point to a row of {change.target},"
                f" and there are rows that point to none{step.hope}.",
                ORPHANS_HINT,
                found,
                step.about_rows,
            )


def _orphans(live: Live, change: ForeignKeyAdded) -> tuple[str, ...]:
    table, column = live.table(change.table), live.column(change.table, change.column)
    target, target_column = live.table(change.target), live.column(change.target, change.target_column)
    key = live.primary_key(table) if table else None
    if not (table and column and target and target_column):
        return ()
    name, other, shown = live.quoted(column), live.quoted(target_column), live.quoted(key or column)
    sql = (
        f"SELECT child.{shown}, child.{name} FROM {live.quoted(table)} child"  # noqa: S608
        f" LEFT JOIN {live.quoted(target)} parent ON parent.{other} = child.{name}"
        f" WHERE child.{name} IS NOT NULL AND parent.{other} IS NULL LIMIT 11"
    )
    try:
        found = live.rows(sql)
    except OperationalError as error:
        # Columns of two collations: the server would not let the foreign key stand either.
        return (f"the columns can't be compared: {error.args[-1]}",)
    return listed([f"{key or column} {value}: {column} = {missing!r}" for value, missing in found])


def _missing_default(live: Live, change: ForeignKeyAdded, field: AnyField) -> tuple[str, ...]:
    """The rows that are there get the field's default: it has to exist."""
    if not field.has_default() or callable(field.default) or field.default is None:
        return ()
    target, column = live.table(change.target), live.column(change.target, change.target_column)
    if not (target and column and live.at_least(change.table, 1)):
        return ()
    sql = f"SELECT 1 FROM {live.quoted(target)} WHERE {live.quoted(column)} = %s LIMIT 1"  # noqa: S608
    if live.rows(sql, [field.default]):
        return ()
    return (f"every row: {change.column} = {field.default!r}, the default",)
