"""`manage.py checkmigrations`: which migrations it looks at, what it writes, and how it ends."""

import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db.migrations.executor import MigrationExecutor
from django.test import override_settings

from evolution.rules import is_own

DROP = "migrations.RemoveField('book', 'title'),"
REQUIRE = "migrations.AlterField('book', 'title', models.CharField(max_length=20)),"


def run(shelf, *arguments):
    """What the command prints, and its exit code."""
    out = StringIO()
    try:
        call_command("checkmigrations", *arguments, database=shelf.wrapper.alias, stdout=out, no_color=True)
    except SystemExit as end:
        return out.getvalue(), end.code
    return out.getvalue(), 0


def test_nothing_to_apply_is_no_problem(shelf):
    assert run(shelf) == ("No problems in 0 migrations.\n", 0)


def test_migrations_without_a_finding_are_counted(shelf):
    shelf.write("0002_more", "migrations.AddField('book', 'shelf_mark', models.IntegerField(null=True)),")
    assert run(shelf) == ("No problems in 1 migration.\n", 0)


def test_a_warning_ends_well(shelf):
    shelf.write("0002_less", DROP)
    shelf.books("Emma")
    output, code = run(shelf)
    assert code == 0
    assert output.splitlines()[:2] == [
        "evolution.W202  shelf.0002_less: Remove field title from book",
        "  Column title of table shelf_book is dropped. Its values: 1 now.",
    ]
    assert output.splitlines()[-1] == "1 warning in 1 migration."


def test_an_error_ends_with_1_and_lists_the_rows(shelf):
    shelf.write("0002_required", REQUIRE)
    shelf.books(None)
    output, code = run(shelf)
    assert code == 1
    assert "    - id 1: title = None\n" in output
    assert output.splitlines()[-1].startswith("1 error in 1 migration. An error stops migrate")


def test_a_hint_is_said_once(shelf):
    shelf.write("0002_less", DROP + "migrations.RemoveField('book', 'price'),")
    shelf.rows("INSERT INTO shelf_book (title, price) VALUES ('Emma', 7)")
    output, _code = run(shelf)
    assert output.count("evolution.W202") == 2
    assert output.count("The archive keeps them") == 1


def test_it_changes_nothing(shelf):
    shelf.write("0002_less", DROP)
    shelf.books("Emma")
    run(shelf)
    assert shelf.rows("SELECT title FROM shelf_book") == [("Emma",)]
    assert shelf.rows("SELECT name FROM django_migrations") == [("0001_initial",)]


def test_an_applied_migration_is_looked_at_with_all_only(shelf):
    shelf.write("0002_less", DROP)
    shelf.migrate("0002_less")
    assert run(shelf) == ("No problems in 0 migrations.\n", 0)
    output, code = run(shelf, "--all")
    assert "evolution.W202  shelf.0002_less" in output
    assert output.endswith("1 warning in 2 migrations.\n")
    assert code == 0


def test_with_all_what_is_not_applied_is_still_held_against_the_rows(shelf):
    shelf.write("0002_required", REQUIRE)
    shelf.books(None)
    assert run(shelf, "--all")[1] == 1


def test_without_a_database_the_files_are_looked_at(shelf):
    shelf.write("0002_less", DROP)
    output, code = run(shelf, "--no-database")
    assert "is dropped with all its values" in output
    assert (output.splitlines()[-1], code) == ("1 warning in 2 migrations.", 0)


def test_json_for_programs(shelf):
    shelf.write("0002_required", REQUIRE)
    shelf.books(None)
    output, code = run(shelf, "--json")
    found = json.loads(output)
    assert code == 1
    assert found["migrations"] == 1
    assert found["findings"][0] | {"message": "", "hint": ""} == {
        "code": "evolution.E302",
        "level": "error",
        "migration": "shelf.0002_required",
        "operation": "Alter field title on book",
        "message": "",
        "hint": "",
        "details": ["id 1: title = None"],
    }


def test_only_the_applications_that_are_named(shelf):
    shelf.write("0002_less", DROP)
    shelf.books("Emma")
    assert run(shelf, "shelf")[0].endswith("1 warning in 1 migration.\n")
    assert run(shelf, "evolution") == ("No problems in 0 migrations.\n", 0)


def test_an_application_that_is_not_there_is_refused(shelf):
    with pytest.raises(CommandError, match="There is no application selves") as refused:
        run(shelf, "selves")
    assert refused.value.returncode == 2


def test_the_migrations_of_a_library_are_not_the_projects(shelf):
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "django.contrib.contenttypes"]):
        migrations = MigrationExecutor(None).loader.disk_migrations
    assert {label for (label, _name), migration in migrations.items() if is_own(migration)} == {"shelf"}
    assert "contenttypes" in {label for label, _name in migrations}


def test_the_migrations_of_this_project_have_no_errors():
    out = StringIO()
    call_command("checkmigrations", "--all", "--no-database", "--json", stdout=out)
    assert {finding["level"] for finding in json.loads(out.getvalue())["findings"]} <= {"warning"}
