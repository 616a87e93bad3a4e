"""`manage.py migrate` around its statements: what it refuses, keeps, counts, says, and writes down."""

import gc
import json
import re
from io import StringIO

import pytest
from django.db import connection

from evolution import backups
from evolution.models import Run
from evolution.tests.stops import CODE, latest, refusal, titles

ADD_PAGES = "migrations.AddField('book', 'pages', models.IntegerField(default=100)),"
RENAME = "migrations.RenameModel('Book', 'Tome'),\nmigrations.RenameField('Tome', 'title', 'name'),"


# --- A run from its plan to its certificate


def test_a_database_with_rows_is_backed_up_rehearsed_and_accounted_for(shelf, migrate):
    shelf.books("Emma", None, "🚀")
    shelf.write("0002_next", ADD_PAGES)
    said = migrate()
    run = latest(shelf)
    assert [line.strip().partition("...")[0] for line in said.splitlines() if "..." in line] == [
        "Comparing the schema with the history",
        "Checking the plan",
        f"Backing up {said.partition('Backing up ')[2].partition(' of data')[0]} of data",
        "Restoring the backup into a scratch database, and comparing",
        "Rehearsing there, back and there again on the copy",
        "Counting rows",
        "Applying shelf.0002_next",
        "Counting again, and comparing",
    ]
    assert run.outcome == Run.Outcome.FINISHED
    assert [backup.name for backup in backups.backups() if backup.manifest.proved] == [run.backup]


def test_the_certificate_has_the_rows_before_and_after_through_renames(shelf, migrate):
    shelf.books("Emma", None)
    shelf.write("0002_next", RENAME)
    said = migrate()
    certificate = latest(shelf).certificate
    assert certificate["before"]["shelf_book"]["rows"] == 2
    assert certificate["after"]["shelf_tome"]["checksum"] == certificate["before"]["shelf_book"]["checksum"]
    assert "shelf_book → shelf_tome" in said
    assert certificate["differences"] == []


def test_the_rehearsal_writes_down_each_statement_with_its_duration(shelf, migrate):
    shelf.books("Emma")
    shelf.write("0002_next", ADD_PAGES)
    migrate()
    statements = latest(shelf).rehearsal["statements"]
    assert any("pages" in one["sql"] and one["migration"] == "shelf.0002_next" for one in statements)
    assert all(one["seconds"] >= 0 for one in statements)


def test_a_database_without_rows_needs_no_backup(shelf, migrate, folder):
    shelf.write("0002_next", ADD_PAGES)
    said = migrate()
    assert "Backing up" not in said
    assert not folder.exists()
    assert latest(shelf).outcome == Run.Outcome.FINISHED


def test_without_a_backup_the_rehearsals_copy_is_not_kept(shelf, migrate):
    shelf.books("Emma")
    shelf.write("0002_next", ADD_PAGES)
    assert "Rehearsing" in migrate(no_backup=True)
    assert backups.backups() == []
    assert latest(shelf).backup == ""


def test_without_both_rows_are_counted_all_the_same(shelf, migrate, folder):
    shelf.books("Emma")
    shelf.write("0002_next", ADD_PAGES)
    said = migrate(no_backup=True, rehearsal=False)
    assert not folder.exists()
    assert "1 row accounted for" in said


def test_going_back_takes_the_same_stages(shelf, migrate):
    shelf.books("Emma")
    shelf.write("0002_next", ADD_PAGES)
    migrate()
    said = migrate("shelf", "0001")
    assert "Rehearsing" in said
    assert "Unapplying shelf.0002_next... OK" in said
    assert titles(shelf) == ["Emma"]


def test_called_by_a_program_it_leaves_the_collection_of_garbage_as_it_was(shelf, migrate):
    migrate()
    refusal(migrate, "shelf", "0009")
    assert gc.get_freeze_count() == 0


def test_json_has_the_whole_run(shelf, migrate):
    shelf.books("Emma")
    shelf.write("0002_next", ADD_PAGES)
    run = json.loads(migrate(as_json=True))
    assert run["outcome"] == "finished"
    assert run["plan"][0]["name"] == "0002_next"
    assert run["certificate"]["differences"] == []


def test_json_of_nothing_to_do_is_null(migrate):
    assert json.loads(migrate(as_json=True)) is None


def test_json_of_a_refusal_has_the_reason(shelf, migrate):
    shelf.books("Emma", "Emma")
    shelf.write(
        "0002_next", "migrations.AlterField('book', 'title', models.CharField(max_length=20, unique=True)),"
    )
    out = StringIO()
    refusal(migrate, as_json=True, stdout=out)
    run = json.loads(out.getvalue())
    assert (run["outcome"], "evolution.E303" in run["error"]) == ("refused", True)


def test_a_run_says_who_where_and_from_which_code(shelf, migrate):
    shelf.write("0002_next", ADD_PAGES)
    migrate()
    run = latest(shelf)
    assert run.user
    assert run.host
    assert len(run.revision) in (0, 40)  # none where the code is no git checkout


# --- What stops before the first statement


def test_an_error_in_the_plan_stops_before_anything_is_copied(shelf, migrate, folder):
    shelf.books("Emma", "Emma")
    shelf.write(
        "0002_next", "migrations.AlterField('book', 'title', models.CharField(max_length=20, unique=True)),"
    )
    said, code = refusal(migrate)
    assert code == 1
    assert "evolution.E303" in said
    assert not folder.exists()
    assert latest(shelf).outcome == Run.Outcome.REFUSED


def test_rows_that_fail_in_a_data_step_fail_on_the_copy_first(shelf, migrate):
    shelf.books("Emma", "not a number")
    shelf.write(
        "0002_next",
        CODE,
        """
        def work(apps, schema_editor):
            for book in apps.get_model("shelf", "Book").objects.using(schema_editor.connection.alias).order_by("id"):
                book.price = 123456789 if book.title != "Emma" else 1
                book.title = "changed"
                book.save()
        """,
    )
    shelf.write(
        "0003_key", "migrations.AlterField('book', 'title', models.CharField(max_length=20, unique=True)),"
    )
    said, code = refusal(migrate)
    assert code == 1
    assert "On a copy of the database shelf.0003_key fails" in said or "shelf.0002_next fails" in said
    assert titles(shelf) == ["Emma", "not a number"]
    assert ("shelf", "0002_next") not in shelf.applied()


REMOVE = """
def work(apps, schema_editor):
    apps.get_model("shelf", "Book").objects.using(schema_editor.connection.alias).filter(title="Emma").delete()
"""


def test_e801_a_data_step_that_removes_rows_stops_on_the_copy(shelf, migrate):
    shelf.books("Emma", "Persuasion")
    shelf.write("0002_next", CODE, REMOVE)
    said, code = refusal(migrate)
    assert code == 1
    assert "evolution.E801" in said
    assert "Table shelf_book has 1 rows, and had 2." in said
    assert titles(shelf) == ["Emma", "Persuasion"]


def test_e801_may_be_accepted_in_the_file(shelf, migrate):
    shelf.books("Emma", "Persuasion")
    shelf.write("0002_next", CODE, REMOVE, {"evolution.E801": "read already"})
    assert "By a data step of the plan: Table shelf_book has 1 rows, and had 2." in migrate()
    assert titles(shelf) == ["Persuasion"]


def test_values_changed_by_a_data_step_are_told_and_no_fault(shelf, migrate):
    shelf.books("Emma")
    shelf.write(
        "0002_next",
        CODE,
        """
        def work(apps, schema_editor):
            apps.get_model("shelf", "Book").objects.using(schema_editor.connection.alias).update(title="EMMA")
        """,
    )
    assert "but not the same values in them" in migrate()
    assert titles(shelf) == ["EMMA"]


def test_above_the_limit_a_rehearsal_has_to_be_asked_for(shelf, migrate, monkeypatch):
    shelf.books("Emma")
    # A number of megabytes below which nothing is: the smallest that the setting takes is 1.
    monkeypatch.setattr("evolution.stages.MEGABYTE", 0)
    shelf.write("0002_next", ADD_PAGES)
    said, code = refusal(migrate)
    assert (code, "--rehearsal" in said, "--no-rehearsal" in said) == (1, True, True)
    assert "Rehearsing" in migrate(rehearsal=True)


def test_e702_a_file_that_changed_since_it_was_applied_stops(shelf, migrate):
    shelf.write("0002_next", ADD_PAGES)
    migrate()
    shelf.write("0002_next", ADD_PAGES.replace("100", "200"))
    shelf.write("0003_more", "migrations.AddField('book', 'more', models.IntegerField(null=True)),")
    said, code = refusal(migrate)
    assert code == 1
    assert "evolution.E702  shelf.0002_next" in said


@pytest.mark.parametrize(("reason", "same"), [("why", True), (" ", False)])
def test_a_file_that_says_of_which_form_it_is_the_same_and_why_is_no_changed_file(
    shelf, migrate, reason, same
):
    shelf.write("0002_next", ADD_PAGES)
    migrate()
    shelf.write("0002_next", ADD_PAGES.replace("100", "200"))
    shelf.write("0003_more", "migrations.AddField('book', 'more', models.IntegerField(null=True)),")
    (checksum,) = re.findall('same_as = {"([0-9a-f]{64})"', refusal(migrate)[0])
    file = shelf.write("0002_next", ADD_PAGES.replace("100", "200"))
    said = f"    same_as = {{'{checksum}': '{reason}'}}\n    operations = ["
    file.write_text(file.read_text().replace("    operations = [", said))
    if same:
        assert "Applying shelf.0003_more... OK" in migrate()
    else:
        assert "evolution.E702" in refusal(migrate)[0]


def test_a_reformatted_file_is_no_changed_file(shelf, migrate):
    file = shelf.write("0002_next", ADD_PAGES)
    migrate()
    file.write_text("# A comment.\n" + file.read_text())
    shelf.write("0003_more", "migrations.AddField('book', 'more', models.IntegerField(null=True)),")
    assert "Applying shelf.0003_more... OK" in migrate()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite rolls such a change back")
def test_e605_code_that_changes_the_schema_stops(shelf, migrate):
    shelf.books("Emma")
    shelf.write(
        "0002_next",
        CODE,
        """
        def work(apps, schema_editor):
            with schema_editor.connection.cursor() as cursor:
                cursor.execute("ALTER TABLE shelf_book ADD COLUMN hidden integer NULL")
        """,
    )
    said, code = refusal(migrate)
    assert code == 1
    assert "evolution.E605" in said
    assert not shelf.rows("SHOW COLUMNS FROM shelf_book LIKE 'hidden'")


def test_a_schema_that_somebody_has_changed_stops(shelf, migrate):
    shelf.rows("ALTER TABLE shelf_book ADD COLUMN by_hand integer NULL")
    shelf.write("0002_next", "migrations.AddField('book', 'pages', models.IntegerField(null=True)),")
    said, code = refusal(migrate)
    assert code == 1
    assert "table shelf_book: column by_hand" in said
    assert "Applying shelf.0002_next... OK" in migrate(no_schema_check=True)


def test_a_data_step_that_needs_rows_is_told_when_the_schema_is_compared(shelf, migrate):
    needy = "INSERT INTO shelf_book (id, title) SELECT 1, NULL FROM nowhere"
    shelf.write("0002_next", f"migrations.RunSQL({needy!r}, migrations.RunSQL.noop),")
    shelf.rows("CREATE TABLE nowhere (id integer)")
    migrate(no_schema_check=True)
    # As if nobody had noted what the last run left.
    shelf.rows("DROP TABLE nowhere")
    shelf.rows("DELETE FROM evolution_run")
    shelf.write("0003_more", ADD_PAGES)
    said, code = refusal(migrate)
    assert (code, "--no-schema-check" in said) == (1, True)


# --- Rows that are gone at the end


LOSE = "migrations.RunSQL(\"DELETE FROM shelf_book WHERE title = 'Emma'\", migrations.RunSQL.noop),"


def test_without_rehearsal_rows_that_are_gone_stop_the_run_at_its_end(shelf, migrate):
    shelf.books("Emma", "Persuasion")
    shelf.write("0002_next", LOSE)
    said, code = refusal(migrate, rehearsal=False)
    run = latest(shelf)
    assert code == 4
    assert "Table shelf_book has 1 rows, and had 2." in said
    assert run.backup in said
    assert run.outcome == Run.Outcome.FAILED
    assert run.certificate["differences"]


def test_a_run_that_lost_rows_can_be_aborted_and_they_are_back(shelf, migrate):
    shelf.books("Emma", "Persuasion")
    shelf.write("0002_next", LOSE)
    refusal(migrate, rehearsal=False)
    migrate(abort=True)
    assert titles(shelf) == ["Emma", "Persuasion"]
    assert ("shelf", "0002_next") not in shelf.applied()
