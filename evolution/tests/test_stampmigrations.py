"""`manage.py stampmigrations`: recorded only where the schema bears it out, or somebody says so by name."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from evolution import runs
from evolution.drift import is_as_left
from evolution.models import Run
from evolution.tables import ensure_tables

COLUMN = "migrations.AddField('book', 'number', models.IntegerField(null=True)),"
FILL = "migrations.RunPython(lambda apps, editor: None, lambda apps, editor: None),"


def stamp(shelf, *arguments, **options):
    out = StringIO()
    call_command("stampmigrations", *arguments, database=shelf.wrapper.alias, stdout=out, **options)
    return out.getvalue()


def recorded(shelf):
    return sorted(name for _app, name in MigrationRecorder(shelf.wrapper).applied_migrations())


@pytest.fixture
def made_by_hand(shelf):
    """The column of 0002 stands, but not the record."""
    shelf.write("0002_number", COLUMN)
    shelf.rows("ALTER TABLE shelf_book ADD COLUMN number integer NULL")
    return shelf


def test_what_stands_is_recorded_without_being_run(made_by_hand):
    assert stamp(made_by_hand, "shelf") == "Recorded as applied: shelf.0002_number\n"
    assert recorded(made_by_hand) == ["0001_initial", "0002_number"]


def test_what_does_not_stand_is_refused_with_the_differences(shelf):
    shelf.write("0002_number", COLUMN)
    with pytest.raises(CommandError) as refused:
        stamp(shelf, "shelf")
    lines = str(refused.value).splitlines()
    assert lines[0].endswith("so nothing was recorded:")
    assert lines[1].startswith("  - table shelf_book: column number (int")
    assert lines[1].endswith("is missing")
    assert recorded(shelf) == ["0001_initial"]


def test_a_step_back_is_recorded_where_the_schema_is_the_one_before(made_by_hand):
    stamp(made_by_hand, "shelf")
    with pytest.raises(CommandError, match="column number"):
        stamp(made_by_hand, "shelf", "-1")
    made_by_hand.rows("ALTER TABLE shelf_book DROP COLUMN number")
    assert stamp(made_by_hand, "shelf", "-1") == "Recorded as not applied: shelf.0002_number\n"
    assert recorded(made_by_hand) == ["0001_initial"]


def test_a_data_step_needs_somebody_to_say_that_it_was_done(shelf):
    shelf.write("0002_fill", FILL)
    with pytest.raises(
        CommandError, match=r"whether the rows were changed by shelf\.0002_fill.*--data-steps-done"
    ):
        stamp(shelf, "shelf")
    assert recorded(shelf) == ["0001_initial"]
    stamp(shelf, "shelf", data_steps_done=True)
    assert recorded(shelf) == ["0001_initial", "0002_fill"]


def test_a_reason_overrides_the_check_and_is_written_down_and_nothing_relies_on_it(shelf):
    shelf.write("0002_number", COLUMN)
    stamp(shelf, "shelf", unchecked="restored by hand tomorrow")
    assert recorded(shelf) == ["0001_initial", "0002_number"]
    run = Run.objects.using(shelf.wrapper.alias).get()
    assert run.reason == "restored by hand tomorrow"
    assert not is_as_left(shelf.wrapper)


def test_the_run_is_written_down_and_the_schema_known_as_left(made_by_hand):
    stamp(made_by_hand, "shelf")
    run = Run.objects.using(made_by_hand.wrapper.alias).get()
    assert (run.command, run.outcome, run.state_before) == (
        "stampmigrations",
        Run.Outcome.FINISHED,
        ["shelf.0001_initial"],
    )
    assert runs.nodes(run) == [(("shelf", "0002_number"), False)]
    assert ("shelf", "0002_number") in runs.checksums(made_by_hand.wrapper)
    assert is_as_left(made_by_hand.wrapper)


def test_what_is_recorded_already_is_no_problem(shelf):
    assert stamp(shelf, "shelf", "0001") == "That is recorded already: nothing to do.\n"


def test_an_unknown_target_is_refused(shelf):
    with pytest.raises(CommandError, match="shelf has no migration 0009"):
        stamp(shelf, "shelf", "0009")


def test_nothing_is_recorded_over_a_run_that_was_cut_short(made_by_hand):
    ensure_tables(made_by_hand.wrapper)
    plan = [{"app": "shelf", "name": "0002_number", "backwards": False}]
    Run.objects.using(made_by_hand.wrapper.alias).create(
        plan=plan, applying_since=timezone.now(), outcome=Run.Outcome.INTERRUPTED
    )
    with pytest.raises(CommandError, match=r"cut short, so nothing was recorded.*manage\.py migrate --abort"):
        stamp(made_by_hand, "shelf")
    assert recorded(made_by_hand) == ["0001_initial"]
