"""The restore drill of docs/backups.md, by the lines as they stand there: another machine, and the copied folder."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from estimation.tests.legacy import PROJECT, Database, database_of_its_own
from estimation.tests.person import Person
from estimation.tests.site import Site

WHAT_PEOPLE_HAVE = ["users", "groups", "issues", "sessions", "admin"]
PASSWORD = "correct horse battery"


@pytest.fixture
def databases(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[Database, Database]]:
    """One with everything in it, and an empty one on the other machine."""
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    with (
        django_db_blocker.unblock(),
        database_of_its_own(tmp_path / "here") as here,
        database_of_its_own(tmp_path / "there") as there,
    ):
        here.migrated()
        here.managed("loaddemo")
        here.managed("shell", "--no-imports", "--command", ACCOUNT)
        yield here, there


ACCOUNT = f"""
from groups.models import Group
from users.models import User
Group.objects.start(User.objects.create_user("alice@example.org", "Alice", {PASSWORD!r}), "Of the drill")
"""


def lines() -> list[str]:
    """The commands of the drill."""
    text = (PROJECT / "docs" / "backups.md").read_text().split("## The drill")[1]
    block = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[0]
    return [line.split("  #")[0].strip() for line in block.splitlines()]


def has(database: Database) -> str:
    """All that people have in it."""
    return database.managed("dumpdata", *WHAT_PEOPLE_HAVE)


def test_the_newest_backup_is_a_site_again_on_another_machine(databases, tmp_path):
    here, there = databases
    made, copied = tmp_path / "backups", tmp_path / "copied"
    assert here.manage("backup", "--verify", EVOLUTION_BACKUP_FOLDER=str(made)).returncode == 0
    shutil.copytree(made, copied)
    (backup,) = copied.iterdir()
    exports = {"DATABASE_URL": there.url, "EVOLUTION_BACKUP_FOLDER": str(copied)}
    (group,) = here.rows("SELECT id FROM estimation_group WHERE name = 'Of the drill'")[0]
    told = []
    for line in lines():
        if line.startswith("export "):
            assert line.removeprefix("export ").partition("=")[0] in exports
            continue
        command = line.replace("NAME", backup.name).replace("GROUP", str(group))
        program, *arguments = shlex.split(command)
        assert program == "python"
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=PROJECT,
            env=os.environ | exports,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        told.append(done.stdout)
    assert backup.name in told[0]
    assert "compared table by table" in told[1]
    assert "it is proved" in told[-1]
    assert json.loads(has(there)) == json.loads(has(here))
    site = Site(DATABASE_URL=there.url)
    site.start()
    try:
        with urllib.request.urlopen(f"{site.url}/readyz") as ready:
            assert ready.status == 200
        alice = Person(site.url)
        alice.send("/me/sign-in/", username="alice@example.org", password=PASSWORD)
        assert "Of the drill" in alice.get("/groups/")
    finally:
        site.kill()
