"""Rows that a unique constraint would not let stand, as the database itself compares them."""

from django.db.migrations.state import ProjectState
from django.db.models import Count, F, Min, UniqueConstraint

from evolution.rules.changes import UniqueAdded
from evolution.rules.live import LISTED, Live, listed
from evolution.rules.step import Step


def duplicates(live: Live, change: UniqueAdded, step: Step) -> tuple[str, ...]:
    """A line for each group of equal rows, with their primary keys; empty where there is none.

    GROUP BY in the live table compares as its own collation does: by case, accent and trailing space or not.
    """
    table = live.table(change.table)
    if not table:
        return ()
    constraint = change.constraint
    if constraint is not None and (constraint.condition or constraint.expressions):
        return _by_model(live, change, constraint, step.to_state)
    columns = [live.column(change.table, column) for column in change.columns]
    names = [column for column in columns if column]
    if len(names) != len(columns):
        return ()
    return _by_columns(live, table, names, change.collation)


def _by_columns(live: Live, table: str, columns: list[str], collation: str) -> tuple[str, ...]:
    key = live.primary_key(table)
    name = live.quoted(table)
    # A collation that the column is to get decides, not the one that it has.
    collate = f" COLLATE {live.quoted(collation)}" if collation else ""
    compared = [f"{live.quoted(column)}{collate}" for column in columns]
    filled = " AND ".join(f"{live.quoted(column)} IS NOT NULL" for column in columns)
    first = f"MIN({live.quoted(key)})" if key else "COUNT(*)"
    groups = live.rows(
        f"SELECT {first}, COUNT(*) FROM {name} WHERE {filled} GROUP BY {', '.join(compared)}"  # noqa: S608
        f" HAVING COUNT(*) > 1 ORDER BY 1 LIMIT {LISTED + 1}"
    )
    if not key:
        return listed([f"{count} rows are equal" for _first, count in groups])
    lines = [_line(live, table, key, columns, collate, row) for row in groups[:LISTED]]
    return listed(lines + ["more"] * (len(groups) > LISTED))


def _line(
    live: Live, table: str, key: str, columns: list[str], collate: str, group: tuple[object, int]
) -> str:
    """The keys and values of the group of rows that are equal to the row with the key `group[0]`."""
    name, quoted = live.quoted(table), live.quoted(key)
    equal = " AND ".join(f"other.{live.quoted(c)} = one.{live.quoted(c)}{collate}" for c in columns)
    shown = ", ".join(f"other.{live.quoted(column)}" for column in columns)
    rows = live.rows(
        f"SELECT other.{quoted}, {shown} FROM {name} one JOIN {name} other ON {equal}"  # noqa: S608
        f" WHERE one.{quoted} = %s ORDER BY other.{quoted} LIMIT {LISTED}",
        [group[0]],
    )
    keys = ", ".join(str(row[0]) for row in rows) + (", …" if group[1] > LISTED else "")
    spellings: dict[str, None] = {}
    for row in rows:
        spellings[
            ", ".join(f"{column} = {value!r}" for column, value in zip(columns, row[1:], strict=True))
        ] = None
    return f"{key} {keys}: {' | '.join(spellings)}"


def _by_model(
    live: Live, change: UniqueAdded, constraint: UniqueConstraint, state: ProjectState
) -> tuple[str, ...]:
    """The same for a constraint with a condition or expressions, which Django's own queries can put into SQL."""
    features = live.connection.features
    made = (not constraint.condition or features.supports_partial_indexes) and (
        not constraint.expressions or features.supports_expression_indexes
    )
    if not made or live.table(change.table) != change.table:
        return ()
    model = ProjectState(state.models, state.real_apps).apps.get_model(*change.model)
    if any(
        live.column(change.table, field.column) != field.column for field in model._meta.local_concrete_fields
    ):
        return ()
    rows = model._base_manager.using(live.connection.alias)
    if constraint.condition:
        rows = rows.filter(constraint.condition)
    names = []
    for number, expression in enumerate([*constraint.fields, *constraint.expressions]):
        names.append(f"part_{number}")
        part = F(expression) if isinstance(expression, str) else expression
        rows = rows.annotate(**{names[-1]: part}).exclude(**{f"{names[-1]}__isnull": True})
    groups = (
        rows.order_by()
        .values(*names)
        .annotate(first=Min("pk"), rows=Count("*"))
        .filter(rows__gt=1)
        .order_by("first")
    )
    key = model._meta.pk.column
    return listed(
        [
            f"{group['rows']} rows, the first {key} {group['first']}: "
            + ", ".join(repr(group[name]) for name in names)
            for group in groups[: LISTED + 1]
        ]
    )
