"""A scratch database beside a live one: empty, on the same server, gone afterwards."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import OperationalError

from evolution.conf import configuration

ACCESS_DENIED = 1044
MARK = "evolution_scratch"


class ScratchRefused(Exception):
    """The server does not let this user make a scratch database; the message names the missing GRANT."""


@contextmanager
def scratch_database(live: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """A connection, with an alias of its own, to an empty database of the same kind as `live`'s.

    In memory for SQLite; on the same server for MySQL and MariaDB, named `<database>_scratch_<random>`, or the one
    that the setting SCRATCH_DATABASE names. Raises ScratchRefused where the user may not make one.
    """
    if live.vendor == "sqlite":
        with connected(live, ":memory:") as connection:
            yield connection
        return
    if named := configuration().scratch_database:
        with _named(live, named) as connection:
            yield connection
        return
    name = f"{live.settings_dict['NAME']}_scratch_{secrets.token_hex(4)}"
    with _claimed(live, name):
        _create(live, name)
        try:
            with connected(live, name) as connection:
                yield connection
        finally:
            with live.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {live.ops.quote_name(name)}")


def sweep(live: BaseDatabaseWrapper) -> list[str]:
    """Drop the scratch databases whose process died; their names.

    Not on Galera, where another node's process can't be seen to live.
    """
    if live.vendor == "sqlite":
        return []
    with live.cursor() as cursor:
        cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
        if (cursor.fetchone() or ("", "OFF"))[1] == "ON":
            return []
        cursor.execute(
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name REGEXP %s",
            [f"^{re.escape(live.settings_dict['NAME'])}_scratch_[0-9a-f]{{8}}$"],
        )
        gone = []
        for (name,) in cursor.fetchall():
            cursor.execute("SELECT IS_FREE_LOCK(%s)", [name])
            if cursor.fetchone()[0] == 1:
                cursor.execute(f"DROP DATABASE IF EXISTS {live.ops.quote_name(name)}")
                gone.append(str(name))
    return gone


@contextmanager
def _claimed(live: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    """Hold a lock of the server's called `name`: it goes with this process, and tells `sweep` that it lives."""
    with live.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", [name])
        if cursor.fetchone()[0] != 1:
            raise ScratchRefused(
                f"The scratch database {name} is in use by another process. Try again later."
            )
    try:
        yield
    finally:
        with live.cursor() as cursor:
            cursor.execute("DO RELEASE_LOCK(%s)", [name])


@contextmanager
def _named(live: BaseDatabaseWrapper, name: str) -> Iterator[BaseDatabaseWrapper]:
    """The database that the setting names, emptied before and afterwards.

    It must be empty the first time. A table in it then says that what it holds is only ever scratch.
    """
    with _claimed(live, name), connected(live, name) as connection:
        names = set(connection.introspection.table_names())
        if name == live.settings_dict["NAME"] or (names and MARK not in names):
            raise ScratchRefused(
                f"SCRATCH_DATABASE names {name}, which is not empty, and all in it would be lost. Name an empty one."
            )
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {MARK} (id integer PRIMARY KEY)")
        empty_database(connection, kept={MARK})
        try:
            yield connection
        finally:
            empty_database(connection, kept={MARK})


@contextmanager
def connected(live: BaseDatabaseWrapper, name: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection, with an alias of its own, to the database `name` as `live` is connected to its own."""
    alias = f"{live.alias}_scratch_{secrets.token_hex(4)}"
    connections.settings[alias] = live.settings_dict | {"NAME": name}
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]


@contextmanager
def in_place_of(live: BaseDatabaseWrapper, scratch: BaseDatabaseWrapper) -> Iterator[None]:
    """Let whoever asks for `live`'s alias have `scratch`, in this thread.

    For running migrations in a scratch database: a data step that does not say which database it means would
    write to the live one, and routers know the live one's alias only.
    """
    own, alias = scratch.alias, live.alias
    before = connections[alias]  # `live` may be the proxy, which would lead to itself
    connections[alias], scratch.alias = scratch, alias
    try:
        yield
    finally:
        connections[alias], scratch.alias = before, own


def _create(live: BaseDatabaseWrapper, name: str) -> None:
    try:
        with live.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {live.ops.quote_name(name)} {_character_set(live)}")
    except OperationalError as error:
        if error.args[0] != ACCESS_DENIED:
            raise
        pattern = f"{live.settings_dict['NAME']}_scratch_%".replace("_", r"\_")
        raise ScratchRefused(
            f"The database's user may not make a scratch database. Let an administrator run: "
            f"GRANT ALL ON `{pattern}`.* TO '{live.settings_dict['USER']}'@'%';"
        ) from error


def _character_set(live: BaseDatabaseWrapper) -> str:
    """The character set of the settings, in the live database's own collation where it has that set."""
    wanted = live.settings_dict["OPTIONS"].get("charset", "utf8mb4")
    with live.cursor() as cursor:
        cursor.execute("SELECT @@character_set_database, @@collation_database")
        present, collation = cursor.fetchone()
    return f"CHARACTER SET {wanted}" + (f" COLLATE {collation}" if present == wanted else "")


_MORE_QUERIES = {
    "TRIGGER": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
    "VIEW": "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()",
    "PROCEDURE": "SELECT routine_name FROM information_schema.routines"
    " WHERE routine_schema = DATABASE() AND routine_type = 'PROCEDURE'",
    "FUNCTION": "SELECT routine_name FROM information_schema.routines"
    " WHERE routine_schema = DATABASE() AND routine_type = 'FUNCTION'",
}


def more_than_tables(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """The triggers, views and routines of a MySQL or MariaDB database: kind and name."""
    found = []
    with connection.cursor() as cursor:
        for kind, query in _MORE_QUERIES.items():
            cursor.execute(query)
            found += [(kind, str(name)) for (name,) in cursor.fetchall()]
    return found


def empty_database(connection: BaseDatabaseWrapper, kept: set[str]) -> None:
    """Drop all that is in a MySQL or MariaDB database, one statement each, but the tables in `kept`."""
    things = more_than_tables(connection)
    things += [("TABLE", table) for table in sorted(set(connection.introspection.table_names()) - kept)]
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for kind, name in things:
            cursor.execute(f"DROP {kind} IF EXISTS {connection.ops.quote_name(name)}")
