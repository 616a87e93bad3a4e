"""Queries whose SQL is written once.

Django writes the SQL of a query anew each time, which takes several times as long as to read a row by it. What every
request asks, and every change in a room, is asked by the text that Django wrote for the first one.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators  # type: ignore[attr-defined]  # not in the stubs

M = TypeVar("M", bound=Model)
Value = int | str | datetime
MAX_INTEGER = 2**63 - 1  # that a database can compare


class CompiledQuery(Generic[M]):
    """Finds an object by the values of a key, with the relations that the query selects.

    `query` makes the query of such values and of no others; `examples` are one for each, all different.
    """

    def __init__(self, query: Callable[..., QuerySet[M]], *examples: Value) -> None:
        self._query, self._examples = query, examples
        self._of_thread = threading.local()  # as Django's connections are

    def get(self, *values: Value) -> M:
        """As `find`. Raises the model's DoesNotExist."""
        return self.find(*values) or self._query(*self._examples).none().get()  # which says it

    def find(self, *values: Value) -> M | None:
        """The object whose key has the values, or None. An integer that no column can hold is in no key.

        Raises ValueError where the query can't be asked with other values than the examples.
        """
        if _are_too_large(values):
            return None
        compiled: _Objects[M] | None = getattr(self._of_thread, "compiled", None)
        if compiled is None or not compiled.is_current:
            compiled = self._of_thread.compiled = _Objects(self._query(*self._examples), self._examples)
        return compiled.find(values)


class CompiledRows:
    """Reads the rows of a query's `values_list`, in the same way.

    `constants` are the values in the query that are always the same, different from each other and from the examples;
    flags need not be named.
    """

    def __init__(
        self, query: Callable[..., QuerySet[Any, Any]], *examples: Value, constants: tuple[Value, ...] = ()
    ) -> None:
        self._query, self._examples, self._constants = query, examples, constants
        self._of_thread = threading.local()

    def read(self, *values: Value) -> Sequence[tuple[Any, ...]]:
        """All rows for the values; none where one is an integer that no column can hold. Raises as `find`."""
        if _are_too_large(values):
            return ()
        compiled: _Compiled | None = getattr(self._of_thread, "compiled", None)
        if compiled is None or not compiled.is_current:
            query = self._query(*self._examples)
            compiled = self._of_thread.compiled = _Compiled(query, self._examples, self._constants)
        return [tuple(row) for row in compiled.rows(values)]


def _are_too_large(values: tuple[Value, ...]) -> bool:
    return any(isinstance(value, int) and abs(value) > MAX_INTEGER for value in values)


class _Compiled:
    """The SQL for one connection."""

    def __init__(
        self, queryset: QuerySet[Any, Any], examples: tuple[Value, ...], constants: tuple[Value, ...] = ()
    ) -> None:
        self.connection: BaseDatabaseWrapper = connections[queryset.db]
        self.compiler = queryset.query.get_compiler(connection=self.connection)
        self._sql, params = self.compiler.as_sql()
        given = self._adapted(examples)
        expected = [*given, *constants]
        # Some engines write a condition on a flag as a comparison with True, which is equal to 1.
        values = [param for param in params if not isinstance(param, bool)]
        if len(values) != len(expected) or any(values.count(value) != 1 for value in expected):
            raise ValueError(f"{expected} are not what the query was given, each once: {params}")
        self._params = [
            (given.index(param) if param in given and not isinstance(param, bool) else None, param)
            for param in params
        ]
        self._converters = self.compiler.get_converters([column for column, *_sql in self.compiler.select])

    @property
    def is_current(self) -> bool:
        """Within an event loop Django has a connection for each context, so that one thread may have several."""
        return connections[self.connection.alias] is self.connection

    def rows(self, values: tuple[Value, ...]) -> Iterable[Sequence[Any]]:
        given = self._adapted(values)
        with self.connection.cursor() as cursor:
            cursor.execute(
                self._sql, [param if place is None else given[place] for place, param in self._params]
            )
            found: Sequence[Sequence[Any]] = cursor.fetchall()
        if not self._converters:
            return found
        converted: Iterable[Sequence[Any]] = self.compiler.apply_converters(found, self._converters)
        return converted

    def _adapted(self, values: tuple[Value, ...]) -> list[Any]:
        """As Django gives them to the database."""
        adapt = self.connection.ops.adapt_datetimefield_value
        return [adapt(value) if isinstance(value, datetime) else value for value in values]


class _Objects(_Compiled, Generic[M]):
    """And how Django makes objects of a row of its answer."""

    def __init__(self, queryset: QuerySet[M], examples: tuple[Value, ...]) -> None:
        super().__init__(queryset, examples)
        # As django.db.models.query.ModelIterable does it.
        info: Any = self.compiler.klass_info
        select = self.compiler.select
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self._model, self._columns = info["model"], slice(first, last)
        self._fields = [column.target.attname for column in map(itemgetter(0), select[self._columns])]
        self._populators = get_related_populators(info, select, queryset.db)

    def find(self, values: tuple[Value, ...]) -> M | None:
        for row in self.rows(values):
            made: M = self._model.from_db(self.connection.alias, self._fields, row[self._columns])
            for populator in self._populators:
                populator.populate(row, made)
            return made
        return None
