"""Data steps in batches: every row once, whatever its key, and from where they were cut short."""

import json
import os
import pty
import subprocess
import sys
import uuid
from io import StringIO
from typing import Any

import pytest
from django.apps.registry import Apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import F

from evolution import batches, progress
from evolution.batches import data_steps_of, for_each_batch, forget_checkpoints
from evolution.models import Checkpoint
from evolution.progress import Progress, quiet
from evolution.tables import ensure_tables
from evolution.tests.shelf import Shelf

WORDS = ["", "a", "A b", "ab", "é", "e\u0301x", "z", "Z2", "ß1", "🚀", "🚀🚀", "10", "9"]


def table(shelf: Shelf, key: models.Field[Any, Any], keys: list[Any]) -> "models.QuerySet[Any]":
    """A table with a row for each key, whose value is 0."""
    fields = {"key": key, "value": models.IntegerField(default=0)}
    meta = type("Meta", (), {"app_label": "shelf", "apps": Apps()})
    model: Any = type("Thing", (models.Model,), {"__module__": __name__, "Meta": meta, **fields})
    with shelf.wrapper.schema_editor() as editor:
        editor.create_model(model)
    objects: models.QuerySet[Any] = model.objects.using(shelf.wrapper.alias)
    objects.bulk_create([model(key=key) for key in keys])
    return objects


@pytest.fixture
def things(shelf: Shelf) -> "models.QuerySet[Any]":
    """25 things, numbered in threes."""
    return table(shelf, models.IntegerField(primary_key=True), list(range(-6, 69, 3)))


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "FIRST", 10)
    monkeypatch.setattr(batches, "MOST", 10)


def add_one(batch: "models.QuerySet[Any]") -> None:
    batch.update(value=F("value") + 1)


def take_one(batch: "models.QuerySet[Any]") -> None:
    batch.update(value=F("value") - 1)


class Interrupted(Exception):
    pass


def add_and_stop_after(count: int) -> Any:
    """Work that raises in the batch after so many."""
    seen: list[int] = []

    def work(batch: "models.QuerySet[Any]") -> None:
        add_one(batch)
        seen.append(1)
        if len(seen) > count:
            raise Interrupted

    return work


def values(things: "models.QuerySet[Any]") -> list[int]:
    return list(things.order_by("pk").values_list("value", flat=True))


# --- Every row once


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        (models.IntegerField(primary_key=True), [-7, 0, *range(1, 60, 2)]),
        (models.CharField(primary_key=True, max_length=20), [*WORDS, *(f"n{n}" for n in range(20))]),
        (models.UUIDField(primary_key=True), [uuid.UUID(int=n * 7919 << 60 | n) for n in range(33)]),
    ],
    ids=["integers", "texts", "UUIDs"],
)
def test_each_row_is_given_once_whatever_its_key_and_also_by_a_run_that_goes_on(shelf, key, keys):
    rows = table(shelf, key, keys)
    with data_steps_of("shelf.0002", backwards=False):
        with pytest.raises(Interrupted):
            for_each_batch(rows, add_and_stop_after(2), checkpoint="count")
        assert sum(values(rows)) == 20
        assert for_each_batch(rows, add_one, checkpoint="count") == len(keys) - 20
    assert set(values(rows)) == {1}


def test_rows_that_drop_out_of_the_filter_by_the_work_make_it_skip_none(things):
    assert for_each_batch(things.filter(value=0), add_one, checkpoint="count") == 25
    assert set(values(things)) == {1}


def test_rows_that_the_filter_leaves_out_are_left_alone(things):
    things.filter(pk__lt=9).update(value=5)
    for_each_batch(things.filter(value=0), add_one, checkpoint="count")
    assert values(things) == [5] * 5 + [1] * 20


def test_the_work_is_not_called_when_there_is_nothing_to_do(things):
    assert for_each_batch(things.none(), lambda batch: pytest.fail("called"), checkpoint="count") == 0


def test_a_key_of_several_columns_is_refused(shelf):
    fields = {
        "pk": models.CompositePrimaryKey("a", "b"),
        "a": models.IntegerField(),
        "b": models.IntegerField(),
        "__module__": __name__,
        "Meta": type("Meta", (), {"app_label": "shelf", "apps": Apps()}),
    }
    pair: Any = type("Pair", (models.Model,), fields)
    with pytest.raises(TypeError, match="a primary key of one column"):
        for_each_batch(pair.objects.using(shelf.wrapper.alias), add_one, checkpoint="count")


# --- Cut short


def test_a_run_that_stopped_leaves_whole_batches_and_the_next_one_goes_on_after_them(things):
    with data_steps_of("shelf.0002", backwards=False):
        with pytest.raises(Interrupted):
            for_each_batch(things, add_and_stop_after(1), checkpoint="count")
        assert values(things) == [1] * 10 + [0] * 15
        assert for_each_batch(things, add_one, checkpoint="count") == 15
        assert values(things) == [1] * 25


def test_a_run_after_the_last_batch_does_nothing_until_the_migration_is_recorded(shelf, things):
    with data_steps_of("shelf.0002", backwards=False):
        for_each_batch(things, add_one, checkpoint="count")
        assert for_each_batch(things, add_one, checkpoint="count") == 0
    forget_checkpoints(shelf.wrapper, "shelf.0002")
    with data_steps_of("shelf.0002", backwards=False):
        assert for_each_batch(things, add_one, checkpoint="count") == 25


def test_the_way_back_from_half_way_undoes_what_was_done_and_nothing_else(things):
    with data_steps_of("shelf.0002", backwards=False), pytest.raises(Interrupted):
        for_each_batch(things, add_and_stop_after(1), checkpoint="count")
    with data_steps_of("shelf.0002", backwards=True):
        assert for_each_batch(things, take_one, checkpoint="count") == 10
    assert values(things) == [0] * 25


def test_steps_of_other_names_and_other_migrations_begin_at_their_own_beginning(things):
    for migration, step in (("shelf.0002", "a"), ("shelf.0002", "b"), ("shelf.0003", "a")):
        with data_steps_of(migration, backwards=False):
            assert for_each_batch(things, add_one, checkpoint=step) == 25


def test_without_a_journal_around_it_the_checkpoint_goes_with_the_last_batch(shelf, things):
    with pytest.raises(Interrupted):
        for_each_batch(things, add_and_stop_after(1), checkpoint="count")
    assert for_each_batch(things, add_one, checkpoint="count") == 15
    assert not Checkpoint.objects.using(shelf.wrapper.alias).exists()


@pytest.mark.parametrize("has_table", [True, False])
def test_in_an_open_transaction_everything_belongs_to_that(shelf, things, has_table):
    if has_table:
        ensure_tables(shelf.wrapper)
    with pytest.raises(Interrupted), transaction.atomic(using=shelf.wrapper.alias):
        for_each_batch(things, add_and_stop_after(1), checkpoint="count")
    assert values(things) == [0] * 25
    with transaction.atomic(using=shelf.wrapper.alias):
        assert for_each_batch(things, add_one, checkpoint="count") == 25


def test_a_step_that_is_killed_at_any_moment_goes_on_or_goes_back_with_each_row_changed_once(empty_database):
    answer = subprocess.run(
        [sys.executable, "-m", "evolution.tests.counting", "--every", "5"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": empty_database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout, answer.stderr
    *wrong, count = map(json.loads, answer.stdout.splitlines())
    assert wrong == []
    assert count["cells"] >= 30


# --- The size of a batch


@pytest.mark.parametrize(
    ("size", "elapsed", "wanted"),
    [(100, 0.5, 100), (100, 0.4, 125), (100, 0.001, 200), (100, 30, 50), (15, 30, 10), (9_000, 0.1, 10_000)],
)
def test_the_next_batch_takes_about_the_time_that_is_wanted(monkeypatch, size, elapsed, wanted):
    monkeypatch.setattr(batches, "MOST", 10_000)
    assert batches._adapted(size, 0.5, elapsed) == wanted


# --- What is said meanwhile


@pytest.mark.parametrize(
    ("done", "before", "elapsed", "line"),
    [
        (500, 0, 2.0, "step: 50 % of 1,000 rows, 250 rows/s, 2 s left"),
        (500, 400, 2.0, "step: 50 % of 1,000 rows, 50 rows/s, 10 s left"),
        (1, 0, 1.0, "step: 0 % of 1,000 rows, 1 rows/s, 16 min 39 s left"),
        (1, 0, 60.0, "step: 0 % of 1,000 rows, 0 rows/s, 16 h 39 min left"),
        (1000, 0, 2.0, "step: 100 % of 1,000 rows, 500 rows/s"),
        (1200, 0, 2.0, "step: 100 % of 1,200 rows, 600 rows/s"),
    ],
)
def test_percent_speed_and_time_left_are_said(done, before, elapsed, line):
    said = Progress("step", 1000, stream=StringIO(), before=before)
    said.advance(done - before)
    assert said.line(elapsed) == line


def test_a_terminal_shows_one_line_that_is_rewritten(monkeypatch):
    monkeypatch.setattr(progress, "TERMINAL", 0.0)
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        said = Progress("step", 20, stream=stream)
        said.advance(10)
        said.advance(10)
        said.finish()
        shown = ""
        while "\n" not in shown:
            shown += os.read(master, 1000).decode()
    os.close(master)
    first, *others = shown.lstrip("\r").split("\r")
    assert first.startswith("step: 50 % of 20 rows")
    assert all(line.startswith("step: 100 % of 20 rows") for line in others if line.strip())
    assert shown.count("\n") == 1


def test_elsewhere_a_line_is_written_now_and_then_and_none_about_a_short_step(monkeypatch):
    said = Progress("step", 20, stream=(stream := StringIO()))
    said.advance(20)
    said.finish()
    assert stream.getvalue() == ""
    monkeypatch.setattr(progress, "PLAIN", 0.0)
    said = Progress("step", 20, stream=stream)
    said.advance(10)
    said.advance(10)
    assert [line.partition(" of")[0] for line in stream.getvalue().splitlines()] == [
        "step: 50 %",
        "step: 100 %",
    ]


def test_nothing_is_said_when_nothing_is_wanted(monkeypatch):
    monkeypatch.setattr(progress, "PLAIN", 0.0)
    with quiet():
        said = Progress("step", 20, stream=(stream := StringIO()), before=5)
        said.advance(20)
        said.finish()
    assert stream.getvalue() == ""


def test_a_run_that_goes_on_says_after_how_many_rows(things, capsys):
    with data_steps_of("shelf.0002", backwards=False):
        with pytest.raises(Interrupted):
            for_each_batch(things, add_and_stop_after(1), checkpoint="count")
        for_each_batch(things, add_one, checkpoint="count")
    assert capsys.readouterr().err == "shelf.0002 count: goes on after 10 rows\n"
