"""Queries whose SQL is written once.

Django writes the SQL of a query anew each time, which takes several times as long as to read a row by it. What every
request asks is asked by the text that Django wrote for the first one.
"""

import threading
from collections.abc import Callable
from operator import itemgetter
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators  # type: ignore[attr-defined]  # not in the stubs

M = TypeVar("M", bound=Model)
MAX_INTEGER = 2**63 - 1  # that a database can compare


class CompiledQuery(Generic[M]):
    """Finds an object by the values of a key, with the relations that the query selects.

    `query` makes the query of such values and of no others; `examples` are one for each, all different.
    """

    def __init__(self, query: Callable[..., QuerySet[M]], *examples: int | str) -> None:
        self._query, self._examples = query, examples
        self._of_thread = threading.local()  # as Django's connections are

    def get(self, *values: int | str) -> M:
        """As `find`. Raises the model's DoesNotExist."""
        return self.find(*values) or self._query(*self._examples).none().get()  # which says it

    def find(self, *values: int | str) -> M | None:
        """The object whose key has the values, or None. An integer that no column can hold is in no key.

        Raises ValueError where the query can't be asked with other values than the examples.
        """
        if any(isinstance(value, int) and abs(value) > MAX_INTEGER for value in values):
            return None
        compiled: _Compiled[M] | None = getattr(self._of_thread, "compiled", None)
        if compiled is None or not compiled.is_current:
            compiled = self._of_thread.compiled = _Compiled(self._query(*self._examples), self._examples)
        return compiled.find(values)


class _Compiled(Generic[M]):
    """The SQL for one connection, and how Django makes objects of a row of its answer."""

    def __init__(self, queryset: QuerySet[M], examples: tuple[int | str, ...]) -> None:
        self._connection: BaseDatabaseWrapper = connections[queryset.db]
        self._compiler = queryset.query.get_compiler(connection=self._connection)
        self._sql, params = self._compiler.as_sql()
        if len(params) != len(examples) or any(params.count(example) != 1 for example in examples):
            raise ValueError(f"{examples} are not what the query was given, each once: {params}")
        self._places = [examples.index(param) for param in params]
        # As django.db.models.query.ModelIterable does it.
        info: Any = self._compiler.klass_info
        select = self._compiler.select
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self._model, self._columns = info["model"], slice(first, last)
        self._fields = [column.target.attname for column in map(itemgetter(0), select[self._columns])]
        self._converters = self._compiler.get_converters([column for column, *_sql in select])
        self._populators = get_related_populators(info, select, queryset.db)

    @property
    def is_current(self) -> bool:
        """Within an event loop Django has a connection for each context, so that one thread may have several."""
        return connections[self._connection.alias] is self._connection

    def find(self, values: tuple[int | str, ...]) -> M | None:
        with self._connection.cursor() as cursor:
            cursor.execute(self._sql, [values[place] for place in self._places])
            found = cursor.fetchall()
        for row in self._compiler.apply_converters(found, self._converters):
            made: M = self._model.from_db(self._connection.alias, self._fields, row[self._columns])
            for populator in self._populators:
                populator.populate(row, made)
            return made
        return None
