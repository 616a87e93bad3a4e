"""Which of a table's indexes are Django's own, under whatever name, and which were made by hand."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.backends.utils import strip_quotes
from django.db.models import Model

from evolution.backends.sqlite3.dependants import Dependant

_HEAD = re.compile(
    r'CREATE\s+(?P<unique>UNIQUE\s+)?INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>"(?:[^"]|"")*"|\S+)\s+ON\s+',
    re.IGNORECASE,
)
# Django ends the names that it thinks of itself in a digest, and those of unique ones in _uniq after it.
_DJANGOS = re.compile(r"_[0-9a-f]{8}(_uniq|_idx)?$")


def split_indexes(
    editor: Any, model: type[Model], dependants: Sequence[Dependant], altered: Iterable[tuple[Any, Any]] = ()
) -> tuple[list[Dependant], list[Dependant]]:
    """The indexes of the model's table: those that Django would make for it and its `altered` fields, and all others.

    After a table or a column was renamed, Django's own go on under their old names: what they index tells.
    """
    table = strip_quotes(model._meta.db_table)
    unknown = [found for found in dependants if found.kind == "index" and found.belongs_to(table)]
    own: list[Dependant] = []
    if not unknown:
        return own, unknown
    wanted = _wanted(editor, model, altered)
    for by_name in (True, False):  # a name that fits wins
        for sql in list(wanted):
            alike = [
                found
                for found in unknown
                if _shape(found.sql) == _shape(sql) and (not by_name or _name(sql) == found.name)
            ]
            if alike:
                chosen = min(alike, key=lambda found: not _DJANGOS.search(found.name))
                own.append(chosen)
                unknown.remove(chosen)
                wanted.remove(sql)
    return own, unknown


def _wanted(editor: Any, model: type[Model], altered: Iterable[tuple[Any, Any]]) -> list[str]:
    collecting = type(editor)(editor.connection, collect_sql=True)
    collecting.deferred_sql = []  # as entering it would
    collecting.table_sql(model)  # leaves those that are unique for the end
    wanted = [*collecting.deferred_sql, *collecting._model_indexes_sql(model)]
    for old, new in altered:
        # Whoever calls the editor by hand may have taken them from another model.
        wanted += collecting._field_indexes_sql(model, old)
        if old.unique and not new.unique:  # it is not to be unique any more, whatever makes it so
            wanted.append(collecting._create_unique_sql(model, [old]))
    return list(dict.fromkeys(map(str, wanted)))


def _shape(sql: str) -> tuple[bool, str]:
    """Whether a CREATE INDEX is unique, and what it says from the table on."""
    head = _HEAD.match(sql)
    return (bool(head and head["unique"]), " ".join(sql[head.end() :].split()) if head else sql)


def _name(sql: str) -> str:
    head = _HEAD.match(sql)
    return head["name"].strip('"').replace('""', '"') if head else ""
