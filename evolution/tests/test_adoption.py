"""A database that was adopted: what is written down about it."""

from io import StringIO

from django.core.management import call_command

from evolution import runs
from evolution.drift import is_as_left
from evolution.models import Run


def test_adopting_is_a_run_and_leaves_a_schema_that_needs_no_comparing(shelf):
    shelf.rows("DELETE FROM django_migrations")
    call_command("adopt", database=shelf.wrapper.alias, stdout=StringIO())
    run = Run.objects.using(shelf.wrapper.alias).get()
    assert (run.command, run.outcome, run.state_before) == ("adopt", Run.Outcome.FINISHED, [])
    assert runs.nodes(run) == [(("shelf", "0001_initial"), False)]
    assert is_as_left(shelf.wrapper)
