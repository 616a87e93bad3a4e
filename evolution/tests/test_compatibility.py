"""Which schemas a release of the code works with, and that a process notices when it is another one."""

import importlib

import pytest

from evolution.compatibility import reason_against
from evolution.readiness import SILENT, Readiness
from evolution.scratch import connected
from evolution.tests.shelf import Shelf

MORE = "migrations.AddField('book', 'pages', models.IntegerField(default=100)),"
OTHER = "migrations.AddField('book', 'isbn', models.CharField(max_length=13, null=True)),"
LESS = "migrations.RemoveField('book', 'price'),"


@pytest.fixture
def ready(shelf, migrate):
    """A database with everything that the release has."""
    migrate()
    return shelf


def contract(shelf: Shelf, name: str) -> None:
    file = shelf.write(name, LESS)
    file.write_text(file.read_text().replace("    operations", "    contract = True\n    operations"))


def without(shelf: Shelf, *names: str) -> None:
    """The code of a release that does not have these migrations."""
    for name in names:
        (shelf.package / "migrations" / f"{name}.py").unlink()
        shelf.names.remove(name)
    importlib.invalidate_caches()


def test_a_release_works_with_all_of_its_migrations(ready):
    assert reason_against(ready.wrapper) == ""


def test_a_database_without_tables_lacks_what_the_release_needs(ready):
    ready.rows("DELETE FROM django_migrations")
    assert "run manage.py migrate --expand" in reason_against(ready.wrapper)


def test_what_is_missing_is_named_and_counted(ready):
    ready.write("0002_more", MORE)
    assert reason_against(ready.wrapper) == (
        "The database lacks shelf.0002_more, which this release needs: run manage.py migrate --expand"
    )
    contract(ready, "0003_less")
    ready.write("0004_more", OTHER)
    assert "lacks shelf.0002_more and 1 more, which" in reason_against(ready.wrapper)


def test_what_stands_on_a_contract_step_needs_a_whole_migrate(ready):
    contract(ready, "0002_less")
    ready.write("0003_more", MORE)
    reason = reason_against(ready.wrapper)
    assert reason == "The database lacks shelf.0003_more, which this release needs: run manage.py migrate"


def test_a_contract_step_may_be_missing(ready, migrate):
    ready.write("0002_more", MORE)
    contract(ready, "0003_less")
    migrate(expand=True)
    assert reason_against(ready.wrapper) == ""


def test_what_a_later_release_has_added_is_none_of_its_business(ready, migrate):
    ready.write("0002_more", MORE)
    migrate()
    without(ready, "0002_more")
    assert reason_against(ready.wrapper) == ""


def test_a_contract_step_of_a_later_release_is_refused_by_name(ready, migrate):
    ready.write("0002_more", MORE)
    contract(ready, "0003_less")
    migrate()
    without(ready, "0002_more", "0003_less")
    reason = reason_against(ready.wrapper)
    assert "The contract step shelf.0003_less of a later release has been carried out" in reason


def test_once_it_is_taken_back_the_release_works_again(ready, migrate):
    contract(ready, "0002_less")
    migrate()
    migrate("shelf", "0001")
    without(ready, "0002_less")
    assert reason_against(ready.wrapper) == ""


def test_a_contract_step_that_was_squashed_away_is_no_later_one(ready, migrate):
    contract(ready, "0002_less")
    migrate()
    ready.write("0003_more", MORE)
    migrate()
    without(ready, "0002_less")
    ready.write("0003_more", MORE)
    assert reason_against(ready.wrapper) == ""


def test_a_look_tells_and_logs_what_has_changed(ready, migrate, caplog):
    readiness = Readiness(ready.wrapper.alias)
    assert readiness.look() == ""
    contract(ready, "0002_less")
    migrate()
    without(ready, "0002_less")
    assert "shelf.0002_less of a later release" in readiness.look()
    assert readiness.refusal == readiness.look()
    contract(ready, "0002_less")
    migrate("shelf", "0001")
    without(ready, "0002_less")
    assert readiness.look() == readiness.refusal == ""
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "Nothing is served",
        "Serving again",
    ]


def test_as_long_as_nothing_changes_a_look_is_one_query_beside_the_list_of_tables(ready):
    readiness = Readiness(ready.wrapper.alias)
    readiness.look()
    ready.wrapper.force_debug_cursor = True
    ready.wrapper.queries_log.clear()
    readiness.look()
    ready.wrapper.force_debug_cursor = False
    assert len(ready.wrapper.queries) == 2


def test_a_database_that_does_not_answer_is_told_once_and_is_no_wrong_schema(ready, tmp_path, caplog):
    present = {"HOST": ready.wrapper.settings_dict["HOST"], "NAME": ready.wrapper.settings_dict["NAME"]}
    if ready.wrapper.vendor == "sqlite":
        present["NAME"] = str(tmp_path / "present.sqlite3")
    with connected(ready.wrapper, "/missing/none.sqlite3") as away:
        away.settings_dict["HOST"] = "192.0.2.1.invalid"
        readiness = Readiness(away.alias)
        assert [readiness.look(), readiness.look()] == [SILENT, SILENT]
        assert readiness.refusal == ""
        away.settings_dict.update(present)
        assert readiness.look() != SILENT
    assert [record.message[:21] for record in caplog.records if "answer" in record.message] == [
        "The database does not",
        "The database answers ",
    ]
