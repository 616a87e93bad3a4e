"""Schema changes in a form that the server carries out fast, and that programs of the release before live with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.mysql import schema
from django.db.models import Field, Model

from evolution.column_defaults import present_default
from evolution.foreign_keys import without_present
from evolution.merging import merged
from evolution.narrowing import narrowing


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Django's editor, with some differences, the first four of them only where `is_online` is set.

    - A column comes without its foreign key, which follows at the end of the migration: together the server would
      build the table anew, one after the other the column is there at once.
    - A new column that may not be NULL keeps its default in the database, so that an INSERT of a program which does
      not know it goes on. Django drops the default at once.
    - A new column of a type without a sign has no check that it is not negative on MySQL, which would copy the table
      for it: the type keeps that by itself.
    - A default in the database stays where NULL is allowed or no longer allowed, and where the column becomes wider:
      MySQL gives a column that is modified no default but what the statement says.
    - A foreign key stays where only NULL is allowed or no longer allowed. Django drops it and makes it again.

    What is left for the end of a migration is merged where it is about one table.
    """

    is_online = (
        False  # whether programs of the release before may be at work meanwhile: in a run of `migrate`
    )
    _adds_column = False
    _keeps_foreign_keys = False

    def add_field(self, model: type[Model], field: Field[Any, Any]) -> None:
        if not self.is_online:
            super().add_field(model, field)
            return
        check = "" if self._keeps_its_check(field) else self.sql_check_constraint
        with self._set(_adds_column=True, sql_check_constraint=check, sql_create_column_inline_fk=None):
            super().add_field(model, field)

    def _keeps_its_check(self, field: Field[Any, Any]) -> bool:
        """Whether the type of a field's column keeps its check by itself, on MySQL."""
        if self.connection.mysql_is_mariadb or not field.column:
            return False
        column = field.db_parameters(self.connection)
        is_unsigned = "UNSIGNED" in (column["type"] or "")
        return is_unsigned and column["check"] == f"{self.quote_name(field.column)} >= 0"

    def skip_default_on_alter(self, field: Field[Any, Any]) -> bool:
        """Whether the default of a field's column is neither set nor dropped by a statement of its own."""
        return (self._adds_column and not field.null) or super().skip_default_on_alter(field)

    def _alter_field(
        self, model: type[Model], old_field: Any, new_field: Any, *arguments: Any, **options: Any
    ) -> None:
        if self._points_to_the_same(old_field, new_field):
            with self._set(_keeps_foreign_keys=True):
                super()._alter_field(model, old_field, new_field, *arguments, **options)  # type: ignore[misc]
        else:
            super()._alter_field(model, old_field, new_field, *arguments, **options)  # type: ignore[misc]

    def _alter_column_null_sql(self, model: type[Model], old_field: Any, new_field: Any) -> Any:
        altered = super()._alter_column_null_sql(model, old_field, new_field)  # type: ignore[misc]
        return altered and self._with_default(altered, model, old_field, new_field)

    def _alter_column_type_sql(
        self, model: type[Model], old_field: Any, new_field: Any, *arguments: Any
    ) -> Any:
        altered, others = super()._alter_column_type_sql(model, old_field, new_field, *arguments)  # type: ignore[misc]
        return self._with_default(altered, model, old_field, new_field), others

    def _with_default(self, altered: Any, model: type[Model], old_field: Any, new_field: Any) -> Any:
        """A change of a column with the default that it has, where its values fit the new form as they are."""
        sql, parameters = altered
        same_kind = old_field.get_internal_type() == new_field.get_internal_type()
        if (
            not self.is_online
            or not same_kind
            or narrowing(old_field, new_field)
            or old_field.has_db_default()
            or new_field.has_db_default()
        ):
            return altered
        default = present_default(self.connection, model._meta.db_table, old_field.column)
        return (f"{sql} DEFAULT {default.replace('%', '%%')}", parameters) if default else altered

    def _constraint_names(self, *arguments: Any, **options: Any) -> list[str]:
        if self._keeps_foreign_keys and options.get("foreign_key"):
            return []
        names: list[str] = super()._constraint_names(*arguments, **options)  # type: ignore[misc]
        return names

    def __exit__(self, *error: Any) -> None:
        left = list(map(str, self.deferred_sql))
        if self.is_online and left and not self.collect_sql and error == (None, None, None):
            left = without_present(self.connection, left)
        self.deferred_sql = merged(left)
        super().__exit__(*error)

    @contextmanager
    def _set(self, **values: Any) -> Iterator[None]:
        """Give attributes of the editor other values for a while."""
        before = {name: getattr(self, name) for name in values}
        vars(self).update(values)
        try:
            yield
        finally:
            vars(self).update(before)

    def _points_to_the_same(self, old: Any, new: Any) -> bool:
        """Whether a field has the same foreign key before and after, on a column of the same kind."""
        if not (old.remote_field and new.remote_field and old.db_constraint and new.db_constraint):
            return False
        return bool(self._reference(old) == self._reference(new))

    def _reference(self, field: Any) -> tuple[Any, ...]:
        target = field.target_field
        column = (field.column, field.db_parameters(self.connection), field.unique)
        return *column, target.model._meta.db_table, target.column
