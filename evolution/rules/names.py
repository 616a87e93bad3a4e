"""1xx: names that a database reserves."""

from collections.abc import Iterator

from evolution.reserved import reserving
from evolution.rules.changes import ColumnAdded, ColumnAltered, TableCreated, TableRenamed
from evolution.rules.hazards import Problem, hazard
from evolution.rules.step import Step


@hazard("W101", for_authors=True)
def reserved_table(step: Step) -> Iterator[Problem]:
    """A table gets a name that some database reserves. A reverse brings back a name that was there before."""
    if step.backwards:
        return
    for change in step.changes:
        match change:
            case TableCreated(table=name) | TableRenamed(new=name):
                if databases := reserving(name):
                    yield Problem(
                        f"The table name {name} is a reserved word of {_joined(databases)}.",
                        f'Name the table in the model: class Meta: db_table = "{step.migration.app_label}_{name}"',
                    )


@hazard("W102", for_authors=True)
def reserved_column(step: Step) -> Iterator[Problem]:
    """A column gets a name that some database reserves."""
    if step.backwards:
        return
    for table, column in _new_columns(step):
        if databases := reserving(column):
            yield Problem(
                f"The column name {column} in table {table} is a reserved word of {_joined(databases)}.",
                f'Name the column in the field: db_column="{column}_value", or give the field another name.',
            )


def _new_columns(step: Step) -> Iterator[tuple[str, str]]:
    for change in step.changes:
        match change:
            case TableCreated():
                yield from ((change.table, column) for column in change.columns)
            case ColumnAdded():
                yield change.table, change.column
            case ColumnAltered() if change.new_column != change.column:
                yield change.table, change.new_column


def _joined(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
