"""For scripts/bench_upgrade.py: one step of one way, on the database of DATABASE_URL.

`prepare 100000` fills state A; `ours B`, `stock newest`, `alembic A`, `sql B` go there. Printed are the seconds in
which the database was changed. `write 100000` renames groups until it is told to end (SIGTERM), in whichever table
they are, to the names that they have, since `migrate` counts and compares, and prints the longest that one took.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module
from threading import Event
from typing import Any

MYSQL = {
    "B": [
        "RENAME TABLE `group` TO estimation_group",
        "CREATE TABLE user (id int AUTO_INCREMENT PRIMARY KEY, nickname varchar(32) NOT NULL)",
        "INSERT INTO user (id, nickname) VALUES (1, 'default')",
        "ALTER TABLE estimation_group ADD COLUMN user int NOT NULL DEFAULT 1, ALGORITHM=INSTANT",
        "ALTER TABLE estimation_group ALTER COLUMN user DROP DEFAULT, ALGORITHM=INSTANT",
        "SET foreign_key_checks = 0",
        "ALTER TABLE estimation_group ADD CONSTRAINT owner FOREIGN KEY (user) REFERENCES user (id),"
        " ALGORITHM=INPLACE, LOCK=NONE",
        "SET foreign_key_checks = 1",
    ],
    "A": [
        "ALTER TABLE estimation_group DROP FOREIGN KEY owner, DROP KEY owner",
        "ALTER TABLE estimation_group DROP COLUMN user, ALGORITHM=INSTANT",
        "DROP TABLE user",
        "RENAME TABLE estimation_group TO `group`",
    ],
}
SQLITE = {
    "B": [
        "PRAGMA foreign_keys = OFF",
        "BEGIN",
        'ALTER TABLE "group" RENAME TO estimation_group',
        "CREATE TABLE user (id integer PRIMARY KEY AUTOINCREMENT, nickname varchar(32) NOT NULL)",
        "INSERT INTO user (id, nickname) VALUES (1, 'default')",
        "ALTER TABLE estimation_group ADD COLUMN user integer NOT NULL DEFAULT 1 REFERENCES user (id)",
        "CREATE INDEX owner ON estimation_group (user)",
        "COMMIT",
    ],
    "A": [
        "BEGIN",
        "DROP INDEX owner",
        "ALTER TABLE estimation_group DROP COLUMN user",
        "DROP TABLE user",
        'ALTER TABLE estimation_group RENAME TO "group"',
        "COMMIT",
    ],
}
PAUSE = 0.005  # seconds between two writes of a user
ARGUMENTS = {"B": ["groups", "0004"], "newest": [], "A": ["groups", "0001"]}


def timed(work: Callable[[], Any]) -> float:
    """The seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alembic(target: str) -> float:
    """By the script that the Flask version had, as somebody wrote it by hand: it copies the rows, with other ids."""
    sa, flask, flask_migrate, flask_sqlalchemy = map(
        import_module, ("sqlalchemy", "flask", "flask_migrate", "flask_sqlalchemy")
    )
    context, operations = map(import_module, ("alembic.migration", "alembic.operations"))
    app = flask.Flask(__name__)
    url = os.environ["DATABASE_URL"].replace("mysql://", "mysql+mysqldb://")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db = flask_sqlalchemy.SQLAlchemy(app)
    flask_migrate.Migrate(app, db)

    def up(op: Any) -> None:
        op.rename_table("group", "old_group")
        nickname = sa.Column("nickname", sa.String(32), nullable=False)
        op.create_table("user", sa.Column("id", sa.Integer, primary_key=True), nickname)
        op.execute("INSERT INTO user (nickname) VALUES ('default')")
        op.create_table(
            "estimation_group",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(32)),
            sa.Column("user", sa.Integer, sa.ForeignKey("user.id"), nullable=False),
        )
        op.execute(
            "INSERT INTO estimation_group (name, user)"
            " SELECT name, (SELECT id FROM user WHERE nickname = 'default') FROM old_group"
        )
        op.drop_table("old_group")

    def down(op: Any) -> None:
        name = sa.Column("name", sa.String(32))
        op.create_table("group", sa.Column("id", sa.Integer, primary_key=True), name)
        quote = op.get_bind().dialect.identifier_preparer.quote
        op.execute(f"INSERT INTO {quote('group')} (name) SELECT name FROM estimation_group")  # its own tables # nosec B608
        op.drop_table("estimation_group")
        op.drop_table("user")

    def work() -> None:
        with app.app_context(), db.engine.begin() as connection:
            script = up if target == "B" else down
            script(operations.Operations(context.MigrationContext.configure(connection)))

    return timed(work)


def sql(target: str) -> float:
    """By the fewest statements that the database can do it with."""
    connection = _django()
    statements = (SQLITE if connection.vendor == "sqlite" else MYSQL)[target]

    def work() -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    return timed(work)


def migrate(target: str, *, stock: bool) -> float:
    """By `migrate`, this project's or Django's own; its executor's seconds alone."""
    connection = _django()
    from django.core.management import call_command, get_commands
    from django.db.migrations.executor import MigrationExecutor

    seconds: list[float] = []
    inner = MigrationExecutor.migrate

    def outer(*arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        result = inner(*arguments, **options)
        seconds.append(time.perf_counter() - began)
        return result

    MigrationExecutor.migrate = outer  # type: ignore[method-assign]
    options: dict[str, Any] = {"no_backup": True, "rehearsal": False}
    if stock:
        options = {}
        _as_django_comes(connection, get_commands())
    call_command("migrate", *ARGUMENTS[target], verbosity=0, **options)
    return sum(seconds)


def _as_django_comes(connection: Any, commands: dict[str, Any]) -> None:
    """Django's command and schema editor, and the owners as one gives them with it: add, UPDATE, forbid NULL."""
    from django.db import migrations

    commands["migrate"] = "django.core"
    backend = "sqlite3" if connection.vendor == "sqlite" else "mysql"
    connection.SchemaEditorClass = import_module(f"django.db.backends.{backend}.schema").DatabaseSchemaEditor
    required = import_module("groups.migrations.0004_owner_required").Migration
    default_user = import_module("groups.migrations.0003_default_owner").default_user

    def update(apps: Any, _editor: Any) -> None:
        groups = apps.get_model("groups", "Group").objects
        groups.filter(user=None).update(user=default_user(apps, connection.alias))

    (adding,) = required.operations
    optional = adding.field.clone()
    optional.null = True
    required.operations = [
        migrations.AddField("group", "user", optional),
        migrations.RunPython(update, migrations.RunPython.noop),
        migrations.AlterField("group", "user", adding.field),
    ]


def write(rows: int) -> float:
    """Rename groups until SIGTERM, and say when the first one is; the longest that one of them took, in seconds."""
    connection = _django()
    from django.db import DatabaseError

    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    tables = ["group", "estimation_group"]
    longest, written = 0.0, 0
    while not ended.is_set():
        began = time.perf_counter()
        group = random.randint(1, rows)  # any will do # nosec B311
        while not ended.is_set():
            try:
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"UPDATE {connection.ops.quote_name(tables[0])} SET name = %s WHERE id = %s",  # its own table # nosec B608
                        [f"Group {group} é", group],
                    )
                break
            except DatabaseError:  # the table has another name now, or the database is locked
                connection.close()
                tables.reverse()
        longest = max(longest, time.perf_counter() - began)
        written += 1
        if written == 1:
            print("writes", flush=True)
        time.sleep(PAUSE)
    return longest


def _django() -> Any:
    import django

    django.setup()
    from django.db import connection

    return connection


def main() -> None:
    """As the arguments say."""
    what, argument = sys.argv[1:]
    if what == "prepare":
        sys.argv[1:] = ["prepare", "rows", argument]
        import bench_migrate_once  # noqa: F401 - it does what the arguments say
    elif what == "write":
        print(write(int(argument)))
    elif what in ("ours", "stock"):
        print(migrate(argument, stock=what == "stock"))
    else:
        print({"alembic": alembic, "sql": sql}[what](argument))


if __name__ == "__main__":
    main()
