"""Backups are whole or not there, proved or called unproved, and come back to the last byte."""

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError
from pytest_django import DjangoDbBlocker

from evolution import backups
from evolution.accounting import Accounts, account
from evolution.backups import archive, manifest
from evolution.backups.manifest import Backup
from evolution.tests.own_database import OwnDatabase, own_database
from evolution.tests.small_disks import small_disks

HOSTILE = [
    "🚀 é e\u0301 ẞ",
    'it\'s "quoted" `so` \\ %s %d ;\n-- no comment\r\n\\! ls /* x */',
    "",
    None,
    " both ends ",
    "\x00 and \x1a",
    "DELIMITER ;;\nDROP TABLE thing;;",
]


@pytest.fixture
def database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[OwnDatabase]:
    with django_db_blocker.unblock(), own_database(tmp_path, monkeypatch) as own:
        yield own


@pytest.fixture
def filled(database: OwnDatabase) -> OwnDatabase:
    """A database with two tables, one pointing at the other, that hold whatever can be entered."""
    database.execute(
        "CREATE TABLE thing (id integer PRIMARY KEY, name varchar(100), content blob, price double)"
    )
    database.execute(
        "CREATE TABLE `order` (id integer PRIMARY KEY, `group` integer NOT NULL,"
        " CONSTRAINT order_thing FOREIGN KEY (`group`) REFERENCES thing (id))"
    )
    for number, name in enumerate(HOSTILE):
        row = [number, name, os.urandom(300), number / 3]
        database.execute("INSERT INTO thing VALUES (%s, %s, %s, %s)", row)
        database.execute("INSERT INTO `order` VALUES (%s, %s)", [number, number])
    return database


def whole(database: OwnDatabase) -> Accounts:
    return account(database.wrapper)


def change(database: OwnDatabase) -> None:
    database.execute("DELETE FROM `order`")
    database.execute("UPDATE thing SET name = 'changed'")
    database.execute("CREATE TABLE later (id integer)")


# --- Making and proving


def test_a_backup_knows_its_rows_and_says_that_it_is_not_proved(filled):
    said = filled.managed("backup")
    assert "Saved 14 rows of 2 tables" in said
    assert "It is not proved." in said
    (backup,) = backups.backups()
    assert backup.manifest.accounts == whole(filled)
    assert backup.manifest.proved is None


def test_a_verified_backup_is_proved(filled):
    assert "it is proved" in filled.managed("backup", "--verify")
    (listed,) = json.loads(filled.managed("listbackups", "--json"))
    assert listed["proved"]
    assert [path.name for path in filled.folder.iterdir()] == [listed["name"]]


def test_the_name_tells_the_database_the_time_and_the_state(filled):
    backup = backups.make(filled.wrapper)
    database, time, state = backup.name.rsplit("-", 2)
    assert filled.wrapper.settings_dict["NAME"].rpartition("/")[2].removesuffix(".sqlite3") == database
    assert datetime.strptime(time, "%Y%m%dT%H%M%S%z").tzinfo
    assert state == "empty"


def test_another_state_of_the_history_has_another_name():
    assert manifest.state_of(["a.0001"]) != manifest.state_of(["a.0001", "a.0002"])
    assert manifest.state_of(["b.0001", "a.0001"]) == manifest.state_of(["a.0001", "b.0001"])


def test_the_lock_is_not_in_a_backup_and_stays_when_one_is_restored(filled):
    filled.execute("CREATE TABLE evolution_lock (holder varchar(9))")
    filled.execute("INSERT INTO evolution_lock VALUES ('old')")
    backup = backups.make(filled.wrapper)
    with backups.restored_copy(filled.wrapper, backup) as copy:
        assert "evolution_lock" not in copy.introspection.table_names()
    filled.execute("UPDATE evolution_lock SET holder = 'me'")
    change(filled)
    backups.restore(filled.wrapper, backup)
    assert filled.execute("SELECT holder FROM evolution_lock") == [("me",)]


def test_an_empty_database_can_be_saved_and_restored(database):
    backup = backups.prove(database.wrapper, backups.make(database.wrapper))
    database.execute("CREATE TABLE later (id integer)")
    backups.restore(database.wrapper, backup)
    assert backups.is_empty(database.wrapper)


def test_a_table_that_comes_out_another_one_is_not_proved(filled):
    backup = backups.make(filled.wrapper)
    tables = backup.manifest.accounts.tables
    one_more = replace(tables["thing"], rows=8)
    forged = replace(backup.manifest, accounts=Accounts(tables | {"thing": one_more}))
    manifest.write(backup.folder, forged)
    with pytest.raises(backups.NotProved, match=r"Table thing has 7 rows, not 8\."):
        backups.prove(filled.wrapper, manifest.read(backup.folder))
    assert manifest.read(backup.folder).manifest.proved is None


# --- Restoring


def test_a_backup_comes_back_to_the_last_byte_over_what_was_there(filled):
    before = whole(filled)
    filled.managed("backup")
    (backup,) = backups.backups()
    change(filled)
    changed = whole(filled)
    said = filled.managed("restore", backup.name, "--no-input")
    assert whole(filled) == before
    saved = next(one for one in backups.backups() if one.name != backup.name)
    assert saved.name in said
    assert saved.manifest.proved
    assert saved.manifest.accounts == changed


def test_a_backup_comes_back_into_an_empty_database_without_saving_anything(filled, tmp_path, monkeypatch):
    backup = backups.make(filled.wrapper)
    before = whole(filled)
    with (
        own_database(tmp_path / "other", monkeypatch)
        if not filled.is_sqlite
        else _other(filled, tmp_path) as other
    ):
        assert backups.restore(other.wrapper, backup) is None
        assert whole(other) == before


def _other(filled, tmp_path):
    from contextlib import contextmanager

    from evolution.scratch import connected

    @contextmanager
    def opened():
        with connected(filled.wrapper, str(tmp_path / "other.sqlite3")) as wrapper:
            yield OwnDatabase(wrapper, "", filled.folder)

    return opened()


def test_foreign_keys_hold_after_a_restore_and_point_into_the_same_database(filled):
    backup = backups.make(filled.wrapper)
    change(filled)
    backups.restore(filled.wrapper, backup)
    filled.wrapper.close()
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        filled.execute("INSERT INTO `order` VALUES (99, 99)")
    filled.execute("INSERT INTO thing (id) VALUES (99)")
    filled.execute("INSERT INTO `order` VALUES (99, 99)")


def test_the_next_id_is_kept(filled):
    kind = "integer PRIMARY KEY AUTOINCREMENT" if filled.is_sqlite else "integer PRIMARY KEY AUTO_INCREMENT"
    filled.execute(f"CREATE TABLE numbered (id {kind}, name varchar(9))")
    filled.execute("INSERT INTO numbered VALUES (41, 'x')")
    filled.execute("DELETE FROM numbered")
    backup = backups.make(filled.wrapper)
    filled.execute("DROP TABLE numbered")
    backups.restore(filled.wrapper, backup)
    filled.execute("INSERT INTO numbered (name) VALUES ('y')")
    assert filled.execute("SELECT id FROM numbered") == [(42,)]


def test_triggers_and_views_come_back(filled):
    filled.execute("CREATE VIEW names AS SELECT name FROM thing")
    each = "" if filled.is_sqlite else " FOR EACH ROW"
    begin = "BEGIN DELETE FROM `order` WHERE id = OLD.id; END"
    filled.execute(f"CREATE TRIGGER gone BEFORE DELETE ON thing{each} {begin}")
    backup = backups.prove(filled.wrapper, backups.make(filled.wrapper))
    filled.execute("DROP TRIGGER gone")
    filled.execute("DROP VIEW names")
    backups.restore(filled.wrapper, backup)
    filled.execute("DELETE FROM thing WHERE id = 3")
    assert filled.execute("SELECT COUNT(*) FROM `order`") == [(6,)]
    assert filled.execute("SELECT COUNT(*) FROM names") == [(6,)]


def test_views_alone_come_back_and_a_name_that_was_a_tables_is_a_views_again(filled):
    filled.execute("ALTER TABLE thing RENAME TO object")
    filled.execute("CREATE VIEW thing AS SELECT id, name FROM object")
    filled.execute("CREATE VIEW a_name AS SELECT name FROM thing")
    backup = backups.make(filled.wrapper)
    filled.execute("DROP VIEW a_name")
    filled.execute("DROP VIEW thing")
    filled.execute("ALTER TABLE object RENAME TO thing")
    filled.execute("CREATE VIEW other AS SELECT price FROM thing")
    backups.restore(filled.wrapper, backup)
    assert filled.execute("SELECT COUNT(*) FROM a_name") == [(7,)]
    assert filled.execute("SELECT COUNT(*) FROM object") == [(7,)]
    with pytest.raises(DatabaseError):
        filled.execute("SELECT * FROM other")


def test_without_a_terminal_and_no_input_nothing_is_touched(filled):
    backup = backups.make(filled.wrapper)
    change(filled)
    changed = whole(filled)
    assert "use --no-input" in filled.refused("restore", backup.name)
    assert whole(filled) == changed
    assert len(backups.backups()) == 1


# --- Refusing


def truncate(backup: Backup) -> None:
    with backup.data.open("r+b") as file:
        file.truncate(backup.manifest.size - 1)


def flip(backup: Backup) -> None:
    content = bytearray(backup.data.read_bytes())
    content[len(content) // 2] ^= 1
    backup.data.write_bytes(content)


def remove_data(backup: Backup) -> None:
    backup.data.unlink()


def flip_manifest(backup: Backup) -> None:
    file = backup.folder / manifest.FILE
    file.write_text(file.read_text().replace('"rows": 7', '"rows": 6'))


def truncate_manifest(backup: Backup) -> None:
    with (backup.folder / manifest.FILE).open("r+b") as file:
        file.truncate(100)


def other_project(backup: Backup) -> None:
    manifest.write(backup.folder, replace(backup.manifest, project="shop"))


def other_engine(backup: Backup) -> None:
    manifest.write(backup.folder, replace(backup.manifest, engine="Oracle"))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (truncate, "it is not whole"),
        (flip, "has changed since it was written"),
        (remove_data, "can't be read"),
        (flip_manifest, "was changed"),
        (truncate_manifest, "is damaged"),
        (other_project, "is a backup of the project shop, and this is"),
        (other_engine, "is a backup of Oracle, and this database is"),
    ],
)
def test_a_damaged_or_foreign_backup_is_refused_before_anything_is_touched(filled, damage, sentence):
    backup = backups.make(filled.wrapper)
    damage(backup)
    change(filled)
    changed = whole(filled)
    assert sentence in filled.refused("restore", backup.name, "--no-input")
    assert whole(filled) == changed
    assert [path.name for path in filled.folder.iterdir()] == [backup.name]


def test_a_backup_that_is_not_there_is_refused(database):
    assert "There is no backup called nothing." in database.refused("restore", "nothing", "--no-input")


def test_a_damaged_backup_is_named_by_the_list(filled):
    backup = backups.make(filled.wrapper)
    truncate_manifest(backup)
    answer = filled.manage("listbackups")
    assert "There is no backup in" in answer.stdout
    assert "is damaged" in answer.stderr


# --- The folder


def test_a_missing_folder_is_made_for_the_owner_alone(filled, monkeypatch):
    folder = filled.folder / "in" / "another"
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(folder))
    filled.managed("backup")
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_can_t_be_made_is_said_so(filled, tmp_path):
    (tmp_path / "file").touch()
    said = filled.refused("backup", EVOLUTION_BACKUP_FOLDER=str(tmp_path / "file" / "in it"))
    assert "can't be made: Not a directory" in said


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of two megabytes."""
    with small_disks() as make:
        yield make(2)


def test_a_folder_that_can_t_be_written_to_is_said_so(filled, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    said = filled.refused("backup", EVOLUTION_BACKUP_FOLDER=str(small_disk))
    assert f"Nothing can be written to {small_disk}: Read-only file system." in said


def fill_with_noise(database: OwnDatabase, megabytes: int) -> None:
    for number in range(100, 100 + megabytes * 20):
        database.execute("INSERT INTO thing (id, content) VALUES (%s, %s)", [number, os.urandom(50_000)])
    if not database.is_sqlite:
        database.execute("ANALYZE TABLE thing")


def test_too_little_room_is_refused_beforehand_with_the_figures(filled, small_disk):
    fill_with_noise(filled, 4)
    said = filled.refused("backup", EVOLUTION_BACKUP_FOLDER=str(small_disk))
    assert "2.1 MB free, and the backup may need" in said
    assert list(small_disk.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(filled, small_disk, monkeypatch):
    fill_with_noise(filled, 4)
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(small_disk))
    monkeypatch.setattr(archive, "require_space", lambda _needed: None)
    with pytest.raises(backups.BackupFailed, match=r"(?i)no space left|full"):
        backups.make(filled.wrapper)
    assert list(small_disk.iterdir()) == []


# --- Whose they are


def test_a_database_s_own_backups_are_known_among_others(filled):
    first, second = backups.make(filled.wrapper), backups.make(filled.wrapper)
    folder = first.folder.with_name("of-another")
    shutil.copytree(first.folder, folder)
    manifest.write(folder, replace(first.manifest, database="another"))
    assert len(backups.backups()) == 3
    assert [one.name for one in backups.made_of(filled.wrapper)] == [first.name, second.name]


# --- Retention


def at(backup: Backup, days: int, *, proved: bool) -> Backup:
    """A copy of the backup that is so many days old."""
    made = datetime.now(UTC) - timedelta(days=days)
    folder = backup.folder.with_name(archive.name_of("aged", made, "empty"))
    shutil.copytree(backup.folder, folder)
    manifest.write(
        folder, replace(backup.manifest, made=made.isoformat(), proved=made.isoformat() if proved else None)
    )
    return manifest.read(folder)


def test_only_so_many_are_kept_but_the_newest_proved_one_always(filled, monkeypatch):
    latest = backups.make(filled.wrapper)
    days = {day: at(latest, day, proved=day in {4, 5}) for day in range(1, 6)}
    monkeypatch.setenv("EVOLUTION_BACKUPS_KEPT", "2")
    gone = backups.retain(latest)
    assert gone == [days[2].name, days[3].name, days[5].name]
    assert [one.name for one in backups.backups()] == [days[4].name, days[1].name, latest.name]


def test_the_old_ones_go_but_the_newest_proved_one_never(filled, monkeypatch):
    latest = backups.make(filled.wrapper)
    days = {day: at(latest, day, proved=day == 30) for day in (2, 20, 30, 40)}
    monkeypatch.setenv("EVOLUTION_BACKUPS_KEPT_DAYS", "10")
    assert backups.retain(latest) == [days[20].name, days[40].name]


def test_the_backups_of_another_database_are_left_alone(filled, monkeypatch):
    latest = backups.make(filled.wrapper)
    other = at(latest, 3, proved=False)
    manifest.write(other.folder, replace(other.manifest, database="another"))
    monkeypatch.setenv("EVOLUTION_BACKUPS_KEPT", "1")
    assert backups.retain(latest) == []


def test_the_data_is_a_plain_compressed_file_of_the_engine_s_own(filled):
    backup = backups.make(filled.wrapper)
    start = gzip.decompress(backup.data.read_bytes())[:4000]
    assert start.startswith(b"SQLite format 3\x00") if filled.is_sqlite else b"CREATE TABLE" in start
