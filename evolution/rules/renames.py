"""4xx: names under which the code that is running now looks for its tables and columns."""

from collections.abc import Iterator

from evolution.rules.changes import ColumnAltered, TableRenamed
from evolution.rules.hazards import Problem, hazard
from evolution.rules.step import Step


@hazard("W401")
def table_renamed(step: Step) -> Iterator[Problem]:
    """Code that was started before looks for the table under its old name."""
    for change in step.changes:
        if not isinstance(change, TableRenamed):
            continue
        if step.unknown(change.table) or (step.live and step.live.table(change.table)):
            yield Problem(
                f"Table {change.table} becomes {change.new}: code that is still running will not find it.",
                f'Stop the application for the run, or keep the table\'s name: class Meta: db_table = "{change.table}"',
            )


@hazard("W402")
def column_renamed(step: Step) -> Iterator[Problem]:
    """Code that was started before looks for the column under its old name."""
    for change in step.changes:
        if not isinstance(change, ColumnAltered) or change.column == change.new_column:
            continue
        if step.unknown(change.table) or (step.live and step.live.column(change.table, change.column)):
            yield Problem(
                f"Column {change.column} of table {change.table} becomes {change.new_column}:"
                " code that is still running will not find it.",
                f'Stop the application for the run, or keep the column\'s name: db_column="{change.column}"',
            )
