"""The command that starts throw-away servers, as typed. Its servers are real."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

SCRIPTS = Path(__file__).resolve().parent
DATABASES = [sys.executable, str(SCRIPTS / "databases.py")]
SAY_URL = 'echo "$DATABASE_URL"'


@pytest.fixture
def mariadb() -> None:
    """The programs of MariaDB; the test is skipped with the reason where they can't be had."""
    fetched = subprocess.run([*DATABASES, "fetch", "mariadb"], check=False, capture_output=True, text=True)
    if fetched.returncode == 3:
        pytest.skip(fetched.stderr)
    assert fetched.returncode == 0, fetched.stderr


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """The command with a MariaDB of its own."""
    whole = [*DATABASES, "run", "mariadb", "--", *command]
    return subprocess.run(whole, check=False, capture_output=True, text=True)


def answers(url: str) -> bool:
    """Does anybody listen where `url` points?"""
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname or "", address.port or 0)) == 0


@pytest.mark.usefixtures("mariadb")
def test_the_commands_exit_code_is_passed_on_and_the_server_is_gone() -> None:
    done = run("sh", "-c", f"{SAY_URL}; exit 7")
    assert done.returncode == 7
    assert not answers(done.stdout.strip())


@pytest.mark.usefixtures("mariadb")
def test_the_user_finds_a_utf8mb4_database_and_may_make_others() -> None:
    client = subprocess.check_output([*DATABASES, "path", "mariadb", "mariadb"], text=True).strip()
    sql = "select @@collation_database; create database scratch; show databases like 'scratch'"
    connect = 'u=${DATABASE_URL#*//}; p=${u#*:}; a=${p#*@}; export MYSQL_PWD="${p%@*}"; port=${a#*:}'
    query = f'{client} -N --protocol=tcp -h127.0.0.1 -P"${{port%/*}}" -uestimation -e "{sql}" "${{a#*/}}"'
    done = run("sh", "-c", f"{connect}; {query}")
    assert done.stdout.split() == ["utf8mb4_unicode_ci", "scratch"], done.stderr


@pytest.mark.usefixtures("mariadb")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_and_the_server(number: signal.Signals) -> None:
    command = [*DATABASES, "run", "mariadb", "--", "sh", "-c", f"{SAY_URL}; exec sleep 600"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert answers(url)
    os.killpg(process.pid, number)
    assert process.wait() == 128 + number
    process.stdout.close()
    assert not answers(url)


def test_where_the_programs_cannot_be_had_the_exit_code_is_three_and_the_command_does_not_run(
    tmp_path: Path,
) -> None:
    for module in SCRIPTS.glob("[!t]*.py"):
        shutil.copy(module, tmp_path)
    command = [sys.executable, str(tmp_path / "databases.py"), "run", "mysql", "--", "echo", "ran"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={"PATH": str(tmp_path)}, cwd=tmp_path
    )
    assert done.returncode == 3
    assert done.stdout == ""
    assert "MySQL can't be had here: this machine is not a Debian" in done.stderr


@pytest.mark.usefixtures("mariadb")
def test_a_program_that_the_packages_lack_is_named() -> None:
    done = subprocess.run(
        [*DATABASES, "path", "mariadb", "nosuch"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "MariaDB's packages have no program nosuch" in done.stderr
