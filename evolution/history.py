"""What has been done to a database, and how it ended: the runs that were written down."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet

from evolution.introspection import table_names
from evolution.models import Run, Statement
from evolution.runs import as_dict


@dataclass(frozen=True)
class Line:
    """One table of a certificate: its rows before and after the run, None where there was no such table."""

    table: str
    before: int | None
    after: int | None
    former_name: str  # empty where it kept its name
    is_same: (
        bool | None
    )  # whether the columns that live on hold the same values; None where nothing was compared


def has_table(connection: BaseDatabaseWrapper, model: type[Model]) -> bool:
    """Whether the table of `model` is there: the first run makes it."""
    return model._meta.db_table in table_names(connection)


def runs(connection: BaseDatabaseWrapper) -> QuerySet[Run]:
    """The runs, the latest first; none where nothing was ever written down."""
    found = Run.objects.using(connection.alias)
    return found.order_by("-pk") if has_table(connection, Run) else found.none()


def statements(connection: BaseDatabaseWrapper, run: Run) -> QuerySet[Statement]:
    """What the journal holds of a run, in the order in which it was carried out."""
    found = Statement.objects.using(connection.alias)
    return found.filter(run_id=run.pk).order_by("pk") if has_table(connection, Statement) else found.none()


def duration(began_at: Any, ended_at: Any) -> timedelta | None:
    """How long it took; None for what has not begun or not ended."""
    return ended_at - began_at if began_at and ended_at else None


def in_words(took: timedelta | None) -> str:
    """A duration for people: 0.31 s, 12.4 s, 3 min 5 s, 2 h 4 min; empty for None."""
    if took is None:
        return ""
    seconds = max(0.0, took.total_seconds())
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def sentences_of(certificate: dict[str, Any]) -> list[str]:
    """What a certificate says in words: what differs, and what a data step or somebody else changed."""
    changed = [f"By a data step: {sentence}" for sentence in certificate.get("changed") or []]
    written = [f"Written to meanwhile: {sentence}" for sentence in certificate.get("written") or []]
    return [*(certificate.get("differences") or []), *changed, *written]


def steps(run: Run) -> list[str]:
    """The migrations of a run, those that were undone marked with a minus."""
    return [f"{'-' * step['backwards']}{step['app']}.{step['name']}" for step in run.plan]


def what(run: Run) -> str:
    """What a run did, in a few words: the first and the last migration, and how many there were."""
    plan = steps(run)
    names = plan if len(plan) < 3 else [plan[0], "…", plan[-1]]
    counted = f" ({len(plan)})" if len(plan) > 2 else ""
    return f"{' '.join(names) or '–'}{counted}"


def lines_of(certificate: dict[str, Any]) -> list[Line]:
    """A certificate table by table, in the order of their names after the run."""
    before, after = certificate.get("before") or {}, certificate.get("after") or {}
    names = {table: (certificate.get("renames") or {}).get(table, table) for table in before}
    former = {new: old for old, new in names.items()}
    lines = []
    for table in sorted({*after, *names.values()}):
        old, new = before.get(former.get(table, table)), after.get(table)
        lines.append(
            Line(
                table,
                old and old["rows"],
                new and new["rows"],
                former.get(table, "") if former.get(table, table) != table else "",
                (old["rows"], old["checksum"]) == (new["rows"], new["checksum"]) if old and new else None,
            )
        )
    return lines


def as_json(run: Run) -> dict[str, Any]:
    """All that is known of a run, and how many seconds it took."""
    took = duration(run.started_at, run.finished_at)
    return as_dict(run) | {"seconds": took and took.total_seconds()}


def statement_as_json(line: Statement) -> dict[str, Any]:
    """The same of a line of the journal, without what the tables were like."""
    names = ("app", "migration", "backwards", "operation", "position", "kind", "sql", "state", "began_at")
    took = duration(line.began_at, line.ended_at)
    return {name: getattr(line, name) for name in names} | {"seconds": took and took.total_seconds()}
