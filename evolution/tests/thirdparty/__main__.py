"""Other people's whole histories through `migrate`, killed at moments that chance chooses, beside Django's own.

    python -m evolution.tests.thirdparty --kills 20 --seed 7

in a virtual environment with requirements.txt, with DATABASE_URL naming an empty database; another one beside it, whose
name ends in `_stock`, is what Django's own `migrate` makes. Exit code 1 where the two differ, or a run did not go on.
"""

import argparse
import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Other people's histories through `migrate`, killed by chance."
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--apart", type=int, default=400, help="moments between two kills, at most")
    parser.add_argument(
        "--seed", type=int, default=None, help="one that was printed, for the same moments again"
    )
    return parser


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, default=repr) + "\n")
    sys.stdout.flush()


def prepare() -> None:
    """A database that is in use already: the users' tables, with somebody in them."""
    from django.core.management import call_command

    call_command("migrate", "auth", verbosity=0)
    from django.contrib.auth.models import User

    # In bulk, as signals reach for tables that are still to come.
    User.objects.bulk_create([User(pk=1000, username="Ada'\" \\ % 🚀")])


def by_django() -> None:
    """All migrations by Django's own command."""
    from django.core.management import call_command, load_command_class

    call_command(load_command_class("django.core", "migrate"), verbosity=0)


def by_us(moments: Any) -> int:
    """All migrations by ours; how many moments there were."""
    from django.core.management import call_command
    from django.db import connection

    from evolution.tests.crash.runs import quick_options

    with moments.of(connection):
        call_command("migrate", *quick_options(), verbosity=0)
    count: int = moments.count
    return count


def kill_and_go_on(options: argparse.Namespace, chance: random.Random) -> int:
    """Kill the run again and again, each time a little further on, then let it end; the last exit code."""
    from evolution.tests.crash.cells import end_saying
    from evolution.tests.crash.children import Say, in_a_child
    from evolution.tests.crash.moments import Moments

    for number in range(1, options.kills + 1):
        last = chance.randint(1, options.apart)

        def run(say: Say, last: int = last) -> None:
            by_us(Moments(last, end=end_saying(say)))

        ended = in_a_child(run)
        say({"kill": number, "at": ended.said, "exit": ended.code})
        if ended.code != -signal.SIGKILL:
            return 0 if ended.code == 0 else 1
    return in_a_child(lambda _say: by_us(Moments())).code


def differences() -> list[str]:
    """In what the two databases differ: their schemas, and how many rows each table has."""
    from django.db import connection

    from evolution.introspection import read_schema
    from evolution.schema import differences, missing_indexes
    from evolution.scratch import connected
    from evolution.tables import without_own

    with connected(connection, name_of_stock()) as stock:
        expected, found = read_schema(stock), read_schema(connection)
        tables = without_own({*expected.tables, *found.tables})
        expected, found = expected.only(tables), found.only(tables)
        lines = differences(expected, found)
        lines += [f"index {index} is missing" for index in missing_indexes(expected, found)]
        for table in sorted(expected.tables.keys() & found.tables.keys()):
            counts = [count_rows(database, table) for database in (stock, connection)]
            if counts[0] != counts[1]:
                lines.append(f"table {table} has {counts[1]} rows, not {counts[0]}")
    say({"tables compared": len(tables)})
    return lines


def count_rows(database: Any, table: str) -> int:
    with database.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM `{table}`")
        return int(cursor.fetchone()[0])


def name_of_stock() -> str:
    from django.db import connection

    return f"{connection.settings_dict['NAME']}_stock"


def make_stock() -> None:
    """Django's own result, in the database beside ours."""
    from django.db import connection

    from evolution.tests.crash.children import in_a_child

    name = name_of_stock()
    if connection.vendor == "sqlite":
        Path(name).unlink(missing_ok=True)
    else:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")

    def work(_say: Any) -> None:
        connection.settings_dict["NAME"] = name
        prepare()
        by_django()

    if code := in_a_child(work).code:
        sys.exit(f"Django's own migrate ended with {code}")


def main() -> None:
    options = parser().parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed
    os.environ["DJANGO_SETTINGS_MODULE"] = "evolution.tests.thirdparty.settings"
    import django

    django.setup()
    from django.db.migrations.loader import MigrationLoader

    from evolution.tests.crash.children import in_a_child

    make_stock()
    in_a_child(lambda _say: prepare())
    code = kill_and_go_on(options, random.Random(seed))
    lines = differences()
    migrations = len(MigrationLoader(None).graph.nodes)
    say({"migrations": migrations, "seed": seed, "exit": code, "differences": lines})
    sys.exit(bool(code or lines))


if __name__ == "__main__":
    main()
