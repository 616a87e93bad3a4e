"""5xx: steps that work on rows."""

from collections.abc import Iterator
from typing import Any

from evolution.findings import Level
from evolution.rules.changes import AnyField, ColumnAdded, ColumnAltered
from evolution.rules.hazards import Problem, Scope, hazard
from evolution.rules.step import Step, changes_rows, leaves, sql_of
from evolution.statements import writes_rows

# Called once or for each row, these give the same.
CONSTANT = {bool, bytes, dict, float, frozenset, int, list, set, str, tuple}


@hazard("E501", "W501", for_authors=True)
def irreversible(step: Step) -> Iterator[Problem]:
    """An operation has no way back."""
    if all(leaf.reversible for leaf in leaves(step.operation)):
        return
    hint = (
        "Say what undoes it: RunPython(forwards, backwards) or RunSQL(sql, reverse_sql=…);"
        " where there is nothing to undo, migrations.RunPython.noop or migrations.RunSQL.noop."
    )
    if step.backwards:
        yield Problem("This operation can't be reversed.", hint, level=Level.ERROR)
    else:
        yield Problem("This operation can't be reversed: once it has run there is only the backup.", hint)


@hazard("W502")
def one_value_for_all(step: Step) -> Iterator[Problem]:
    """A callable default is called once, and every row that is there gets what it gave."""
    for change in step.changes:
        match change:
            case ColumnAdded(field=field):
                pass
            case ColumnAltered(old=old, new=field) if old.null and not field.null:
                pass
            case _:
                continue
        rows = step.unknown(change.table) or (step.live and step.live.at_least(change.table, 1))
        if not (rows and (called := _called(field))):
            continue
        yield Problem(
            f"{called} is called once: every row that is in table {change.table} gets the same {change.column}.",
            "Where each row needs its own: add the column with null=True and without the default, fill it in a"
            " data step, then AlterField. Where one value is right for all, write it down: default=…",
        )


def _called(field: AnyField) -> str:
    """How to name what makes the value, or empty where it is no callable."""
    if not field.has_default():
        now: Any = field
        return "The clock" if getattr(now, "auto_now", False) or getattr(now, "auto_now_add", False) else ""
    if not callable(field.default) or field.default in CONSTANT:
        return ""
    return f"The default {getattr(field.default, '__qualname__', repr(field.default))}()"


@hazard("W503", scope=Scope.MIGRATION, for_authors=True)
def schema_and_data(steps: list[Step]) -> Iterator[Problem]:
    """A migration changes tables and rows: half of it stays where it fails on a server without transactional DDL."""
    data = [step for step in steps if changes_rows(step.operation, backwards=step.backwards)]
    schema = [step for step in steps if step.changes or _defines(step)]
    if data and schema:
        yield Problem(
            "The migration changes both tables and rows.",
            "Put the data step into a migration of its own: manage.py makemigrations --empty "
            f"{steps[0].migration.app_label}",
            tuple(
                f"{kind}: {step.description}"
                for kind, found in (("schema", schema), ("data", data))
                for step in found
            ),
        )


def _defines(step: Step) -> bool:
    return any(not writes_rows(statement) for statement in sql_of(step.operation, backwards=step.backwards))
