"""What can be told of statements by their text alone. Pure."""

import re
from collections.abc import Iterator
from typing import Any

import sqlparse

_READS = re.compile(r"\s*(?:SELECT|SHOW|EXPLAIN|DESCRIBE)\b", re.IGNORECASE)
_SILENT = re.compile(r"\s*(?:SET|SAVEPOINT|RELEASE|ROLLBACK|PRAGMA|BEGIN|START|COMMIT|DO)\b", re.IGNORECASE)
_SCHEMA_CHANGE = re.compile(r"\s*(?:CREATE|ALTER|DROP|RENAME|TRUNCATE|OPTIMIZE|REPAIR|LOCK)\b", re.IGNORECASE)
_DEFINES = re.compile(r"(CREATE|ALTER|DROP|RENAME|TRUNCATE|COMMENT|ANALYZE|PRAGMA|SET)\b", re.IGNORECASE)
_SEVERAL = re.compile(
    r"(DROP\s+(TEMPORARY\s+)?(TABLES?|VIEW)|RENAME\s+TABLES?)\b[^;]*,", re.IGNORECASE | re.DOTALL
)
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|'(?:[^'\\]|\\.)*'")

NAME = r"(?:`[^`]+`|\"[^\"]+\"|[\w$]+)"
ALTER_TABLE = re.compile(rf"\s*ALTER\s+(?:ONLINE\s+)?(?:IGNORE\s+)?TABLE\s+({NAME})", re.IGNORECASE)
_TABLE_GONE = re.compile(
    rf"\s*(?:DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?|TRUNCATE\s+(?:TABLE\s+)?)({NAME}(?:\s*,\s*{NAME})*)",
    re.IGNORECASE,
)
_COLUMN_GONE = re.compile(
    r"\bDROP\s+(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?"
    r"(?!(?:COLUMN|IF|INDEX|KEY|FOREIGN|PRIMARY|CONSTRAINT|CHECK|PARTITION|PERIOD|SYSTEM|DEFAULT)\b)"
    rf"({NAME})",
    re.IGNORECASE,
)


def only_reads(sql: str) -> bool:
    """Whether the statement asks and nothing more."""
    return bool(_READS.match(sql))


def is_read(sql: str) -> bool:
    """Whether the statement leaves tables and rows as they are: it asks, or sets something of the session."""
    return bool(_READS.match(sql) or _SILENT.match(sql))


def is_schema_change(sql: str) -> bool:
    """Whether MySQL and MariaDB commit the statement by itself."""
    return bool(_SCHEMA_CHANGE.match(sql))


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


def dropped_in(statement: str) -> list[tuple[str, str]]:
    """What a statement drops: each a table and an empty string, or a table and a column."""
    if match := _TABLE_GONE.match(statement):
        return [(plain(name), "") for name in re.findall(NAME, match[1])]
    if match := ALTER_TABLE.match(statement):
        return [(plain(match[1]), plain(name)) for name in _COLUMN_GONE.findall(statement)]
    return []


def plain(name: str) -> str:
    """A name without its quotes."""
    return name.strip('`"')


def writes_rows(statement: str) -> bool:
    """Whether a statement is about rows, and not about tables."""
    return not _DEFINES.match(statement)


def names_several_tables(statement: str) -> bool:
    """Whether a statement drops or renames more than one table."""
    return bool(_SEVERAL.match(unquoted(statement)))


def unquoted(sql: str) -> str:
    """The statement with an x for each quoted name and text, so that its own words can be looked for."""
    return _QUOTED.sub("x", sql)
