"""SIGKILL in the middle of a backup, a proof, a restore: nothing half is taken for whole, and running again works.

strace kills the process at one of its writing system calls: at few of them, at as many as CRASH says, or at every
one with CRASH=all.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from evolution import backups
from evolution.accounting import Accounts, account
from evolution.backups import mysql, programs
from evolution.scratch import connected
from evolution.tests.crash.files import killed, points, written
from evolution.tests.crash.forks import ForkServer
from evolution.tests.own_database import PROJECT, OwnDatabase, own_database


@pytest.fixture
def filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[OwnDatabase]:
    with django_db_blocker.unblock(), own_database(tmp_path, monkeypatch) as own:
        own.execute("CREATE TABLE thing (id integer PRIMARY KEY, content blob)")
        own.execute("CREATE TABLE other (id integer PRIMARY KEY, name varchar(20))")
        for number in range(20):
            own.execute("INSERT INTO thing VALUES (%s, %s)", [number, os.urandom(20_000)])
        yield own


def whole(database: OwnDatabase) -> Accounts:
    return account(database.wrapper)


@pytest.fixture
def processes(filled: OwnDatabase, tmp_path: Path) -> Iterator[ForkServer]:
    environment = {"DATABASE_URL": filled.url, "DJANGO_SETTINGS_MODULE": "estimation.settings"}
    with ForkServer(tmp_path, environment) as server:
        yield server


def all_whole(database: OwnDatabase) -> None:
    """Whatever is listed is whole, and damaged ones there are none."""
    assert backups.damaged() == []
    for backup in backups.backups():
        backups.check(database.wrapper, backup)


def test_killed_in_a_backup_or_its_proof_nothing_half_is_taken_for_whole(filled, processes, tmp_path):
    before = whole(filled)
    backup = processes.behind("backup", "--verify")
    for point in points(written(backup, tmp_path)):
        killed(backup, point)
        all_whole(filled)
        assert whole(filled) == before
    assert "it is proved" in filled.managed("backup", "--verify")
    assert [path.name for path in filled.folder.glob("*.part")] == []
    assert scratch_databases(filled) == []


@pytest.mark.parametrize("more", ["", "trigger"])
def test_killed_in_a_restore_the_same_command_finishes_it(filled, processes, tmp_path, more):
    if more:
        each = "" if filled.is_sqlite else " FOR EACH ROW"
        filled.execute(f"CREATE TRIGGER gone BEFORE DELETE ON other{each} BEGIN DELETE FROM thing; END")
    wanted = whole(filled)
    backup = backups.prove(filled.wrapper, backups.make(filled.wrapper))
    restore = ["restore", backup.name, "--no-input"]
    restoring = processes.behind(*restore)

    def changed() -> Accounts:
        filled.execute("DELETE FROM thing WHERE id > 3")
        filled.execute("INSERT INTO other VALUES (1, 'new')")
        return whole(filled)

    other = changed()
    number = written(restoring, tmp_path)
    assert whole(filled) == wanted
    for point in points(number):
        assert changed() == other
        killed(restoring, point, again=changed)
        all_whole(filled)
        if filled.is_sqlite or not more:
            # One step from one to the other; with triggers MySQL and MariaDB have to load in place.
            assert whole(filled) in (other, wanted)
        filled.managed(*restore, EVOLUTION_BACKUPS_KEPT="100")
        assert whole(filled) == wanted
    assert [path.name for path in filled.folder.glob("*.part")] == []
    assert scratch_databases(filled) == []


def scratch_databases(database: OwnDatabase) -> list[str]:
    if database.is_sqlite:
        return []
    name = database.wrapper.settings_dict["NAME"]
    return [found for (found,) in database.execute("SHOW DATABASES") if found.startswith(f"{name}_scratch")]


def wrapper(folder: Path, script: str) -> str:
    """A program that stands in for another one."""
    file = folder / "program"
    file.write_text(
        f"#!/bin/sh\ncase $* in *--version*) exec {os.environ['EVOLUTION_DUMP_PROGRAM']} --version;; esac\n{script}\n"
    )
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ('{dump} "$@" | head -c 30000; exit 0', "ended before its last line"),
        (
            '{dump} "$@" | head -c 30000; echo lost connection >&2; exit 3',
            "failed with exit code 3",
        ),
        ("kill -9 $$", "failed with exit code -9"),
    ],
)
def test_a_dump_program_that_ends_in_the_middle_leaves_no_backup(filled, tmp_path, script, sentence):
    if filled.is_sqlite:
        pytest.skip("SQLite needs no program")
    program = wrapper(tmp_path, script.format(dump=os.environ["EVOLUTION_DUMP_PROGRAM"]))
    assert sentence in filled.refused("backup", EVOLUTION_DUMP_PROGRAM=program)
    assert list(filled.folder.iterdir()) == []


def test_a_client_that_ends_in_the_middle_touches_nothing(filled, tmp_path):
    if filled.is_sqlite:
        pytest.skip("SQLite needs no program")
    backup = backups.make(filled.wrapper)
    filled.execute("DELETE FROM thing")
    before = whole(filled)
    real = os.environ["EVOLUTION_CLIENT_PROGRAM"]
    program = wrapper(tmp_path, f'head -c 30000 | {real} "$@"; exit 1')
    assert "failed with exit code 1" in filled.refused(
        "restore", backup.name, "--no-input", EVOLUTION_CLIENT_PROGRAM=program
    )
    assert whole(filled) == before


def test_a_dump_program_that_waits_for_the_writers_lock_gets_its_turn(filled, tmp_path):
    if filled.is_sqlite:
        pytest.skip("SQLite needs no program")
    client, name = os.environ["EVOLUTION_CLIENT_PROGRAM"], filled.wrapper.settings_dict["NAME"]
    first = f"UPDATE {name}.other SET name = 1"
    program = wrapper(
        tmp_path,
        f'{client} $1 $2 $3 $4 -e "{first}" || exit 9\nexec {os.environ["EVOLUTION_DUMP_PROGRAM"]} "$@"',
    )
    assert "it is proved" in filled.managed(
        "backup", "--verify", EVOLUTION_DUMP_PROGRAM=program, EVOLUTION_PATIENCE="2"
    )


def test_the_arguments_hold_no_password(filled, tmp_path):
    if filled.is_sqlite:
        pytest.skip("SQLite has no password")
    seen = tmp_path / "seen"
    program = wrapper(
        tmp_path, f'printf "%s\\n" "$@" > {seen}; exec {os.environ["EVOLUTION_DUMP_PROGRAM"]} "$@"'
    )
    filled.managed("backup", EVOLUTION_DUMP_PROGRAM=program)
    assert "--single-transaction" in seen.read_text()
    assert filled.wrapper.settings_dict["PASSWORD"] not in seen.read_text()


def test_a_missing_program_is_named_with_its_package(filled, tmp_path, monkeypatch):
    if filled.is_sqlite:
        pytest.skip("SQLite needs no program")
    monkeypatch.delenv("EVOLUTION_DUMP_PROGRAM")
    (tmp_path / "empty").mkdir()
    said = filled.refused("backup", PATH=str(tmp_path / "empty"))
    assert "on this machine. Install it (Debian: apt-get install" in said


def test_writers_that_go_on_are_in_the_backup_or_not_but_never_half(filled):
    """Two tables are written in one transaction each time: the backup has as many rows in one as in the other."""
    filled.execute("CREATE TABLE pair_a (id integer PRIMARY KEY)")
    filled.execute("CREATE TABLE pair_b (id integer PRIMARY KEY)")
    script = (
        "from django.db import connection as c, transaction\n"
        "for i in range(100000):\n"
        "    with transaction.atomic():\n"
        "        c.cursor().execute(f'INSERT INTO pair_a VALUES ({i})')\n"
        "        c.cursor().execute(f'INSERT INTO pair_b VALUES ({i})')\n"
        "    i or print('writing', flush=True)\n"
    )
    writer = subprocess.Popen(
        _shell(script),
        env=os.environ | {"DATABASE_URL": filled.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert writer.stdout
        assert writer.stdout.readline() == b"writing\n"
        backup = backups.make(filled.wrapper)
        rows = filled.execute("SELECT COUNT(*) FROM pair_a")
    finally:
        writer.kill()
        writer.wait()
        if writer.stdout:
            writer.stdout.close()
    tables = backup.manifest.accounts.tables
    assert backup.manifest.moved == []
    assert 0 < tables["pair_a"].rows == tables["pair_b"].rows < rows[0][0]
    assert backups.prove(filled.wrapper, backup).manifest.proved


def _shell(script: str) -> list[str]:
    return [sys.executable, str(PROJECT / "manage.py"), "shell", "-v0", "-c", script]


def test_a_transaction_that_stays_open_does_not_keep_a_backup_from_being_made_and_proved(filled):
    if filled.is_sqlite:
        pytest.skip("SQLite's snapshot needs no lock")
    with (
        connected(filled.wrapper, filled.wrapper.settings_dict["NAME"]) as writer,
        transaction.atomic(writer.alias),
        writer.cursor() as cursor,
    ):
        cursor.execute("INSERT INTO other VALUES (1, 'x')")
        said = filled.managed("backup", "--verify", EVOLUTION_PATIENCE="1")
    assert "it is proved" in said
    assert whole(filled).tables["other"].rows == 1
    (backup,) = backups.backups()
    assert backup.manifest.accounts.tables["other"].rows == 0


def test_where_writers_can_t_be_held_the_tables_that_moved_are_named_and_the_others_compared(
    filled, monkeypatch
):
    if filled.is_sqlite:
        pytest.skip("SQLite's snapshot needs no lock")
    dumped = programs.dumped

    def dumped_and_written_to(*arguments):
        yield from dumped(*arguments)
        filled.execute("INSERT INTO other VALUES (1, 'x')")

    monkeypatch.setattr(programs, "dumped", dumped_and_written_to)
    monkeypatch.setattr(mysql, "_hold_still", lambda _keeper: False)
    backup = backups.make(filled.wrapper)
    assert backup.manifest.moved == ["other"]
    assert backups.prove(filled.wrapper, backup).manifest.proved


def test_a_user_with_rights_on_this_database_and_its_scratch_ones_only_and_a_strange_password(filled):
    if filled.is_sqlite:
        pytest.skip("SQLite has no users")
    name, password = filled.wrapper.settings_dict["NAME"], "p'a\"s s\\w$%@:/#ü!"
    filled.execute(f"CREATE USER {name} IDENTIFIED BY %s", [password])
    scratch = f"{name}_scratch_%".replace("_", r"\_")
    filled.execute(f"GRANT ALL ON {name}.* TO {name}")
    filled.execute(f"GRANT ALL ON `{scratch}`.* TO {name}".replace("%", "%%"), [])
    wanted = whole(filled)
    settings, filled.wrapper.settings_dict = (
        filled.wrapper.settings_dict,
        filled.wrapper.settings_dict
        | {
            "USER": name,
            "PASSWORD": password,
        },
    )
    try:
        filled.wrapper.close()
        backup = backups.prove(filled.wrapper, backups.make(filled.wrapper))
        filled.execute("DELETE FROM thing")
        backups.restore(filled.wrapper, backup)
        assert whole(filled) == wanted
    finally:
        filled.wrapper.settings_dict = settings
        filled.wrapper.close()
        filled.execute(f"DROP USER {name}")


def test_a_scratch_database_from_the_settings_serves_and_is_never_one_that_holds_something(filled):
    if filled.is_sqlite:
        pytest.skip("SQLite's scratch database is a file")
    name = filled.wrapper.settings_dict["NAME"] + "_spare"
    filled.execute(f"CREATE DATABASE {name}")
    try:
        wanted = whole(filled)
        filled.managed("backup", "--verify", EVOLUTION_SCRATCH_DATABASE=name)
        (backup,) = backups.backups()
        filled.execute("DELETE FROM thing")
        filled.managed("restore", backup.name, "--no-input", EVOLUTION_SCRATCH_DATABASE=name)
        assert whole(filled) == wanted
        filled.execute(f"DROP TABLE {name}.evolution_scratch")
        filled.execute(f"CREATE TABLE {name}.precious (id integer)")
        said = filled.refused("backup", "--verify", EVOLUTION_SCRATCH_DATABASE=name)
        assert "is not empty, and all in it would be lost" in said
        assert filled.execute(f"SELECT COUNT(*) FROM {name}.precious") == [(0,)]
    finally:
        filled.execute(f"DROP DATABASE {name}")
