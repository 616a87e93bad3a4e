"""Back to the Flask version's table and up again: everything that teams have made since is there again."""

import json

import pytest

from estimation.tests.legacy import Database, database_of_its_own
from evolution.accounting import account
from evolution.certificates import columns_to_count


@pytest.fixture
def database(tmp_path, django_db_blocker):
    with django_db_blocker.unblock(), database_of_its_own(tmp_path) as database:
        database.managed("migrate")
        yield database


def everything(database: Database) -> dict[str, tuple[int, str]]:
    """The rows of each table, and a checksum of all their values."""
    tables = columns_to_count(database.wrapper)
    return {name: (one.rows, one.checksum) for name, one in account(database.wrapper, tables).tables.items()}


def test_every_value_comes_back_with_owners_that_were_assigned_by_hand(database):
    database.managed("loaddemo")
    owners = [user for (user,) in database.rows("SELECT id FROM estimation_user ORDER BY id")]
    groups = [group for (group,) in database.rows("SELECT id FROM estimation_group ORDER BY id")]
    for number, group in enumerate(groups):
        owner = owners[number % len(owners)]
        database.rows(f"UPDATE estimation_group SET `user` = {owner} WHERE id = {group}")
    before = everything(database)
    assert sum(rows for rows, _checksum in before.values()) > 200

    database.migrated("groups", "0001")
    database.rows("INSERT INTO `group` (name) VALUES ('Made by the older version')")
    database.rows("DELETE FROM `group` WHERE name = 'Made by the older version'")
    said = database.migrated()

    assert everything(database) == before
    assert "could not be brought back" not in said
    assert json.loads(database.managed("archive", "--json")) == []


def test_owners_that_an_earlier_form_of_the_migrations_has_kept_come_back(database):
    database.managed("loaddemo")
    owners = database.rows("SELECT id, `user` FROM estimation_group ORDER BY id")
    database.migrated("groups", "0001")
    database.rows(
        "UPDATE evolution_archive_entry SET migration = '0002_owner_column', operation = 1"
        " WHERE migration = '0004_owner_required'"
    )
    database.migrated()
    assert database.rows("SELECT id, `user` FROM estimation_group ORDER BY id") == owners
    assert database.rows("SELECT * FROM estimation_user WHERE nickname = 'default'") == []


def test_where_the_older_version_goes_on_meanwhile_there_is_a_placeholder_for_its_new_groups(database):
    database.managed("loaddemo")
    database.migrated("groups", "0001")
    database.migrated("--expand")
    assert len(database.rows("SELECT id FROM estimation_user WHERE nickname = 'default'")) == 1


def test_a_new_database_has_no_placeholder(tmp_path, django_db_blocker):
    with django_db_blocker.unblock(), database_of_its_own(tmp_path) as new:
        new.migrated("--expand")
        assert new.rows("SELECT * FROM estimation_user") == []


def test_a_group_that_the_older_version_made_gets_the_placeholder_and_the_others_their_owners(database):
    database.managed("loaddemo")
    owners = database.rows("SELECT id, `user` FROM estimation_group ORDER BY id")
    database.migrated("groups", "0001")
    database.rows("INSERT INTO `group` (name) VALUES ('Made by the older version')")
    database.migrated()
    *others, (_new, owner) = database.rows("SELECT id, `user` FROM estimation_group ORDER BY id")
    assert others == owners
    assert database.rows(f"SELECT nickname FROM estimation_user WHERE id = {owner}") == [("default",)]


def test_votes_of_a_group_that_the_older_version_deleted_stay_in_the_archive(database):
    database.managed("loaddemo")
    ((group, issues),) = database.rows(
        "SELECT group_id, COUNT(*) FROM issues_issue GROUP BY group_id ORDER BY COUNT(*) DESC LIMIT 1"
    )
    database.migrated("groups", "0001")
    database.rows(f"DELETE FROM `group` WHERE id = {group}")
    said = database.migrated()
    assert f"{issues} rows of issues_issue could not be brought back" in said
    assert f"{issues}" in database.managed("archive")
    number = next(
        entry["number"]
        for entry in json.loads(database.managed("archive", "--json"))
        if entry["table_name"] == "issues_issue"
    )
    exported = [json.loads(line) for line in database.managed("archive", "export", str(number)).splitlines()]
    assert {row["group_id"] for row in exported} == {group}
    assert len(exported) == issues


def test_who_comes_by_openid_connect_comes_in_again(database):
    database.managed("loaddemo")
    ((user,),) = database.rows("SELECT MIN(id) FROM estimation_user")
    for number, subject in enumerate(("ada", "Ada", "ada ")):
        database.rows(
            "INSERT INTO estimation_identity (issuer, subject, digest, linked_at, user_id) VALUES"
            f" ('https://id.example', '{subject}', '{number}', '2026-01-01 00:00:00', {user})"
        )
    before = database.rows("SELECT * FROM estimation_identity ORDER BY id")
    database.migrated("users", "0008")
    assert "estimation_identity" not in everything(database)
    database.migrated()
    assert database.rows("SELECT * FROM estimation_identity ORDER BY id") == before
