"""What `migrate` does about the foreign keys of a table that the server copies, and about those that are gone since."""

import pytest
from django.db import DatabaseError, connection
from pytest_django import DjangoDbBlocker

from evolution.executor import JournaledExecutor
from evolution.fingerprints import fingerprint
from evolution.foreign_keys import CannotPutBack, keys, put_back
from evolution.tests.holders import PREPARE
from evolution.tests.processes import query, run
from evolution.tests.shelf import Shelf, cut_short

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite rolls a schema change back")


@pytest.fixture
def mariadb(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        if not connection.mysql_is_mariadb:  # type: ignore[attr-defined]
            pytest.skip("MySQL carries a schema change out whole or not at all")


# --- As it was found: killed at an ALTER TABLE that adds one foreign key, the server had dropped the other one

KILLED = "crash.migrate('0011_names', after='ALTER TABLE `library_rack_near` ADD CONSTRAINT `library_rack_near_from')"
FINISH = "crash.migrate('0011_names')"
LOSE = (
    "ALTER TABLE library_rack_near DROP FOREIGN KEY library_rack_near_to_rack_id_fdb4c88d_fk_library_rack_id"
)
NEAR = "SHOW CREATE TABLE library_rack_near"
ORPHAN = """
INSERT INTO library_rack_near (id, from_rack_id, to_rack_id)
SELECT 99, MIN(id), 4711 FROM library_rack
"""


@pytest.fixture
def killed(empty_database: str) -> tuple[str, str]:
    """A database whose server is killed so, and the table as it should be."""
    assert run(empty_database, f"{PREPARE}; crash.runs.migrate_by_django('0010_step_by_step')")[0] == 0
    assert run(empty_database, KILLED)[0] == -9
    whole = query(empty_database, NEAR)
    query(empty_database, LOSE)
    assert query(empty_database, NEAR) != whole
    return empty_database, whole


def test_a_foreign_key_that_a_killed_server_has_lost_is_put_back(mariadb, killed):
    database, whole = killed
    code, _output, errors = run(database, FINISH)
    assert code == 0, errors
    assert (
        query(database, NEAR.replace("rack", "stand")).count("FOREIGN KEY") == whole.count("FOREIGN KEY") == 2
    )


def test_with_rows_that_point_to_nothing_the_key_is_not_put_back_until_they_are_gone(mariadb, killed):
    database, _whole = killed
    query(database, ORPHAN)
    before = query(database, NEAR)
    code, _output, errors = run(database, FINISH)
    assert code == 1
    assert "a row whose to_rack_id is 4711 points to no row of library_rack" in errors
    assert query(database, NEAR) == before
    query(database, "DELETE FROM library_rack_near WHERE id = 99")
    assert run(database, FINISH)[0] == 0


def test_a_table_that_differs_in_more_than_a_lost_key_stops_the_run_and_is_left_alone(mariadb, killed):
    database, _whole = killed
    query(database, "ALTER TABLE library_rack_near MODIFY to_rack_id bigint NULL")
    before = query(database, NEAR)
    code, _output, errors = run(database, FINISH)
    assert code == 1
    assert "neither as before it nor as after it" in errors
    assert query(database, NEAR) == before


def test_the_new_key_is_not_taken_for_a_lost_one(mariadb, killed):
    database, _whole = killed
    query(
        database,
        "ALTER TABLE library_rack_near DROP FOREIGN KEY library_rack_near_from_rack_id_4073c07b_fk_library_rack_id",
    )
    # Now it is as before the statement, but for the lost key: the statement is carried out once more.
    assert run(database, FINISH)[0] == 0
    assert query(database, NEAR.replace("rack", "stand")).count("FOREIGN KEY") == 2


# --- A table that the server has to copy, and that others refer to

BEFORE = """
migrations.AddField("writer", "born", models.IntegerField(default=1775)),
migrations.AddField("book", "writer", models.ForeignKey("shelf.Writer", models.CASCADE, null=True)),
migrations.AddField("book", "editor", models.ForeignKey("shelf.Writer", models.CASCADE, null=True, related_name="+")),
"""
COPY = """migrations.AlterField("writer", "born", models.BigIntegerField(default=1775)),"""


@pytest.fixture
def referred(shelf: Shelf) -> Shelf:
    shelf.write("0002_before", BEFORE)
    shelf.migrate("0002_before")
    shelf.rows("INSERT INTO shelf_writer (id, name, born) VALUES (1, 'Jane', 1775)")
    shelf.rows("INSERT INTO shelf_book (title, writer_id, editor_id) VALUES ('Emma', 1, 1)")
    return shelf


def books(shelf: Shelf) -> list[str]:
    """The definition of the table that refers, its indexes in no particular order."""
    return sorted(str(shelf.rows("SHOW CREATE TABLE shelf_book")[0][1]).replace(",", "").splitlines())


def migrate(shelf: Shelf, *operations: str) -> list[str]:
    """Migrate on over these operations; the statements that begin with ALTER TABLE."""
    if operations:
        shelf.write("0003_next", "\n".join(operations))
    altered = []

    def look(execute, sql, params, many, context):
        if str(sql).startswith("ALTER TABLE"):
            altered.append(str(sql))
        return execute(sql, params, many, context)

    with shelf.wrapper.execute_wrapper(look):
        JournaledExecutor(shelf.wrapper).migrate([("shelf", "0003_next")])
    return altered


def test_nobody_refers_to_a_table_while_it_is_copied_and_afterwards_all_do_again(mariadb, referred):
    before = books(referred)
    instant, in_place, off, _off, change, back, _back = migrate(referred, COPY)
    assert instant == f"{change}, ALGORITHM=INSTANT"
    assert in_place == f"{change}, ALGORITHM=INPLACE, LOCK=NONE"
    assert off.startswith("ALTER TABLE `shelf_book` DROP FOREIGN KEY")
    assert back.startswith("ALTER TABLE `shelf_book` ADD CONSTRAINT")
    assert books(referred) == before


def test_a_change_in_place_leaves_those_who_refer_to_the_table_alone(mariadb, referred):
    assert (
        len(migrate(referred, """migrations.AddField("writer", "died", models.IntegerField(null=True)),"""))
        == 1
    )


def test_cut_short_anywhere_on_the_way_every_key_is_there_at_the_end(referred):
    referred.write("0003_next", COPY)
    before, number = books(referred), 1
    while cut_short(referred, "0003_next", number):
        for later in (2, 3, 5):  # and again in what is done about it
            cut_short(referred, "0003_next", later)
        migrate(referred)
        assert books(referred) == before, f"cut short before statement {number}"
        assert referred.rows("SELECT born FROM shelf_writer") == [(1775,)]
        referred.migrate("0002_before")
        number += 1
    assert number > 5


def test_where_a_row_points_to_nothing_already_the_table_is_not_copied(mariadb, referred):
    referred.rows("SET foreign_key_checks = 0")
    referred.rows("UPDATE shelf_book SET editor_id = 4711")
    referred.rows("SET foreign_key_checks = 1")
    before = books(referred)
    with pytest.raises(CannotPutBack, match="a row whose editor_id is 4711 points to no row of shelf_writer"):
        migrate(referred, COPY)
    assert books(referred) == before
    referred.rows("UPDATE shelf_book SET editor_id = 1")
    migrate(referred)
    assert books(referred) == before


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE shelf_writer MODIFY name int NOT NULL",
        "ALTER TABLE shelf_writer MODIFY id bigint AUTO_INCREMENT",
    ],
    ids=["for its rows", "for the keys"],
)
def test_a_change_that_the_server_refuses_leaves_every_key_and_the_journal_as_they_were(referred, sql):
    before = books(referred)
    writers = referred.rows("SHOW CREATE TABLE shelf_writer")
    with pytest.raises(DatabaseError):
        migrate(referred, f"migrations.RunSQL({sql!r}),")
    assert books(referred) == before
    assert referred.rows("SHOW CREATE TABLE shelf_writer") == writers
    assert referred.rows("SELECT COUNT(*) FROM evolution_statement WHERE closed = 0") == [(0,)]


# --- Keys of every kind

ODD = """
CREATE TABLE `p, a r` (`a 1` int, `b, (2)` int, `s` int, PRIMARY KEY (`a 1`, `b, (2)`), UNIQUE KEY (s),
CONSTRAINT `self, (` FOREIGN KEY (`s`) REFERENCES `p, a r` (`a 1`) ON DELETE SET NULL)
"""
ODD_CHILD = """
CREATE TABLE `c) REFERENCES` (`x'` int, `FOREIGN KEY (` int, CONSTRAINT `k, (` FOREIGN KEY (`x'`, `FOREIGN KEY (`)
REFERENCES `p, a r` (`a 1`, `b, (2)`) ON DELETE CASCADE ON UPDATE CASCADE)
"""


def test_keys_with_names_of_every_kind_are_put_back_as_they_were(mariadb, shelf):
    for sql in (ODD, ODD_CHILD, "INSERT INTO `c) REFERENCES` VALUES (NULL, 7)"):
        shelf.rows(sql)
    before = fingerprint(shelf.wrapper, ["p, a r", "c) REFERENCES"])
    found = keys(shelf.wrapper, before)
    assert len(found) == 2
    for key in found:
        shelf.rows(f"ALTER TABLE {key.table} DROP FOREIGN KEY {key.name}")
    put_back(shelf.wrapper, shelf.rows, found)
    after = fingerprint(shelf.wrapper, list(before))
    assert keys(shelf.wrapper, after) == found
    assert {table: sorted(str(text)) for table, text in after.items()} == {
        table: sorted(str(text)) for table, text in before.items()
    }


def test_a_pair_of_columns_that_points_to_nothing_is_named(mariadb, shelf):
    for sql in (ODD, ODD_CHILD):
        shelf.rows(sql)
    (key,) = keys(shelf.wrapper, fingerprint(shelf.wrapper, ["c) REFERENCES"]))
    shelf.rows(f"ALTER TABLE {key.table} DROP FOREIGN KEY {key.name}")
    shelf.rows("INSERT INTO `c) REFERENCES` VALUES (6, 7)")
    with pytest.raises(
        CannotPutBack, match=r"a row whose x', FOREIGN KEY \( is 6, 7 points to no row of p, a r"
    ):
        put_back(shelf.wrapper, shelf.rows, [key])
