"""What keeps the data safe, as metrics: the last run of `migrate`, and the backups. Read when somebody asks.

Their own records are the truth: a run, or a backup by a timer, is another process, which nobody asks for metrics.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import DatabaseError, connection
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from estimation.readiness import readiness
from evolution import backups, runs
from evolution.models import Run


class Safekeeping(Collector):
    """Reads the records anew each time. What can't be read is left out, so that an alert on its absence sees it."""

    def collect(self) -> Iterator[Metric]:
        yield _gauge(
            "estimation_schema_accepted",
            "Whether this release works with the database's schema; 0: nothing is served.",
            not readiness.refusal,
        )
        try:
            last = runs.latest(connection)
            kept = _backups()
        except DatabaseError:
            yield _gauge("estimation_database_up", "Whether the database answers.", value=False)
            return
        yield _gauge("estimation_database_up", "Whether the database answers.", value=True)
        if last is not None:
            yield from _of_run(last)
        if kept is not None:
            yield from _of_backups(kept)


def _of_run(run: Run) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "estimation_migration_run_state",
        "The state of the last run of migrate: 1 for the one that it is in, 0 for the others.",
        labels=["state"],
    )
    for name in Run.Outcome.values:
        state.add_metric([name], float(run.outcome == name))
    yield state
    yield _gauge(
        "estimation_migration_run_started_timestamp_seconds",
        "When the last run of migrate began.",
        run.started_at.timestamp(),
    )
    if run.finished_at is not None:
        yield _gauge(
            "estimation_migration_run_finished_timestamp_seconds",
            "When the last run of migrate ended.",
            run.finished_at.timestamp(),
        )


def _of_backups(kept: list[backups.Backup]) -> Iterator[Metric]:
    yield _gauge("estimation_backups", "Backups of this database in the backup folder.", len(kept))
    if kept:
        made = datetime.fromisoformat(kept[-1].manifest.made)
        yield _gauge(
            "estimation_backup_age_seconds",
            "How old the newest backup of this database is.",
            (datetime.now(UTC) - made).total_seconds(),
        )
    proved = [backup.manifest.proved for backup in kept if backup.manifest.proved]
    if proved:
        yield _gauge(
            "estimation_backup_proved_timestamp_seconds",
            "When a backup was last restored and compared.",
            max(datetime.fromisoformat(moment).timestamp() for moment in proved),
        )


def _backups() -> list[backups.Backup] | None:
    """None where the folder can't be read."""
    try:
        return backups.made_of(connection)
    except backups.BackupFailed:
        return None


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=float(value))
