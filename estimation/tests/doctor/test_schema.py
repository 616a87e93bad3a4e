"""What the doctor says of the schema and of the runs of `migrate`."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from estimation.tests.doctor.examining import OK, PROBLEM, WARNING, told
from evolution import runs
from evolution.models import Run

pytestmark = pytest.mark.django_db


def test_a_release_that_the_schema_does_not_fit_is_a_problem():
    latest = MigrationRecorder(connection).migration_qs.filter(app="issues").order_by("name").last()
    assert latest
    MigrationRecorder(connection).record_unapplied("issues", latest.name)
    level, message = told("schema")
    assert level is PROBLEM
    assert message == f"The database lacks issues.{latest.name}, which this release needs."
    assert told("migrations") == (WARNING, f"Not applied: issues.{latest.name}.")


def test_a_schema_that_fits_is_well():
    assert told("schema") == (OK, "This release works with it.")
    assert told("migrations")[0] is OK


@pytest.mark.parametrize(
    ("outcome", "ago", "applying", "level", "words"),
    [
        (Run.Outcome.FINISHED, 0, True, OK, "finished"),
        (Run.Outcome.ABORTED, 0, True, OK, "aborted"),
        (Run.Outcome.RUNNING, 0, True, WARNING, "goes on, or was killed"),
        (Run.Outcome.RUNNING, 2, True, PROBLEM, "has not ended"),
        (Run.Outcome.FAILED, 0, True, PROBLEM, "had begun to change the database, and is failed"),
        (Run.Outcome.INTERRUPTED, 0, True, PROBLEM, "had begun to change the database, and is interrupted"),
        (Run.Outcome.FAILED, 0, False, WARNING, "had not begun to change anything"),
        (Run.Outcome.REFUSED, 0, False, WARNING, "had not begun to change anything"),
    ],
)
def test_how_the_last_run_of_migrate_ended_is_told(outcome, ago, applying, level, words):
    now = timezone.now()
    run = runs.begin(connection)
    run.outcome, run.started_at = outcome, now - timedelta(hours=ago)
    run.applying_since = now if applying else None
    run.save()
    found, message = told("last run")
    assert found is level
    assert words in message


@pytest.mark.django_db(transaction=True)
def test_a_schema_that_somebody_has_changed_is_noticed():
    run = runs.begin(connection)
    try:
        runs.end(run)
        assert told("drift")[0] is OK
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE by_hand (id integer NOT NULL PRIMARY KEY)")
        assert told("drift")[0] is WARNING
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS by_hand")
        run.delete()
