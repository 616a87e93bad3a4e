"""The schema editor of an engine that keeps what it drops or narrows, and brings back what was kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from copy import copy
from functools import cache
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Model

from evolution.archive.entries import Archive
from evolution.archive.keeping import keep_column, kept_table, kept_values
from evolution.archive.restoring import restore_column, restore_table, restore_values
from evolution.models import ArchiveEntry

Kind = ArchiveEntry.Kind


@cache
def archiving(editor: type[BaseDatabaseSchemaEditor]) -> type[BaseDatabaseSchemaEditor]:
    """A class derived from the engine's schema editor; where its `archive` is None, it does as that one does."""
    return type("ArchivingEditor", (_Archiving, editor), {})


class _Archiving:
    archive: Archive | None = None
    expands = False  # what `needs_value` is told of the run
    _making: list[type[Model]] | None = None

    def create_model(self, model: type[Model]) -> None:
        if self._making is not None:  # the table of a many-to-many field, whose rows come after the model's
            super().create_model(model)  # type: ignore[misc]
            self._making.append(model)
            return
        self._making = []
        try:
            super().create_model(model)  # type: ignore[misc]
            made = [model, *self._making]
        finally:
            self._making = None
        for one in made:
            if entry := self._kept(Kind.TABLE, one):
                restore_table(self, entry, one)

    def delete_model(self, model: type[Model], *arguments: Any, **options: Any) -> None:
        with kept_table(self, model) if self._is_archiving(model) else nullcontext():
            super().delete_model(model, *arguments, **options)  # type: ignore[misc]

    def add_field(self, model: type[Model], field: Any) -> None:
        entry = self._kept(Kind.COLUMN, model, field.column) if self._has_column(field) else None
        if entry is None:
            super().add_field(model, field)  # type: ignore[misc]
            return
        # Rows would have no value, or all the same one, before theirs is back.
        first = _optional(field) if self._asks_for_values(field) else field
        super().add_field(model, first)  # type: ignore[misc]
        restore_column(self, entry, model, first)
        if first is not field:
            super().alter_field(model, first, field)  # type: ignore[misc]

    def remove_field(self, model: type[Model], field: Any) -> None:
        computed = field.generated or field.primary_key
        if self._is_archiving(model) and self._has_column(field) and not computed:
            keep_column(self, model, field)
        super().remove_field(model, field)  # type: ignore[misc]

    def alter_field(self, model: type[Model], old_field: Any, new_field: Any, strict: bool = False) -> None:  # noqa: FBT001, FBT002
        has_column = self._has_column(old_field) and self._has_column(new_field)
        keeping = (
            kept_values(self, model, old_field, new_field)
            if has_column and self._is_archiving(model)
            else nullcontext()
        )
        with keeping:
            super().alter_field(model, old_field, new_field, strict)  # type: ignore[misc]
        if has_column and (entry := self._kept(Kind.VALUES, model, new_field.column)):
            restore_values(self, entry, model, new_field)

    def _remake_table(self, *arguments: Any, **options: Any) -> None:
        with self._without_archive():  # SQLite's table under construction is made, and the old one dropped
            super()._remake_table(*arguments, **options)  # type: ignore[misc]

    def _alter_many_to_many(self, *arguments: Any, **options: Any) -> None:
        with self._without_archive():  # SQLite copies the rows into a table of the new name
            super()._alter_many_to_many(*arguments, **options)  # type: ignore[misc]

    def _has_column(self, field: Any) -> bool:
        return field.db_parameters(self.connection)["type"] is not None  # type: ignore[attr-defined]

    def _is_archiving(self, model: type[Model]) -> bool:
        return self.archive is not None and model._meta.managed

    def _kept(self, kind: str, model: type[Model], column: str = "") -> ArchiveEntry | None:
        if self.archive is None or not self._is_archiving(model):
            return None
        return self.archive.kept_by_the_other_way(kind, model._meta.db_table, column)

    def _asks_for_values(self, field: Any) -> bool:
        without = not field.null and not field.has_db_default() and self.effective_default(field) is None  # type: ignore[attr-defined]
        return bool(without or field.unique)

    @contextmanager
    def _without_archive(self) -> Iterator[None]:
        archive, self.archive = self.archive, None
        try:
            yield
        finally:
            self.archive = archive


def _optional(field: Any) -> Any:
    """The same field where any row may have NULL, and two the same value."""
    optional = copy(field)  # a clone would have forgotten which model it points to
    optional.null, optional._unique = True, False
    return optional
