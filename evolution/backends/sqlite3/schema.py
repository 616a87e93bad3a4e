"""Table rebuilds that keep what stands on the table, and never hand out an id twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from django.db import NotSupportedError, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.sqlite3 import schema
from django.db.backends.utils import strip_quotes
from django.db.models import Field, Model
from django.db.utils import OperationalError

from evolution.backends.sqlite3.dependants import (
    CannotLiveOn,
    Dependant,
    find_broken,
    named_in,
    read_dependants,
    users_of_column,
    users_of_table,
)
from evolution.backends.sqlite3.indexes import split_indexes
from evolution.backends.sqlite3.sequence import count_on_from, highest_id

Altered: TypeAlias = "Sequence[tuple[Field[Any, Any], Field[Any, Any]]]"  # before and after


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Django's editor, which rebuilds a table where SQLite cannot alter it (https://www.sqlite.org/lang_altertable.html).

    Django's rebuild loses the table's triggers, the indexes that it does not know and the line in `sqlite_sequence`,
    and fails where a view reads the table. This one keeps them, or stops with CannotLiveOn before anything is
    changed: where one of them needs a column or table that goes, and where a column is there that no model has.

    Where `is_online` is set, a new column that may not be NULL needs no rebuild: it comes with its default, which
    stays, so that an INSERT of a program that does not know the column goes on.
    """

    is_online = (
        False  # whether programs of the release before may be at work meanwhile: in a run of `migrate`
    )
    _adds_column = False

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if error is None:
            super().__exit__(kind, error, traceback)
            return
        # Django looks for broken foreign keys then, too, and says that it can't, and not what the error was.
        BaseDatabaseSchemaEditor.__exit__(self, kind, error, traceback)
        self.connection.enable_constraint_checking()

    def add_field(self, model: type[Model], field: Field[Any, Any]) -> None:
        if not (self.is_online and self._can_be_added(field)):
            super().add_field(model, field)
            return
        self._adds_column = True
        try:
            BaseDatabaseSchemaEditor.add_field(self, model, field)
        finally:
            self._adds_column = False
        if field.remote_field and not self.collect_sql:
            # Here, and not when the editor ends, after which Django leaves the transaction open.
            self.connection.check_constraints([model._meta.db_table])

    def _can_be_added(self, field: Any) -> bool:
        """Whether SQLite can add a field's column with its default, which Django has it build the table anew for."""
        is_plain = field.column and not (field.primary_key or field.unique)
        by_django = field.null or field.has_db_default() or field.generated
        return bool(is_plain and not by_django and self.effective_default(field) is not None)

    def skip_default_on_alter(self, field: Field[Any, Any]) -> bool:
        """Whether the default of a field's column is neither set nor dropped by a statement of its own."""
        return self._adds_column or super().skip_default_on_alter(field)

    def remove_field(self, model: type[Model], field: Field[Any, Any]) -> None:
        if not self.collect_sql and field.db_parameters(self.connection)["type"] is not None:
            self._refuse_users_of_column(model, field.column)
        super().remove_field(model, field)

    def delete_model(self, model: type[Model], handle_autom2m: bool = True) -> None:  # noqa: FBT001, FBT002
        if not handle_autom2m:  # the old table of a rebuild
            super().delete_model(model, handle_autom2m)  # type: ignore[call-arg]
            return
        with self._as_one():
            if not self.collect_sql:
                self._refuse_users_of_table(strip_quotes(model._meta.db_table))
            super().delete_model(model)

    def execute(self, sql: Any, params: Any = ()) -> None:
        """As Django's. Where a view or trigger stands in the way of a schema change, CannotLiveOn names it."""
        try:
            super().execute(sql, params)
        except OperationalError as error:
            if not str(error).startswith("error in "):
                raise
            found = named_in(error, read_dependants(self.connection))
            if found is None:
                raise
            raise CannotLiveOn([found[0]], found[1]) from error

    def _remake_table(
        self,
        model: type[Model],
        create_field: Field[Any, Any] | None = None,
        delete_field: Field[Any, Any] | None = None,
        alter_fields: Altered | None = None,
    ) -> None:
        table, altered = strip_quotes(model._meta.db_table), list(alter_fields or [])
        with self._as_one():
            broken: dict[Dependant, str] = {}
            if not self.collect_sql:
                self._refuse_what_would_go(model, create_field, altered)
                broken = find_broken(self.connection)
            highest = highest_id(self.connection, table)
            self._drop(broken)
            with self._columns_renamed(model, altered):
                found = read_dependants(self.connection)
                kept = split_indexes(self, model, found, altered)[1]
                kept += [dependant for dependant in found if dependant.kind != "index"]
                self._drop(dependant for dependant in kept if dependant.kind != "index")
                super()._remake_table(model, create_field, delete_field, altered)  # type: ignore[misc]
            self._put_back(kept, broken)
            if highest is not None and not self.collect_sql:
                count_on_from(self.connection, table, highest)

    @contextmanager
    def _as_one(self) -> Iterator[None]:
        """All of it or nothing, with foreign keys off: dropping a table deletes the rows of its children."""
        if self.collect_sql:
            yield
            return
        with self.connection.cursor() as cursor:
            on = cursor.execute("PRAGMA foreign_keys").fetchone()[0]
        if not on and not self.connection.get_autocommit():
            yield
            return
        if not self.connection.get_autocommit():
            raise NotSupportedError(
                "SQLite can't switch foreign keys off within a transaction, and dropping a table with them on deletes "
                "the rows that refer to it. Enter the schema editor before the transaction begins."
            )
        self.connection.disable_constraint_checking()
        try:
            with transaction.atomic(using=self.connection.alias):
                yield
                if on:  # or else whoever switched them off looks
                    self.connection.check_constraints()
        finally:
            if on:
                self.connection.enable_constraint_checking()

    # --- What can't be kept

    def _refuse_users_of_table(self, table: str) -> None:
        if all(dependant.kind == "index" for dependant in read_dependants(self.connection)):
            return
        if users := users_of_table(self.connection, table):
            raise CannotLiveOn(users, f"this migration drops the table {table}")

    def _refuse_users_of_column(self, model: type[Model], column: str) -> None:
        table = strip_quotes(model._meta.db_table)
        found = read_dependants(self.connection)
        own, unknown = split_indexes(self, model, found)
        if not unknown and all(dependant.kind == "index" for dependant in found):
            return
        names = {index.name for index in own}  # these go with their column
        users = users_of_column(self.connection, table, column)
        if users := [user for user in users if user.kind != "index" or user.name not in names]:
            raise CannotLiveOn(users, f"this migration removes the column {table}.{column}")

    def _refuse_what_would_go(
        self, model: type[Model], created: Field[Any, Any] | None, altered: Altered
    ) -> None:
        """Columns that the new table does not have, by no wish of the migration's."""
        table = strip_quotes(model._meta.db_table)
        fields = [*model._meta.local_concrete_fields, *(field for pair in altered for field in pair)]
        known = {
            strip_quotes(field.column).casefold()
            for field in [*fields, created]
            if field is not None and field.column
        }
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name FROM pragma_table_xinfo(%s)", [table])
            unknown = [
                f"column {table}.{name}" for (name,) in cursor.fetchall() if name.casefold() not in known
            ]
        # A migration's model has all that the history knows. Who calls the editor with a class knows better than it.
        if unknown and model.__module__ == "__fake__":
            raise CannotLiveOn(
                unknown, "the table has to be built anew for this change, and no model has that column"
            )
        changed = [created, *(new for _old, new in altered)]
        if any(field is not None and field.primary_key for field in changed):
            names = {new.name for _old, new in altered}
            for field in model._meta.local_concrete_fields:
                if field.primary_key and field.auto_created and field.name not in names:
                    self._refuse_users_of_column(model, field.column)

    # --- What stands on the table

    @contextmanager
    def _columns_renamed(self, model: type[Model], altered: Altered) -> Iterator[None]:
        """Rename columns beforehand, so that SQLite rewrites all that mentions them, and in the model meanwhile."""
        renamed = [
            (old, new)
            for old, new in altered
            if old.column != new.column and not (old.generated or new.generated)
        ]
        # By way of a free name, as two columns may change their names with each other.
        names = [
            (old.column, f"evolution_renamed_{number}", new.column)
            for number, (old, new) in enumerate(renamed)
        ]
        for step in (0, 1):
            for steps in names:
                self.execute(
                    f"ALTER TABLE {self.quote_name(model._meta.db_table)} RENAME COLUMN "
                    f"{self.quote_name(steps[step])} TO {self.quote_name(steps[step + 1])}",
                    None,
                )
        fields: list[tuple[Any, str]] = [
            (field, new.column)
            for old, new in renamed
            for field in (old, *model._meta.local_concrete_fields)
            if field.column == old.column
        ]
        before = [(field, field.column) for field, _column in fields]
        for field, column in fields:
            field.column = column
        try:
            yield
        finally:
            for field, column in before:
                field.column = column

    def _drop(self, dependants: Iterable[Dependant]) -> None:
        """Drop triggers, then views: those of a view would go with it."""
        for dependant in sorted(dependants, key=lambda found: found.kind):
            self.execute(f"DROP {dependant.kind.upper()} {self.quote_name(dependant.name)}", None)

    def _put_back(self, dependants: Iterable[Dependant], broken: Iterable[Dependant]) -> None:
        """Make them again and see that they work, but for those that did not work before either."""
        present = {dependant.name for dependant in read_dependants(self.connection)}
        self._make(found for found in dependants if found.kind != "index" or found.name not in present)
        if not self.collect_sql:
            for dependant, reason in find_broken(self.connection).items():
                raise CannotLiveOn([dependant], reason)
        self._make(broken)

    def _make(self, dependants: Iterable[Dependant]) -> None:
        # Views before their triggers; otherwise in the order in which they were made, which is that of firing.
        for dependant in sorted(dependants, key=lambda found: found.kind == "trigger"):
            try:
                self.execute(dependant.sql, None)
            except OperationalError as error:
                raise CannotLiveOn([dependant], str(error)) from error
