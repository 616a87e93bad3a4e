"""What the doctor says of backups."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from estimation.doctor import backup_folder
from estimation.tests.doctor.examining import OK, PROBLEM, WARNING, seen, told
from evolution import backups
from evolution.backups import manifest

pytestmark = pytest.mark.django_db


def aged(backup: backups.Backup, **age: int) -> None:
    made = datetime.now(UTC) - timedelta(**age)
    manifest.write(backup.folder, replace(backup.manifest, made=made.isoformat()))


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_the_newest_backup_has_to_be_proved_and_not_older_than_two_days():
    assert told("backups") == (WARNING, "There is none of this database.")
    backup = backups.make(connection)
    assert told("backups") == (WARNING, "The newest was never restored and compared.")
    backup = backups.mark_proved(backup)
    assert told("backups")[0] is OK
    aged(backup, days=3, minutes=1)
    assert told("backups") == (WARNING, "The newest is 3 days old.")


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_damaged_backup_is_a_problem():
    backup = backups.mark_proved(backups.make(connection))
    file = backup.folder / manifest.FILE
    file.write_text(file.read_text().replace('"rows": ', '"rows": 1'))
    assert PROBLEM in {finding.level for finding in seen("backups")}


def test_a_backup_folder_that_is_none_is_a_problem(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "file" / "backups"))
    assert told("backup folder") == (PROBLEM, f"{tmp_path / 'file'} is no folder.")


@pytest.fixture
def disk(backups_folder: Path) -> Iterator[Callable[[str], None]]:
    """Mounts a disk with these options as the backup folder."""
    backups_folder.mkdir()

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(backups_folder)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")

    yield mount
    subprocess.run(["umount", str(backups_folder)], capture_output=True, check=False)


def test_a_backup_folder_that_is_read_only_is_a_problem(disk, backups_folder):
    disk("ro")
    assert told("backup folder") == (PROBLEM, f"{backups_folder} can't be written to by this user.")


def test_a_disk_without_room_for_a_backup_is_a_problem(disk):
    disk("size=64k")
    level, message = told("backup folder")
    assert level is PROBLEM
    assert "65.5 kB free, and a backup may need" in message


def test_a_backup_folder_with_room_is_well_before_it_is_made(backups_folder):
    assert told("backup folder")[0] is OK
    assert not backups_folder.exists()


def test_a_dump_program_that_is_not_there_is_a_problem(monkeypatch):
    if connection.vendor == "sqlite":
        assert told("dump programs") == (OK, "SQLite needs none.")
        return
    monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", "/nowhere/mariadb-dump")
    assert told("dump programs")[0] is PROBLEM


@pytest.mark.parametrize(("age", "words"), [(timedelta(minutes=3), "3 min"), (timedelta(hours=30), "30 h")])
def test_an_age_is_told_so_that_one_can_read_it(age, words):
    assert backup_folder._hours(age) == words
