"""What `migrate` says of the archive, and what `--abort` brings back from it."""

import pytest

from evolution.tests.stops import BREAK, CODE, refusal, titles

DATA_STEP = "migrations.RunSQL('UPDATE shelf_book SET price = 1', migrations.RunSQL.noop),"


def broken_off_after_a_loss(shelf, migrate, monkeypatch, *operations: str, **options) -> None:
    shelf.books("Emma")
    shelf.write("0002_next", "\n".join(["migrations.RemoveField('book', 'title'),", *operations]))
    shelf.write("0003_break", CODE, BREAK)
    monkeypatch.setenv("BREAK", "yes")
    with pytest.raises(KeyboardInterrupt):
        migrate(rehearsal=False, **options)


def test_a_dropped_column_comes_back_from_the_archive(shelf, migrate, monkeypatch):
    broken_off_after_a_loss(shelf, migrate, monkeypatch, no_backup=True)
    assert "1 value of shelf_book.title" in migrate(abort=True)
    assert titles(shelf) == ["Emma"]


def test_where_a_data_step_may_have_counted_on_the_loss_it_comes_back_from_the_backup(
    shelf, migrate, monkeypatch
):
    broken_off_after_a_loss(shelf, migrate, monkeypatch, DATA_STEP)
    said = migrate(abort=True)
    assert "since the run has dropped or rewritten shelf_book.title" in said
    assert titles(shelf) == ["Emma"]


def test_and_without_a_backup_it_can_not_come_back(shelf, migrate, monkeypatch):
    broken_off_after_a_loss(shelf, migrate, monkeypatch, DATA_STEP, no_backup=True)
    said, code = refusal(migrate, abort=True)
    assert code == 1
    assert "the run made no backup" in said


def test_a_run_says_what_it_keeps_and_brings_back_and_what_it_could_not(shelf, migrate):
    shelf.books("Emma", "Ulysses")
    shelf.write("0002_next", "migrations.RemoveField('book', 'title'),")
    assert "Kept in the archive:\n      2 values of shelf_book.title\n" in migrate()
    shelf.rows("DELETE FROM shelf_book WHERE id = 2")
    said = migrate("shelf", "0001")
    assert "Brought back from the archive:\n      1 value of shelf_book.title\n" in said
    assert "1 value of shelf_book.title could not be brought back" in said
    assert "manage.py archive show 1" in said
    assert titles(shelf) == ["Emma"]


def test_what_is_to_stay_in_the_archive_stays_there(shelf, migrate):
    shelf.books("Emma")
    shelf.write("0002_next", "migrations.RemoveField('book', 'title'),")
    migrate()
    assert "Brought back" not in migrate("shelf", "0001", leave_archive=True)
    assert titles(shelf) == [None]


TWICE = """
def work(apps, schema_editor):
    apps.get_model("shelf", "Shop").objects.using(schema_editor.connection.alias).create(pk=1)
"""


def test_where_rows_of_the_archive_are_in_the_way_of_a_data_step_the_rehearsal_says_what_to_do(
    shelf, migrate
):
    shelf.books("Emma")
    made = "migrations.CreateModel('Shop', [('id', models.AutoField(primary_key=True))]),"
    shelf.write("0002_shop", made + CODE, TWICE)
    assert "leave it there: migrate --leave-archive" in migrate()  # there again after the way back
    migrate("shelf", "0001")
    said, code = refusal(migrate)
    assert "leave it there: migrate --leave-archive" in said
    assert code == 1
    migrate(leave_archive=True)
    assert shelf.rows("SELECT id FROM shelf_shop") == [(1,)]
