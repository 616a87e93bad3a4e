"""What the shell scripts and the small programs beside them say and leave behind."""

import http.server
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import results
from healthy import allowed_host

SCRIPTS = Path(__file__).resolve().parent
SUITE = '<testsuites><testsuite tests="5" failures="{}" errors="0" skipped="1" time="2.4"/></testsuites>'


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the scripts and nothing else."""
    shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def script(path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(path), *arguments], check=False, capture_output=True, text=True, env={**os.environ, **variables}
    )


def test_a_port_in_use_is_said_before_anything_is_made(project: Path, taken_port: int) -> None:
    done = script(project / "scripts" / "run", PORT=str(taken_port))
    assert done.returncode == 1
    assert f"port {taken_port} can't be used. Another one: PORT=8001 ./scripts/run" in done.stderr
    assert [path.name for path in project.iterdir()] == ["scripts"]


@pytest.mark.parametrize("port", ["eight", "0x50", "70000"])
def test_a_port_that_is_none_is_said(project: Path, port: str) -> None:
    done = script(project / "scripts" / "run", PORT=port)
    assert done.returncode == 1
    assert f"port {port} can't be used" in done.stderr


@pytest.mark.parametrize("name", ["run", "test", "cluster", "secrets", "trial", "upgrade", "weaknesses"])
def test_help_is_given_and_nothing_is_done(project: Path, name: str) -> None:
    done = script(project / "scripts" / name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: ./scripts/{name}")
    assert [path.name for path in project.iterdir()] == ["scripts"]


def test_an_unknown_argument_of_run_shows_how_it_is_used(project: Path) -> None:
    done = script(project / "scripts" / "run", "--port=1")
    assert done.returncode == 2
    assert "Usage:" in done.stderr


def test_secrets_are_made_once_in_a_folder_for_the_owner_alone(project: Path) -> None:
    script(project / "scripts" / "secrets")
    folder = project / "secrets"
    first = {path.name: path.read_text() for path in folder.iterdir()}
    script(project / "scripts" / "secrets")
    assert {path.name: path.read_text() for path in folder.iterdir()} == first
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    user = f"mysql://estimation:{first['database_password']}"
    assert first["database_url"] == f"{user}@database:3306/estimation"
    assert first["cluster_url"] == f"{user}@cluster-proxy:3307/estimation"
    assert len(set(first.values())) == 5


def test_the_table_counts_each_engine_and_names_the_one_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sqlite.xml").write_text(SUITE.format(0))
    (tmp_path / "sqlite.version").write_text("3.40.1\n")
    (tmp_path / "mysql.txt").write_text("not available: no network\n")
    assert results.main(str(tmp_path), "sqlite mysql") == 1
    assert capsys.readouterr().out.splitlines() == [
        "    sqlite   3.40.1: 4 passed, 0 failed, 1 skipped in 2 s",
        "    mysql    not available: no network",
        "    required and did not run: mysql",
    ]


def test_an_engine_that_is_not_required_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "mysql.txt").write_text("not available: no network\n")
    assert results.main(str(tmp_path), "") == 0


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ("", "localhost"),
        ("*", "localhost"),
        (".example.org", "example.org"),
        ("one.example, two.example", "one.example"),
    ],
)
def test_the_health_check_asks_for_a_host_that_is_allowed(allowed: str, host: str) -> None:
    assert allowed_host(allowed) == host


class _Broken(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name is http.server's
        self.send_error(503)


def test_the_health_check_fails_on_another_answer_than_200() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), _Broken) as server:
        threading.Thread(target=server.handle_request).start()
        done = script(Path(sys.executable), str(SCRIPTS / "healthy.py"), PORT=str(server.server_port))
    assert done.returncode == 1
    assert "/healthz answered 503" in done.stderr


def test_an_engine_that_does_not_exist_is_said_before_anything_is_made(project: Path) -> None:
    done = script(project / "scripts" / "test", ENGINES="sqlite oracle")
    assert done.returncode == 1
    assert "no engine is called oracle; there are: sqlite mariadb mysql" in done.stderr
    assert [path.name for path in project.iterdir()] == ["scripts"]
