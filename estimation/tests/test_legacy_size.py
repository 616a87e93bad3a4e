"""A Flask database with very many groups: nothing is lost, and memory does not grow with the rows.

`make sizetest` takes 100,000 of them.
"""

import os

from pytest_django import DjangoDbBlocker

from estimation.tests.legacy import Database, database_of_its_own

MANY = int(os.environ.get("MANY_GROUPS", "20000"))
MEBIBYTE = 1024 * 1024
# SQLite keeps two megabytes of pages for each connection, and there are three: the database, its copy, the backup.
ROOM = {"sqlite": 8 * MEBIBYTE, "mysql": 2 * MEBIBYTE}
FINGERPRINT = "SELECT COUNT(*), MIN(id), MAX(id), SUM(id * LENGTH(HEX(name))) FROM `{}`"


def fill(database: Database, count: int) -> None:
    """Put `count` groups with names of different lengths and gaps between their ids into state A."""
    with database.wrapper.cursor() as cursor:
        cursor.execute("DELETE FROM `group`")
        for start in range(0, count, 10_000):
            cursor.executemany(
                "INSERT INTO `group` (id, name) VALUES (%s, %s)",
                [
                    (3 * n + 1, f"Team {n} " + "é" * (n % 17))
                    for n in range(start, min(start + 10_000, count))
                ],
            )


def memory_up(database: Database, count: int) -> int:
    """Take a database with `count` groups from state A to the newest one; the peak memory of the owner's step."""
    database.load("a")
    fill(database, count)
    database.managed("adopt")
    database.managed("migrate", "groups", "0003")
    peak = database.peak_memory("migrate", "groups", "0004")
    return max(peak, database.peak_memory("migrate"))


def memory_down(database: Database) -> int:
    """Take it back to state A; the peak memory."""
    return database.peak_memory("migrate", "groups", "0001")


def test_very_many_groups_go_up_down_and_up_in_memory_that_does_not_grow(
    tmp_path, django_db_blocker: DjangoDbBlocker
):
    small = tmp_path / "small"
    small.mkdir()
    with (
        django_db_blocker.unblock(),
        database_of_its_own(tmp_path) as many,
        database_of_its_own(small) as few,
    ):
        up = memory_up(many, MANY)
        fingerprint = many.rows(FINGERPRINT.format("estimation_group"))
        assert fingerprint[0][:3] == (MANY, 1, 3 * MANY - 2)
        assert many.rows("SELECT COUNT(*) FROM estimation_group WHERE `user` = 1") == [(MANY,)]
        down = memory_down(many)
        assert many.rows(FINGERPRINT.format("group")) == fingerprint
        many.managed("migrate")
        assert many.rows(FINGERPRINT.format("estimation_group")) == fingerprint
        growth = {"up": up - memory_up(few, 100), "down": down - memory_down(few)}
        room = ROOM[few.wrapper.vendor]
    assert max(growth.values()) < room, growth
