"""Values as they stand in statements. MySQL and MariaDB."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def literal(connection: BaseDatabaseWrapper, value: Any) -> str:
    """A value as it stands in a statement."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"x'{bytes(value).hex()}'"
    connection.ensure_connection()
    quoted: bytes = connection.connection.literal(value)
    return quoted.decode()
