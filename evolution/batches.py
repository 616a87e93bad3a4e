"""Data steps over many rows, for use inside `RunPython`: batch by batch, each one committed with how far it came."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CompositePrimaryKey, Model, QuerySet

from evolution.models import Checkpoint
from evolution.progress import Progress, is_quiet
from evolution.tables import ensure_tables
from evolution.throttle import Throttle

FIRST, LEAST, MOST = 1000, 10, 10_000  # rows in a batch

Row = TypeVar("Row", bound=Model)
Reach = Checkpoint.Reach

# What is left to do, by how far a step has come: a lookup of the key, all rows ("") or no row (None).
FORWARDS = {Reach.NONE: "", Reach.BELOW: "pk__gte", Reach.UP_TO: "pk__gt", Reach.ALL: None}
BACKWARDS = {Reach.ALL: "", Reach.UP_TO: "pk__lte", Reach.BELOW: "pk__lt", Reach.NONE: None}


@dataclass(frozen=True)
class _Migration:
    name: str = ""
    backwards: bool = False


_UNKNOWN = _Migration()
_CURRENT: ContextVar[_Migration] = ContextVar("migration", default=_UNKNOWN)


@contextmanager
def data_steps_of(migration: str, *, backwards: bool) -> Iterator[None]:
    """Within it, checkpoints belong to this migration ("app.name") in this direction."""
    token = _CURRENT.set(_Migration(migration, backwards))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def forget_checkpoints(connection: BaseDatabaseWrapper, migration: str) -> None:
    """The migration ("app.name") has become applied or unapplied: next time its steps begin anew."""
    Checkpoint.objects.using(connection.alias).filter(migration=migration).delete()


def for_each_batch(
    queryset: "QuerySet[Row]",
    work: "Callable[[QuerySet[Row]], object]",
    *,
    checkpoint: str,
    seconds: float = 0.5,
) -> int:
    """Give `work` the rows of `queryset`, a batch at a time in the order of the primary key; how many there were.

    `work` gets a queryset of the batch's rows. What it does and the checkpoint are one transaction, which is
    committed unless another one is open around it, as in a migration that is atomic. A batch takes about `seconds`:
    it has between 10 and 10,000 rows. `queryset` may be filtered by what `work` changes. Before each batch others go
    first: while the server is busy or a replica behind, it waits, and says for what.

    A run that was cut short goes on after its last batch. The other direction of the same migration, under the same
    name of `checkpoint`, begins where it was cut short, goes down from there, and leaves the other rows alone. So call
    it even when there seems to be nothing to do: the checkpoint knows better.

    Raises TypeError for a composite primary key.
    """
    if isinstance(queryset.model._meta.pk, CompositePrimaryKey):
        raise TypeError("Batches need a primary key of one column.")
    step = _Step(connections[queryset.db], checkpoint, queryset.model)
    rows = queryset.order_by("-pk" if step.backwards else "pk")
    before = step.checkpoint.rows
    total = 0 if is_quiet() else before + step.left(rows).count()
    progress = Progress(step.title, total, before=before)
    throttle = Throttle(connections[queryset.db], progress)
    size = FIRST
    while batch := _next(step.left(rows), size):
        throttle.pause()
        last, count = batch
        began = time.monotonic()
        with transaction.atomic(using=queryset.db):
            work(step.left(queryset.order_by()).filter(**{f"pk__{step.until}": last}))
            step.advance(last, count)
        progress.advance(count)
        size = _adapted(size, seconds, time.monotonic() - began)
    step.finish()
    progress.finish()
    return progress.done - before


def _next(rows: "QuerySet[Row]", size: int) -> tuple[Any, int] | None:
    """The last key of the next batch, and how many rows it has; None when nothing is left."""
    keys = rows.values_list("pk", flat=True)
    for last in keys[size - 1 : size]:
        return last, size
    for last in keys.reverse()[:1]:
        return last, rows.count()
    return None


def _adapted(size: int, seconds: float, elapsed: float) -> int:
    """How many rows the next batch has, when one of `size` took `elapsed` instead of `seconds`."""
    wanted = size * seconds / elapsed if elapsed else MOST
    return round(min(max(wanted, size / 2, LEAST), size * 2, MOST))


class _Step:
    """One step in one direction, and its checkpoint, which is kept in memory alone where its table can't be made."""

    def __init__(self, connection: BaseDatabaseWrapper, name: str, model: type[Model]) -> None:
        self.migration = _CURRENT.get()
        self.backwards = self.migration.backwards
        self.until = "gte" if self.backwards else "lte"
        self.title = f"{self.migration.name} {name}".strip()
        self.key = model._meta.pk
        if not connection.in_atomic_block:
            ensure_tables(connection)
        self.is_kept = Checkpoint._meta.db_table in connection.introspection.table_names()
        self.checkpoint = self._found(connection.alias, name)
        if self.checkpoint.backwards != self.backwards:
            self.checkpoint.backwards, self.checkpoint.rows = self.backwards, 0

    def _found(self, alias: str, name: str) -> Checkpoint:
        new = Checkpoint(
            migration=self.migration.name,
            step=name,
            backwards=self.backwards,
            reach=Reach.ALL if self.backwards else Reach.NONE,
        )
        new._state.db = alias
        if not self.is_kept:
            return new
        found = Checkpoint.objects.using(alias).filter(migration=new.migration, step=name).first()
        if found is None:
            new.save(using=alias)
        return found or new

    def left(self, rows: "QuerySet[Row]") -> "QuerySet[Row]":
        """Those of the rows that are still to be done."""
        lookup = (BACKWARDS if self.backwards else FORWARDS)[Reach(self.checkpoint.reach)]
        if lookup is None:
            return rows.none()
        return (
            rows.filter(**{lookup: self.key.to_python(json.loads(self.checkpoint.key))}) if lookup else rows
        )

    def advance(self, last: Any, count: int) -> None:
        """A batch that ends with this key is done."""
        self.checkpoint.key = json.dumps(last if isinstance(last, int | str) else str(last))
        self.checkpoint.reach = Reach.BELOW if self.backwards else Reach.UP_TO
        self.checkpoint.rows += count
        self._save()

    def finish(self) -> None:
        """Nothing is left. The checkpoint goes with the migration's journal, or now where there is none."""
        self.checkpoint.reach = Reach.NONE if self.backwards else Reach.ALL
        if self.migration != _UNKNOWN:
            self._save()
        elif self.is_kept:
            self.checkpoint.delete()

    def _save(self) -> None:
        if self.is_kept:
            self.checkpoint.save()
