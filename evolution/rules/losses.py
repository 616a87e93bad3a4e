"""2xx: values that a plan would lose."""

from collections.abc import Iterator

from evolution.findings import Level
from evolution.narrowing import Narrowing, narrowing
from evolution.rules.changes import ColumnAltered, ColumnDropped, TableDropped
from evolution.rules.hazards import Problem, hazard
from evolution.rules.step import Step, sql_of
from evolution.statements import dropped_in

DROP_TABLE_HINT = """\
The archive keeps them: manage.py archive. Release the code that no longer uses the model first, and drop the table
in a later release:
migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="…")])"""
DROP_COLUMN_HINT = """\
The archive keeps them: manage.py archive. Let one release run without the field first, then drop it:
migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField(model_name="…", name="…")])"""
REVERSED_HINT = """\
The archive keeps them, and going up again brings them back: manage.py archive"""
OWN_STATEMENT_HINT = """\
Write it as an operation of Django's (RemoveField, DeleteModel): of that the archive keeps what is dropped. Where nobody
needs it, say so in the file: accepted = {"evolution.E204": "why it may go"}"""
PRIMARY_KEY_HINT = """\
Values are kept by their primary key, and not the key itself. Copy it to another column in a data step of its own first.
Where nobody needs it, say so in the file: accepted = {"evolution.E204": "why it may go"}"""
NARROW_HINT = """\
Shorten the values in a data step of its own first, or keep the wider type and add a validator to the field."""
NEAREST_HINT = """\
The nearest value that fits takes their place. The archive keeps them, and going up again brings them back where
nobody has written since: manage.py archive"""


@hazard("W201")
def table_dropped(step: Step) -> Iterator[Problem]:
    """A table goes, and its rows with it."""
    hint = REVERSED_HINT if step.backwards else DROP_TABLE_HINT
    for change in step.changes:
        if not isinstance(change, TableDropped):
            continue
        if step.unknown(change.table):
            yield Problem(f"Table {change.table} is dropped with all its rows.", hint)
        elif (
            step.live and (today := step.live.table(change.table)) and (rows := step.live.count(today)) != "0"
        ):
            yield Problem(f"Table {change.table} is dropped. Its rows: {rows} now.", hint)


@hazard("W202")
def column_dropped(step: Step) -> Iterator[Problem]:
    """A column goes, and its values with it."""
    hint = REVERSED_HINT if step.backwards else DROP_COLUMN_HINT
    for change in step.changes:
        if not isinstance(change, ColumnDropped):
            continue
        if step.unknown(change.table):
            yield Problem(
                f"Column {change.column} of table {change.table} is dropped with all its values.",
                hint,
            )
        elif (
            step.live
            and (column := step.live.column(change.table, change.column))
            and (today := step.live.table(change.table))
            and (values := step.live.count(today, f"{step.live.quoted(column)} IS NOT NULL")) != "0"
        ):
            yield Problem(
                f"Column {change.column} of table {change.table} is dropped. Its values: {values} now.",
                hint,
            )


@hazard("E204", "W204", looks_at_rows=True)
def nothing_kept(step: Step) -> Iterator[Problem]:
    """A statement of one's own drops something, or an operation a primary key: there the archive keeps nothing."""
    for statement in sql_of(step.operation, backwards=step.backwards):
        for table, column in dropped_in(statement):
            yield from _not_kept(step, table, column, OWN_STATEMENT_HINT)
    for change in step.changes:
        if isinstance(change, ColumnDropped) and change.field.primary_key:
            yield from _not_kept(step, change.table, change.column, PRIMARY_KEY_HINT)


def _not_kept(step: Step, table: str, column: str, hint: str) -> Iterator[Problem]:
    what = f"column {column} of table {table}" if column else f"table {table}"
    if step.unknown(table):
        yield Problem(f"Nothing is kept of {what}, which is dropped.", hint)
        return
    today = step.live and step.live.table(table)
    if not (step.live and today):
        return
    condition = ""
    if column:
        if (name := step.live.column(table, column)) is None:
            return
        condition = f"{step.live.quoted(name)} IS NOT NULL"
    if (count := step.live.count(today, condition)) != "0":
        lost = f"{'Values' if column else 'Rows'} that would be lost: {count} now."
        yield Problem(f"Nothing is kept of {what}, which is dropped. {lost}", hint, level=Level.ERROR)


@hazard("E203", "W203", looks_at_rows=True)
def column_narrowed(step: Step) -> Iterator[Problem]:
    """A column gets a type that holds less: an error where there are values that it does not hold."""
    for change in step.changes:
        if isinstance(change, ColumnAltered) and (found := narrowing(change.old, change.new)):
            yield from _narrowed(step, change, found)


def _narrowed(step: Step, change: ColumnAltered, found: Narrowing) -> Iterator[Problem]:
    sentence = f"Column {change.column} of table {change.table} gets narrower: {found.reason}"
    if step.unknown(change.table):
        yield Problem(f"{sentence}. Values that do not fit stop it or are lost.", NARROW_HINT)
    if step.live is None:
        return
    table, column = step.live.table(change.table), step.live.column(change.table, change.column)
    if not (table and column and step.live.at_least(change.table, 1)):
        return
    condition = found.misfits_in(step.live.connection.vendor, step.live.quoted(column))
    if not condition:
        yield Problem(f"{sentence}. Whether its values fit was not looked up.", NARROW_HINT)
    elif (count := step.live.count(table, condition)) == "0":
        yield Problem(f"{sentence}. All of its values fit now.", NARROW_HINT)
    else:
        goes_back = step.backwards and bool(found.nearest)
        yield Problem(
            f"{sentence}. Values that do not fit: {count}{step.hope}.",
            NEAREST_HINT if goes_back else NARROW_HINT,
            step.live.named(table, condition, column),
            Level.WARNING if goes_back else step.about_rows,
        )
