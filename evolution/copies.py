"""The tables of one database made again in another one, without their rows."""

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.fingerprints import fingerprint
from evolution.introspection import table_names


def copy_tables(live: BaseDatabaseWrapper, scratch: BaseDatabaseWrapper) -> None:
    """Make the tables of `live` in the empty `scratch`, with keys and indexes by their names.

    Foreign keys come along, which CREATE TABLE LIKE leaves out; on SQLite views and triggers too.
    """
    if live.vendor == "sqlite":
        _copy_sqlite(live, scratch)
        return
    definitions = fingerprint(live, sorted(table_names(live)))
    with scratch.constraint_checks_disabled(), scratch.cursor() as cursor:
        for definition in definitions.values():
            if definition is not None:  # dropped meanwhile
                cursor.execute(definition, None)


def _copy_sqlite(live: BaseDatabaseWrapper, scratch: BaseDatabaseWrapper) -> None:
    with live.cursor() as cursor:
        # Tables first, as indexes, triggers and views need them; what has no SQL makes itself.
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%%' ESCAPE '\\'"
            " ORDER BY type = 'trigger', type = 'view', type = 'index', rowid"
        )
        definitions = cursor.fetchall()
    with scratch.cursor() as cursor:
        for name, definition in definitions:
            cursor.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = %s", [name])
            # The tables behind a virtual table came with it.
            if cursor.fetchone() == (0,):
                cursor.execute(definition, None)
