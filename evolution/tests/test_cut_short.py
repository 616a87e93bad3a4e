"""Runs of `migrate` that were cut short: gone on with, or taken back."""

import re
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evolution.models import Run
from evolution.statements import is_read
from evolution.tests.shelf import Cut
from evolution.tests.stops import latest, refusal, stopped, titles

ADD_PAGES = "migrations.AddField('book', 'pages', models.IntegerField(default=100)),"


@pytest.fixture
def cut_short(shelf, migrate, monkeypatch):
    """A run that has applied 0002, and was stopped in 0003."""
    shelf.books("Emma")
    return stopped(shelf, migrate, monkeypatch, ADD_PAGES)


def test_a_run_that_was_stopped_is_interrupted(shelf, cut_short):
    assert cut_short.outcome == Run.Outcome.INTERRUPTED
    assert ("shelf", "0002_next") in shelf.applied()
    assert ("shelf", "0003_break") not in shelf.applied()


def test_the_same_command_goes_on_and_the_first_run_is_accounted_for(shelf, migrate, cut_short):
    migrate()
    first = Run.objects.using(shelf.wrapper.alias).get(pk=cut_short.pk)
    assert first.certificate["after"]["shelf_book"]["rows"] == 1
    assert [entry["name"] for entry in first.plan] == ["0002_next"]
    assert ("shelf", "0003_break") in shelf.applied()


def test_rows_that_vanish_between_two_runs_are_noticed(shelf, migrate, cut_short):
    shelf.rows("DELETE FROM shelf_book")
    said, code = refusal(migrate)
    assert code == 4
    assert "Table shelf_book has 0 rows, and had 1." in said


def test_abort_goes_back_to_before_the_run(shelf, migrate, cut_short):
    said = migrate(abort=True)
    assert "Undoing shelf.0002_next... OK" in said
    assert ("shelf", "0002_next") not in shelf.applied()
    assert titles(shelf) == ["Emma"]
    assert latest(shelf).outcome == Run.Outcome.ABORTED


def test_abort_keeps_rows_that_were_added_since(shelf, migrate, cut_short):
    shelf.rows("INSERT INTO shelf_book (title, pages) VALUES ('Persuasion', 3)")
    said, code = refusal(migrate, abort=True)
    assert code == 4
    assert "Table shelf_book has 2 rows, and had 1." in said
    assert titles(shelf) == ["Emma", "Persuasion"]


def test_abort_twice_finds_nothing_to_undo(migrate, cut_short):
    migrate(abort=True)
    assert "nothing to undo" in migrate(abort=True)


def test_nothing_to_abort_after_a_run_that_ended_well(shelf, migrate):
    shelf.write("0002_next", ADD_PAGES)
    migrate()
    assert "nothing to undo" in migrate(abort=True)
    assert ("shelf", "0002_next") in shelf.applied()


def test_what_was_empty_when_it_was_dropped_does_not_hold_an_abort_up(shelf, migrate, monkeypatch):
    shelf.books("Emma")
    stopped(shelf, migrate, monkeypatch, "migrations.DeleteModel('Writer'),", no_backup=True)
    migrate(abort=True)
    assert shelf.rows("SELECT COUNT(*) FROM shelf_writer") == [(0,)]
    assert ("shelf", "0002_next") not in shelf.applied()


def cut(migrate, shelf, is_there, **options) -> bool:
    """Ends `migrate` before the first statement of which `is_there` is true; whether it came so far."""

    def watch(execute, sql, params, many, context):
        if is_there(str(sql)):
            raise Cut
        return execute(sql, params, many, context)

    with shelf.wrapper.execute_wrapper(watch):
        try:
            migrate(**options)
        except Cut:
            return True
    return False


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite rolls a migration back whole")
def test_an_abort_finishes_no_operation_of_which_nothing_was_carried_out(shelf, migrate):
    shelf.books("Emma")
    shelf.write("0002_next", "migrations.DeleteModel('Writer'),")
    assert cut(migrate, shelf, lambda sql: sql.startswith("DROP TABLE `shelf_writer`"), rehearsal=False)
    with CaptureQueriesContext(shelf.wrapper) as sent:
        migrate(abort=True)
    assert not any(query["sql"].startswith(("DROP TABLE", "CREATE TABLE `shelf")) for query in sent)
    assert shelf.rows("SELECT COUNT(*) FROM shelf_writer") == [(0,)]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite rolls a migration back whole")
def test_an_abort_that_was_cut_short_anywhere_goes_on(shelf, migrate):
    # Each book has the value that the column would come back with: nothing of it is kept.
    shelf.write(
        "0002_key",
        "migrations.AddField('book', 'writer', models.ForeignKey('writer', models.CASCADE, null=True)),",
    )
    migrate()
    shelf.books("Emma")
    shelf.write("0003_less", "migrations.RemoveField('book', 'writer'),")
    number = 0
    while True:
        number += 1
        drops_column = partial(re.match, r"ALTER TABLE `shelf_book` DROP COLUMN")
        assert cut(migrate, shelf, drops_column, rehearsal=False, no_backup=True)
        left = iter(range(number - 1))
        was_cut = cut(
            migrate, shelf, lambda sql, left=left: not is_read(sql) and next(left, None) is None, abort=True
        )
        if not was_cut:
            break
        migrate(abort=True)
        assert shelf.rows("SELECT title, writer_id FROM shelf_book") == [("Emma", None)]
        assert latest(shelf).outcome == Run.Outcome.ABORTED
    assert number > 10
