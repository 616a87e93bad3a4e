"""The statements that an operation is going to run, found without running them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from evolution.archive import Archive, archiving
from evolution.deferred import Kept, kept, read_back
from evolution.literals import literal
from evolution.rules.found_out import hidden_schema_change
from evolution.statements import is_schema_change, only_reads

_RENAME = re.compile(r"(?:RENAME TABLE|,) `((?:[^`]|``)+)` TO `((?:[^`]|``)+)`", re.IGNORECASE)


class NotCapturable(Exception):
    """The operation writes to the database behind the schema editor's back."""


class HiddenSchemaChange(Exception):
    """Code in a migration changes the schema by a statement of its own."""

    def __init__(self, sql: str) -> None:
        (problem,) = hidden_schema_change(sql)
        super().__init__(
            f"evolution.E605  {problem.message}\n{problem.hint} Or accept it in the migration file: "
            'accepted = {"evolution.E605": "why this does no harm here"}'
        )


@dataclass(frozen=True)
class Captured:
    """Statements as text, complete, and those that are left for the end of the migration."""

    statements: list[str]
    deferred: list[Kept]


def capture(
    connection: BaseDatabaseWrapper,
    deferred: list[Kept],
    run: Callable[[BaseDatabaseSchemaEditor], None],
    new_columns: frozenset[tuple[str, str]] = frozenset(),
    archive: Archive | None = None,
) -> Captured:
    """What `run` hands to the schema editor that it is given, after `deferred` was left by earlier operations.

    The editor tells by its attribute `new_columns` (table, column) which ones the run has made, as far as is known;
    what is dropped goes to `archive`, if there is one.
    Raises NotCapturable when `run` tries to write by other ways; nothing is written then either.
    """
    editor = _capturing_editor(connection)
    editor.deferred_sql = [read_back(left, editor) for left in deferred]
    editor.new_columns = new_columns
    editor.archive = archive
    with connection.execute_wrapper(_only_reads):
        run(editor)
    return Captured(editor.captured, [kept(left, editor) for left in editor.deferred_sql])


def _only_reads(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
    if not only_reads(str(sql)):
        raise NotCapturable(str(sql))
    return execute(sql, params, many, context)


def _capturing_editor(connection: BaseDatabaseWrapper) -> Any:
    renamed: dict[str, str] = {}  # new name of a table: the name that it still has

    class CapturingEditor(archiving(connection.SchemaEditorClass)):  # type: ignore[misc]
        is_online = True

        def __init__(self) -> None:
            super().__init__(_Seen(connection, renamed), collect_sql=True, atomic=False)
            self.captured: list[str] = []

        def execute(self, sql: Any, params: Any = ()) -> None:
            text = str(sql)
            if params is not None:
                text %= tuple(literal(connection, value) for value in params)
            self.captured.append(text)
            if text.startswith("RENAME TABLE"):
                for old, new in _RENAME.findall(text.replace("``", "`")):
                    renamed[new] = renamed.pop(old, old)

    return CapturingEditor()


class _Seen:
    """The connection, seen as if the tables that were renamed so far had their new names."""

    def __init__(self, connection: BaseDatabaseWrapper, renamed: dict[str, str]) -> None:
        self._connection = connection
        self.introspection = _Introspection(connection.introspection, renamed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _Introspection:
    def __init__(self, introspection: Any, renamed: dict[str, str]) -> None:
        self._introspection = introspection
        self._renamed = renamed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._introspection, name)

    def get_constraints(self, cursor: Any, table: str) -> Any:
        return self._introspection.get_constraints(cursor, self._renamed.get(table, table))

    def get_storage_engine(self, cursor: Any, table: str) -> Any:
        return self._introspection.get_storage_engine(cursor, self._renamed.get(table, table))


@contextmanager
def no_schema_changes(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Refuse schema changes where the database commits each by itself: the journal can't tell how far they came.

    Raises HiddenSchemaChange before the first of them is carried out.
    """

    def around(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if is_schema_change(str(sql)):
            raise HiddenSchemaChange(str(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(around):
        yield
