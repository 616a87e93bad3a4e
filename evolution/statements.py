"""What kind of statement a text is. Pure."""

import re

_READS = re.compile(r"\s*(?:SELECT|SHOW|EXPLAIN|DESCRIBE)\b", re.IGNORECASE)
_SILENT = re.compile(r"\s*(?:SET|SAVEPOINT|RELEASE|ROLLBACK|PRAGMA|BEGIN|START|COMMIT|DO)\b", re.IGNORECASE)
_SCHEMA_CHANGE = re.compile(r"\s*(?:CREATE|ALTER|DROP|RENAME|TRUNCATE|OPTIMIZE|REPAIR|LOCK)\b", re.IGNORECASE)


def only_reads(sql: str) -> bool:
    """Whether the statement asks and nothing more."""
    return bool(_READS.match(sql))


def is_read(sql: str) -> bool:
    """Whether the statement leaves tables and rows as they are: it asks, or sets something of the session."""
    return bool(_READS.match(sql) or _SILENT.match(sql))


def is_schema_change(sql: str) -> bool:
    """Whether MySQL and MariaDB commit the statement by itself."""
    return bool(_SCHEMA_CHANGE.match(sql))
