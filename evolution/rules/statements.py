"""Statements that are written out in `RunSQL`: what can be told of them without a database."""

import re
from collections.abc import Iterator
from typing import Any

import sqlparse

_DEFINES = re.compile(r"(CREATE|ALTER|DROP|RENAME|TRUNCATE|COMMENT|ANALYZE|PRAGMA|SET)\b", re.IGNORECASE)
_SEVERAL = re.compile(
    r"(DROP\s+(TEMPORARY\s+)?(TABLES?|VIEW)|RENAME\s+TABLES?)\b[^;]*,", re.IGNORECASE | re.DOTALL
)
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|'[^']*'")


def statements_in(sql: Any) -> list[str]:
    """The statements of a `RunSQL`, without comments. `sql` is what the operation takes: text, or a list."""
    return list(_statements(sql))


def _statements(sql: Any) -> Iterator[str]:
    texts = (
        [sql] if isinstance(sql, str) else [text if isinstance(text, str) else text[0] for text in sql or ()]
    )
    for text in texts:
        for statement in sqlparse.split(sqlparse.format(text, strip_comments=True)):
            if statement.strip(" \n\t;"):
                yield statement.strip()


def writes_rows(statement: str) -> bool:
    """Whether a statement is about rows, and not about tables."""
    return not _DEFINES.match(statement)


def names_several_tables(statement: str) -> bool:
    """Whether a statement drops or renames more than one table."""
    return bool(_SEVERAL.match(_QUOTED.sub("x", statement)))
