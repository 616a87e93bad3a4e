"""Databases of the Flask version: taken over, brought up to date, taken back, and not one value lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from pytest_django import DjangoDbBlocker

from estimation.tests.legacy import Database, database_of_its_own

GROUPS_IN_A = "SELECT id, HEX(name) FROM `group` ORDER BY id"
GROUPS = "SELECT id, HEX(name) FROM estimation_group ORDER BY id"
OWNERS = "SELECT g.id, u.id, u.nickname FROM estimation_group g LEFT JOIN {} u ON u.id = g.user ORDER BY g.id"
NAMES_TO_KEEP = [
    None,
    "",
    " both ends ",
    'O\'Reilly "x" `y` \\ %s %d',
    "<b>bold</b>",
    "\t",
    "🚀" * 32,
    "é",
    "e\u0301",
]


@pytest.fixture
def database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Database]:
    with django_db_blocker.unblock(), database_of_its_own(tmp_path) as own:
        yield own


@pytest.fixture
def flask_a(database: Database) -> Database:
    database.load("a")
    return database


@pytest.fixture
def flask_b(database: Database) -> Database:
    """State B in which groups 2 and 4 have owners of their own."""
    database.load("b")
    database.execute_script(
        "INSERT INTO `user` (id, nickname) VALUES (7, 'Zoë'), (9, 'zoë ');\n"
        "UPDATE estimation_group SET `user` = 7 WHERE id = 2;\n"
        "UPDATE estimation_group SET `user` = 9 WHERE id = 4;\n"
    )
    return database


def insert(database: Database, sql: str, *parameters: Any) -> int:
    """Insert a row; the id it was given."""
    with database.wrapper.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.lastrowid)


# --- State A


def test_state_a_is_adopted_and_every_group_keeps_its_id_and_its_name_and_gets_an_owner(flask_a):
    before = flask_a.rows(GROUPS_IN_A)
    assert "Recorded as applied: groups.0001_initial" in flask_a.managed("adopt")
    flask_a.migrated()
    assert len(before) == 35
    assert flask_a.rows(GROUPS) == before
    assert {owner for _group, _id, owner in flask_a.rows(OWNERS.format("estimation_user"))} == {"default"}
    assert flask_a.rows("SELECT COUNT(*) FROM estimation_user") == [(1,)]


def test_state_a_comes_back_as_it_was_and_goes_up_again(flask_a):
    before, schema = flask_a.rows(GROUPS_IN_A), table(flask_a, "group")
    flask_a.managed("adopt")
    flask_a.managed("migrate")
    flask_a.managed("migrate", "groups", "0001")
    flask_a.managed("migrate", "users", "zero")
    assert flask_a.rows(GROUPS_IN_A) == before
    assert table(flask_a, "group") == schema
    assert "user" not in tables(flask_a)
    flask_a.managed("migrate")
    assert flask_a.rows(GROUPS) == before


def test_names_of_every_kind_go_up_and_down_byte_for_byte(flask_a):
    for name in NAMES_TO_KEEP:
        insert(flask_a, "INSERT INTO `group` (name) VALUES (%s)", name)
    before = flask_a.rows(GROUPS_IN_A)
    flask_a.managed("adopt")
    flask_a.migrated()
    assert flask_a.rows(GROUPS) == before
    flask_a.migrated("groups", "0001")
    assert flask_a.rows(GROUPS_IN_A) == before


def test_the_id_of_a_deleted_group_is_not_given_again_going_up_or_down(flask_a):
    flask_a.managed("adopt")
    flask_a.migrated()
    add = (
        "INSERT INTO estimation_group (name, `user`, invite_generation, deck)"
        " SELECT '{}', MIN(id), 0, '1 2 3' FROM estimation_user"
    )
    last = insert(flask_a, add.format("last"))
    flask_a.rows("DELETE FROM estimation_group WHERE id > 50")
    flask_a.migrated("groups", "0001")
    down = insert(flask_a, "INSERT INTO `group` (name) VALUES ('after going down')")
    flask_a.rows("DELETE FROM `group`")
    flask_a.migrated()
    up = insert(flask_a, add.format("after going up"))
    assert last < down < up


def test_an_a_without_groups_gets_no_placeholder(flask_a):
    flask_a.rows("DELETE FROM `group`")
    flask_a.managed("adopt")
    flask_a.migrated()
    assert flask_a.rows("SELECT COUNT(*) FROM estimation_user") == [(0,)]
    flask_a.migrated("groups", "0001")
    assert flask_a.rows(GROUPS_IN_A) == []


def test_an_a_with_one_group_gets_one_placeholder_who_is_the_same_after_going_down_and_up(flask_a):
    flask_a.rows("DELETE FROM `group` WHERE id <> 26")
    flask_a.managed("adopt")
    flask_a.migrated()
    owners = flask_a.rows(OWNERS.format("estimation_user"))
    flask_a.migrated("groups", "0001")
    flask_a.migrated()
    assert flask_a.rows(OWNERS.format("estimation_user")) == owners == [(26, 1, "default")]


def test_ids_that_are_zero_or_negative_get_an_owner_too(flask_a):
    with flask_a.wrapper.cursor() as cursor:
        if not flask_a.is_sqlite:
            cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')")
        cursor.execute("INSERT INTO `group` (id, name) VALUES (0, 'zero'), (-5, 'minus five')")
    flask_a.managed("adopt")
    flask_a.migrated()
    assert flask_a.rows("SELECT id FROM estimation_group WHERE id <= 0 ORDER BY id") == [(-5,), (0,)]


def test_the_placeholder_can_never_sign_in(flask_a):
    flask_a.managed("adopt")
    flask_a.migrated()
    ((password, email, active),) = flask_a.rows("SELECT password, email, is_active FROM estimation_user")
    assert (password[0], email, bool(active)) == ("!", None, False)
    with pytest.raises(Exception, match="user_default_never_active"):
        flask_a.rows("UPDATE estimation_user SET is_active = 1")


def test_a_run_of_the_flask_upgrade_that_failed_half_way_is_adopted_too(flask_a):
    kind = "INTEGER" if flask_a.is_sqlite else "INTEGER AUTO_INCREMENT"
    flask_a.rows(f"CREATE TABLE `user` (id {kind} NOT NULL, nickname VARCHAR(32) NOT NULL, PRIMARY KEY (id))")
    flask_a.rows("INSERT INTO `user` (nickname) VALUES ('default')")
    before = flask_a.rows(GROUPS_IN_A)
    assert "The schema is that of groups.0001_initial, users.0001_initial." in flask_a.managed("adopt")
    flask_a.managed("migrate")
    assert flask_a.rows(GROUPS) == before
    assert flask_a.rows("SELECT nickname FROM estimation_user") == [("default",)]


def test_fake_initial_takes_over_state_a(flask_a):
    before = flask_a.rows(GROUPS_IN_A)
    flask_a.migrated("--fake-initial")
    assert flask_a.rows(GROUPS) == before


# --- State B


def test_state_b_is_adopted_and_every_group_keeps_its_owner(flask_b):
    groups, owners = flask_b.rows(GROUPS), flask_b.rows(OWNERS.format("`user`"))
    assert "Recorded as applied: groups.0004_owner_required" in flask_b.managed("adopt")
    flask_b.migrated()
    assert flask_b.rows(GROUPS) == groups
    assert flask_b.rows(OWNERS.format("estimation_user")) == owners
    assert {owner for _group, _id, owner in owners} == {"default", "Zoë", "zoë "}


def test_in_state_b_everyone_who_owns_a_group_but_the_placeholder_becomes_a_member_of_it(flask_b):
    flask_b.managed("adopt")
    flask_b.migrated()
    seats = flask_b.rows("SELECT group_id, user_id, nickname, role FROM groups_membership ORDER BY group_id")
    assert seats == [(2, 7, "Zoë", "facilitator"), (4, 9, "zoë ", "facilitator")]


def test_state_b_goes_down_to_a_and_up_again(flask_b):
    groups = flask_b.rows(GROUPS)
    owners = flask_b.rows(OWNERS.format("user"))
    flask_b.managed("adopt")
    flask_b.managed("migrate")
    flask_b.managed("migrate", "groups", "0001")
    assert flask_b.rows(GROUPS_IN_A) == groups
    flask_b.managed("migrate", "users", "zero")
    assert flask_b.rows(GROUPS_IN_A) == groups
    flask_b.managed("migrate")
    assert flask_b.rows(GROUPS) == groups
    assert flask_b.rows(OWNERS.format("estimation_user")) == owners


def test_state_b_comes_back_with_its_owners_when_going_down_only_to_b(flask_b):
    owners, before = flask_b.rows(OWNERS.format("`user`")), table(flask_b, "estimation_group")
    flask_b.managed("adopt")
    flask_b.migrated()
    flask_b.migrated("groups", "0004")
    flask_b.migrated("users", "0001")
    assert flask_b.rows(OWNERS.format("`user`")) == owners
    assert table(flask_b, "estimation_group").columns == before.columns


def test_fake_initial_is_refused_at_state_b_before_anything_is_made(flask_b):
    before = tables(flask_b)
    answer = flask_b.manage("migrate", "--fake-initial")
    assert answer.returncode == 1
    assert "manage.py adopt" in answer.stderr
    assert tables(flask_b) == before


# --- Releases side by side


def test_expanding_leaves_nothing_out_but_the_contract_step_and_the_newest_release_works_with_it(flask_a):
    flask_a.managed("adopt")
    said = flask_a.migrated("--expand")
    assert "Left for later: the contract step groups.0010_nothing_left_for_earlier_releases. When" in said
    assert flask_a.managed("showmigrations", "--plan").count("[ ]") == 1
    assert "Applying groups.0010_nothing_left_for_earlier_releases" in flask_a.migrated()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite would build the table anew for a default")
def test_the_program_of_state_b_adds_groups_until_the_contract_step(flask_b):
    flask_b.managed("adopt")
    flask_b.migrated("--expand")
    added = insert(flask_b, "INSERT INTO estimation_group (name, `user`) VALUES ('New', 7)")
    deck = "SELECT deck, invite_generation FROM estimation_group WHERE id = {}"
    assert flask_b.rows(deck.format(added)) == flask_b.rows(deck.format(2))
    flask_b.migrated()
    with pytest.raises(DatabaseError):
        insert(flask_b, "INSERT INTO estimation_group (name, `user`) VALUES ('Newer', 7)")


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite would build the table anew for a default")
@pytest.mark.parametrize("migration", ["0004", "0009"])
def test_a_group_that_is_added_without_an_owner_has_the_placeholder_until_the_contract_step(
    flask_a, migration
):
    flask_a.managed("adopt")
    flask_a.migrated("groups", migration)
    added = insert(flask_a, "INSERT INTO estimation_group (name) VALUES ('New')")
    ((owner,),) = flask_a.rows(f"SELECT `user` FROM estimation_group WHERE id = {added}")
    assert [owner] == [one for (one,) in flask_a.rows("SELECT DISTINCT `user` FROM estimation_group")]
    flask_a.migrated()
    assert flask_a.rows(f"SELECT `user` FROM estimation_group WHERE id = {added}") == [(owner,)]


# --- Adoption


@pytest.mark.parametrize("state", ["a", "b"])
def test_a_plain_migrate_stops_before_its_first_statement_and_says_to_adopt(database, state):
    database.load(state)
    before = tables(database)
    answer = database.manage("migrate")
    assert answer.returncode == 1
    assert "manage.py adopt" in answer.stderr
    assert tables(database) == before


def test_alembics_own_table_is_left_alone(flask_a):
    flask_a.managed("adopt")
    flask_a.migrated()
    assert flask_a.rows("SELECT version_num FROM alembic_version") == [("49a6919d397b",)]


def test_adoption_does_not_believe_alembics_table(flask_a):
    flask_a.rows("UPDATE alembic_version SET version_num = '0002'")
    assert "The schema is that of groups.0001_initial." in flask_a.managed("adopt")


def test_a_dry_run_of_adopt_says_the_state_and_writes_nothing(flask_b):
    before = tables(flask_b)
    assert "groups.0004_owner_required, users.0001_initial" in flask_b.managed("adopt", "--dry-run")
    assert tables(flask_b) == before


def test_adopting_twice_changes_nothing(flask_a):
    flask_a.managed("adopt")
    recorded = flask_a.rows("SELECT app, name FROM django_migrations")
    assert "nothing to adopt" in flask_a.managed("adopt")
    assert flask_a.rows("SELECT app, name FROM django_migrations") == recorded


def test_an_empty_database_needs_no_adoption(database):
    assert "manage.py migrate" in database.managed("adopt")
    assert tables(database) == set()


def test_adopt_makes_the_index_that_the_flask_version_had_only_on_mysql(flask_b):
    flask_b.managed("adopt")
    assert ("user",) in table(flask_b, "estimation_group").indexes


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("ALTER TABLE `group` ADD COLUMN colour varchar(7) NULL", "column colour"),
        ("ALTER TABLE `group` RENAME COLUMN name TO title", "column name"),
        ("CREATE UNIQUE INDEX twice ON `group` (id, name)", "unique (id, name) should not be there"),
        (
            "CREATE TRIGGER watch AFTER DELETE ON `group` FOR EACH ROW {noop}",
            "trigger watch should not be there",
        ),
    ],
)
def test_a_database_in_no_known_state_is_refused_with_the_difference_and_nothing_is_written(
    flask_a, change, difference
):
    noop = "BEGIN SELECT 1; END" if flask_a.is_sqlite else "SET @x = 1"
    flask_a.rows(change.format(noop=noop))
    before = tables(flask_a)
    answer = flask_a.manage("adopt")
    assert answer.returncode == 1
    assert difference in answer.stderr
    assert "nothing was written" in answer.stderr
    assert tables(flask_a) == before


def test_a_wider_name_and_a_key_that_deletes_groups_are_told_as_differences(flask_b):
    if flask_b.is_sqlite:
        flask_b.execute_script(
            "DROP TABLE estimation_group;\n"
            "CREATE TABLE estimation_group (id INTEGER PRIMARY KEY, name VARCHAR(64), user INTEGER NOT NULL"
            " REFERENCES user (id) ON DELETE CASCADE);\n"
        )
    else:
        flask_b.execute_script(
            "ALTER TABLE estimation_group MODIFY name varchar(64), DROP FOREIGN KEY estimation_group_ibfk_1;\n"
            "ALTER TABLE estimation_group ADD FOREIGN KEY (`user`) REFERENCES `user` (id) ON DELETE CASCADE;\n"
        )
    answer = flask_b.manage("adopt")
    assert "column name is varchar(64)" in answer.stderr
    assert "ON DELETE CASCADE ON UPDATE RESTRICT should not be there" in answer.stderr


def test_a_table_without_every_character_or_without_transactions_is_refused(flask_a):
    if flask_a.is_sqlite:
        pytest.skip("SQLite has one character set and one storage engine")
    flask_a.rows("DELETE FROM `group`")
    flask_a.rows("ALTER TABLE `group` ENGINE = MyISAM")
    flask_a.rows("ALTER TABLE `group` CONVERT TO CHARACTER SET utf8mb3")
    answer = flask_a.manage("adopt")
    assert "its storage engine is MyISAM, not InnoDB" in answer.stderr
    assert "column name is varchar(32) utf8mb3 NULL, not varchar(32) utf8mb4 NULL" in answer.stderr


def test_a_user_who_may_not_make_a_scratch_database_is_told_the_grant(flask_a):
    if flask_a.is_sqlite:
        pytest.skip("SQLite has no users")
    name = flask_a.wrapper.settings_dict["NAME"]
    flask_a.execute_script(
        f"CREATE USER '{name}'@'%' IDENTIFIED BY 'secret';\nGRANT ALL ON `{name}`.* TO '{name}'@'%';\n"
    )
    _scheme, _at, server = flask_a.url.partition("@")
    answer = flask_a.manage("adopt", DATABASE_URL=f"mysql://{name}:secret@{server}")
    flask_a.rows(f"DROP USER '{name}'@'%'")
    assert answer.returncode == 1
    assert (
        f"GRANT ALL ON `{name.replace('_', chr(92) + '_')}\\_scratch\\_%`.* TO '{name}'@'%';" in answer.stderr
    )


def test_a_new_database_runs_the_same_history(database):
    database.managed("migrate")
    assert "estimation_group" in tables(database)
    assert database.rows("SELECT COUNT(*) FROM django_migrations WHERE app = 'groups'")[0][0] >= 8
    assert database.managed("makemigrations", "--check")


def tables(database: Database) -> set[str]:
    return set(database.wrapper.introspection.table_names())


def table(database: Database, name: str):
    from evolution.introspection import read_schema

    return read_schema(database.wrapper).tables[name]
