"""`manage.py migrationhistory`: what was done to the database, and how it ended."""

import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from evolution import history
from evolution.models import Run, Statement
from evolution.tables import ensure_tables

BEGAN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
STEPS = [{"app": "shelf", "name": f"000{number}_more", "backwards": False} for number in (2, 3, 4)]
CERTIFICATE: dict[str, Any] = {
    "before": {
        "shelf_book": {"columns": ["id"], "rows": 3, "checksum": "ab"},
        "shelf_gone": {"columns": ["id"], "rows": 2, "checksum": "cd"},
    },
    "after": {
        "shelf_volume": {"columns": ["id"], "rows": 3, "checksum": "ab"},
        "shelf_new": {"columns": ["id"], "rows": 0, "checksum": "0"},
    },
    "renames": {"shelf_book": "shelf_volume"},
    "lost": ["shelf_gone"],
    "changed": ["Table shelf_volume has 3 rows, and had 3."],
    "differences": ["Table shelf_gone is missing, which had 2 rows."],
}


def shown(shelf, *arguments):
    out = StringIO()
    call_command("migrationhistory", *arguments, database=shelf.wrapper.alias, stdout=out)
    return out.getvalue()


def add_run(shelf, **values):
    ensure_tables(shelf.wrapper)
    given = {
        "user": "ada",
        "host": "web1",
        "started_at": BEGAN,
        "finished_at": BEGAN + timedelta(seconds=75),
        "outcome": Run.Outcome.FINISHED,
        "plan": STEPS[:1],
    }
    return Run.objects.using(shelf.wrapper.alias).create(**given | values)


def add_statement(shelf, run, sql, **values):
    given = {
        "app": "shelf",
        "migration": "0002_more",
        "backwards": False,
        "operation": 0,
        "position": 1,
        "kind": Statement.Kind.SCHEMA,
        "state": Statement.State.DONE,
        "began_at": BEGAN,
        "ended_at": BEGAN + timedelta(seconds=0.25),
        "closed": True,
    }
    return Statement.objects.using(shelf.wrapper.alias).create(run_id=run.pk, sql=sql, **given | values)


def test_a_database_without_a_run_has_none(shelf):
    assert shown(shelf) == "No run is written down in this database yet.\n"
    assert json.loads(shown(shelf, "--json")) == []


def test_runs_are_listed_the_latest_first(shelf):
    add_run(shelf)
    add_run(shelf, outcome=Run.Outcome.RUNNING, finished_at=None, plan=STEPS, command="adopt")
    head, latest, first = shown(shelf).splitlines()
    assert head.split() == ["run", "began", "took", "ended", "who", "command", "what"]
    assert re.sub(" +", " ", first) == (
        "1 2026-11-24 10:00:00 1 min 15 s finished ada@web1 migrate shelf.0002_more"
    )
    assert latest.split()[3:] == [
        "running",
        "ada@web1",
        "adopt",
        "shelf.0002_more",
        "…",
        "shelf.0004_more",
        "(3)",
    ]


def test_only_so_many_are_listed(shelf):
    for _number in range(3):
        add_run(shelf)
    assert len(shown(shelf, "--limit", "2").splitlines()) == 3
    assert len(shown(shelf, "--limit", "0").splitlines()) == 4


def test_one_run_is_shown_with_its_statements_and_its_certificate(shelf):
    run = add_run(
        shelf, certificate=CERTIFICATE, backup="shelf-1", revision="4f1c", error="OperationalError: gone"
    )
    add_statement(shelf, run, "Add field number to book", kind=Statement.Kind.OPERATION, position=0)
    add_statement(shelf, run, "ALTER TABLE shelf_book ADD number integer")
    lines = [line.strip() for line in shown(shelf, str(run.pk)).splitlines()]
    assert lines[0] == f"Run {run.pk}: migrate, finished"
    assert "code       4f1c" in lines
    assert "backup     shelf-1" in lines
    assert "error      OperationalError: gone" in lines
    assert "shelf.0002_more: Add field number to book" in lines
    assert "0.25 s  ALTER TABLE shelf_book ADD number integer" in lines
    assert [line.split() for line in lines[-5:]] == [
        ["shelf_gone", "2", "–", "not", "compared"],
        ["shelf_new", "–", "0", "not", "compared"],
        ["shelf_volume", "3", "3", "the", "same,", "was", "shelf_book"],
        CERTIFICATE["differences"][0].split(),
        f"By a data step: {CERTIFICATE['changed'][0]}".split(),
    ]


def test_json_has_everything(shelf):
    run = add_run(shelf, certificate=CERTIFICATE, reason="because")
    add_statement(shelf, run, "SELECT 'é'")
    found = json.loads(shown(shelf, str(run.pk), "--json"))
    assert found["seconds"] == 75
    assert found["certificate"] == CERTIFICATE
    assert found["reason"] == "because"
    assert found["started_at"] == "2026-11-24 10:00:00+00:00"
    (statement,) = found["statements"]
    assert (statement["sql"], statement["seconds"]) == ("SELECT 'é'", 0.25)
    assert json.loads(shown(shelf, "--json"))[0]["id"] == run.pk


def test_every_field_of_a_run_is_in_the_json(shelf):
    given = {field.name for field in Run._meta.get_fields()}
    assert given <= history.as_json(add_run(shelf)).keys()


def test_a_run_that_is_not_there_is_refused(shelf):
    with pytest.raises(CommandError, match="There is no run 7"):
        shown(shelf, "7")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.314, "0.31 s"), (12.44, "12.4 s"), (185, "3 min 5 s"), (7440, "2 h 4 min"), (-1, "0.00 s")],
)
def test_durations_are_written_for_people(seconds, words):
    assert history.in_words(timedelta(seconds=seconds)) == words


def test_a_certificate_whose_values_differ_says_so():
    one = {"columns": ["id"], "rows": 1, "checksum": "a"}
    (line,) = history.lines_of({"before": {"t": one}, "after": {"t": one | {"checksum": "b"}}})
    assert line.is_same is False
    assert history.lines_of({}) == []
