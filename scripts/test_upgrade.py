"""scripts/upgrade: a release that serves is taken, one that can't is gone back from, with real processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
COMMIT = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "--all"]
MIGRATION = """
import os
import urllib.error
import urllib.request

from django.db import migrations


def rename(apps, schema_editor):
    try:
        urllib.request.urlopen(os.environ["READY"], timeout=5)
    except urllib.error.URLError:
        apps.get_model("users", "User").objects.update(nickname="Renamed")


class Migration(migrations.Migration):
    dependencies = [("users", "LAST")]
    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
"""

SLOW_MIGRATION = """
import pathlib
import time

from django.db import migrations


def wait(apps, schema_editor):
    pathlib.Path("BEGUN").touch()
    time.sleep(60)


class Migration(migrations.Migration):
    dependencies = [("users", "LAST")]
    operations = [migrations.RunPython(wait, migrations.RunPython.noop)]
"""


class Machine:
    """The release before, served from a clone of its own by a process that stands for systemd's service."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.code, self.pid = folder / "origin", folder / "code", folder / "pid"
        with socket.create_server(("127.0.0.1", 0)) as ear:
            self.port = ear.getsockname()[1]
        self.stopped = folder / "stopped"
        stop = f'[ ! -f {self.pid} ] || {{ kill "$(cat {self.pid})"; rm {self.pid}; sleep 0.5; }}'
        serve = (
            f"{sys.executable} -m uvicorn estimation.asgi:application --port {self.port} --no-proxy-headers"
        )
        self.environment = os.environ | {
            "SECRET_KEY": "a-key-for-the-tests-alone-that-signs-nothing-of-value-0123456789",
            "DEBUG": "off",
            "HTTPS": "off",
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "EVOLUTION_BACKUP_FOLDER": str(folder / "backups"),
            "AS": "",
            "STOP": f"[ -f {self.stopped} ] || touch {self.stopped}; {stop}",
            "RESTART": f"{stop}; {serve} >>{folder}/service.log 2>&1 & echo $! >{self.pid}",
            "READY": f"http://127.0.0.1:{self.port}/readyz",
            "WAIT": "15",
        }
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.origin)], check=True)
        shutil.copy(ROOT / "scripts" / "upgrade", self.origin / "scripts" / "upgrade")
        self.run("git", "add", "--all", where=self.origin)
        self.run(*COMMIT, "--allow-empty", "--message=before", where=self.origin)
        subprocess.run(["git", "clone", "--quiet", str(self.origin), str(self.code)], check=True)
        (self.code / ".venv").symlink_to(Path(sys.prefix))
        self.manage("migrate", "--no-input", "--verbosity=0")
        self.manage("loaddemo")

    def run(self, *command: str, where: Path | None = None) -> str:
        done = subprocess.run(
            command, cwd=where or self.code, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def manage(self, *arguments: str) -> str:
        return self.run(sys.executable, "manage.py", *arguments)

    def release(self, file: str, text: str) -> None:
        """A release whose file has this text at its end."""
        path = self.origin / file
        path.write_text((path.read_text() if path.exists() else "") + text)
        self.run("git", "add", "--all", where=self.origin)
        self.run(*COMMIT, "--message=release", where=self.origin)

    def upgrade(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = ["scripts/upgrade", *arguments]
        return subprocess.run(
            command,
            cwd=self.code,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def head(self, where: Path) -> str:
        return self.run("git", "rev-parse", "HEAD", where=where)

    def is_ready(self) -> bool:
        with urllib.request.urlopen(self.environment["READY"], timeout=5) as answer:
            return bool(answer.status == 200)

    def restart(self) -> None:
        """Start the service anew, and wait until it answers."""
        self.run("sh", "-c", self.environment["RESTART"])
        self.wait()

    def wait(self) -> None:
        deadline = time.monotonic() + 15
        while not self.answers():
            assert time.monotonic() < deadline, "The service does not answer."
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return self.is_ready()
        except urllib.error.URLError:
            return False

    def backups(self) -> list[Path]:
        """Their files."""
        return [
            path for path in Path(self.environment["EVOLUTION_BACKUP_FOLDER"]).rglob("*") if path.is_file()
        ]

    def nicknames(self) -> list[str]:
        query = "from users.models import User; print(*User.objects.values_list('nickname', flat=True), sep='\\n')"
        return sorted(self.manage("shell", "--verbosity=0", "--no-imports", "--command", query).splitlines())


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    if machine.pid.exists():
        os.kill(int(machine.pid.read_text()), signal.SIGTERM)


def test_a_release_that_serves_is_taken(machine: Machine) -> None:
    machine.release("README.md", "\nNew.\n")
    done = machine.upgrade()
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.head(machine.code) == machine.head(machine.origin)
    assert machine.is_ready()


def releases_a_migration(machine: Machine, migration: str = MIGRATION) -> None:
    """By itself it renames everybody, unless the site answers meanwhile."""
    last = (machine.origin / "users" / "migrations" / "max_migration.txt").read_text().strip()
    (machine.origin / "users" / "migrations" / "max_migration.txt").write_text("0999_rename\n")
    machine.release("users/migrations/0999_rename.py", migration.replace("LAST", last))


def test_from_the_backup_to_the_new_release_nobody_is_served_so_that_nothing_can_be_lost(
    machine: Machine,
) -> None:
    machine.restart()
    releases_a_migration(machine)
    done = machine.upgrade()
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(machine.nicknames()) == {"Renamed"}
    assert machine.stopped.stat().st_mtime_ns < min(saved.stat().st_mtime_ns for saved in machine.backups())


def test_where_the_database_can_not_be_saved_the_site_serves_on(machine: Machine) -> None:
    before = machine.head(machine.code)
    machine.restart()
    machine.release("README.md", "\nNew.\n")
    done = machine.upgrade(EVOLUTION_BACKUP_FOLDER="/dev/null/backups")
    assert (done.returncode, machine.head(machine.code)) == (1, before)
    assert "The database could not be saved. Nothing was done" in done.stderr
    machine.wait()


def interrupted(machine: Machine, once: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What becomes of an upgrade that somebody interrupts at the terminal as soon as this file is there."""
    # Who runs the tests in the background ignores that signal, and a shell that begins so can't do otherwise.
    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)
    running = subprocess.Popen(
        ["scripts/upgrade"],
        cwd=machine.code,
        env=machine.environment | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    signal.signal(signal.SIGINT, heeded)
    deadline = time.monotonic() + 120
    while not once.exists():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline, "It did not get there."
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    output, errors = running.communicate(timeout=120)
    return subprocess.CompletedProcess(running.args, running.returncode, output, errors)


def test_an_upgrade_that_is_interrupted_goes_back_and_serves(machine: Machine, tmp_path: Path) -> None:
    before, names = machine.head(machine.code), machine.nicknames()
    machine.restart()
    begun = tmp_path / "begun"
    releases_a_migration(machine, SLOW_MIGRATION.replace("BEGUN", str(begun)))
    done = interrupted(machine, begun)
    assert done.returncode == 1, done.stdout + done.stderr
    assert (machine.head(machine.code), machine.nicknames()) == (before, names)
    machine.wait()


def test_one_that_is_interrupted_before_it_has_changed_anything_serves(
    machine: Machine, tmp_path: Path
) -> None:
    before = machine.head(machine.code)
    machine.restart()
    machine.release("README.md", "\nNew.\n")
    stopped = tmp_path / "stopping"
    stop = f"{machine.environment['STOP']}; touch {stopped}; sleep 60"
    done = interrupted(machine, stopped, STOP=stop)
    assert (done.returncode, machine.head(machine.code)) == (1, before), done.stdout + done.stderr
    machine.wait()


def test_a_release_that_migrates_and_can_not_start_is_gone_back_from(machine: Machine) -> None:
    before, names = machine.head(machine.code), machine.nicknames()
    releases_a_migration(machine)
    machine.release("estimation/asgi.py", "\nraise RuntimeError('This release can not start.')\n")
    done = machine.upgrade()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Applying users.0999_rename... OK" in done.stdout
    assert machine.head(machine.code) == before
    assert machine.nicknames() == names
    assert machine.is_ready()


def test_a_revision_that_is_not_there_changes_nothing(machine: Machine) -> None:
    before = machine.head(machine.code)
    done = machine.upgrade("no-such-release")
    assert (done.returncode, machine.head(machine.code)) == (1, before)
    assert "There is no revision no-such-release. Nothing was done." in done.stderr
