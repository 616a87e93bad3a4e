"""What the image holds, and what its containers may do."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from estimation.tests.load.playing import until

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = [name for name, service in COMPOSE["services"].items() if service.get("image") == "estimation"]


def matcher(pattern: str) -> re.Pattern[str]:
    """What a line of .dockerignore stands for: a path, and all that lies below it."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", ".": r"\."}
    found = re.sub(r"\*\*/|\*\*|[*?.]", lambda part: parts[part[0]], pattern.strip("/"))
    return re.compile(f"{found}(?:/.*)?")


def is_in_the_image(path: str) -> bool:
    """By .dockerignore, as Docker reads it: the last line that stands for the path decides."""
    is_in = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#") and matcher(line.removeprefix("!")).fullmatch(path):
            is_in = line.startswith("!")
    return is_in


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `COPY . .` copies."""
    folder = tmp_path_factory.mktemp("image")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for path in filter(is_in_the_image, listed.stdout.split("\0")):
        if path and (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    return folder


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".env",
        "secrets/secret_key",
        "secret_key",
        "backups/2026-11-30/manifest.json",
        "db.sqlite3",
        "estimation/db.sqlite3-wal",
        "users/.env",
        ".venv/bin/python",
        "anything-new/file",
    ],
)
def test_neither_history_nor_secrets_nor_data_get_into_the_image(path):
    assert not is_in_the_image(path)


def test_nothing_gets_into_the_image_that_is_there_for_those_who_develop(image):
    paths = {str(path.relative_to(image)) for path in image.rglob("*") if path.is_file()}
    assert {"manage.py", "scripts/healthy.py", "estimation/settings.py"} <= paths
    for_developers = re.compile(
        r"(^|/)(tests?|docs|fixtures|deploy)/|(^|/)(test_|conftest|bench|demo|loaddemo)|-dev\."
    )
    assert {path for path in paths if for_developers.search(path)} == set()
    assert {path for path in paths if path.startswith("scripts/")} == {"scripts/healthy.py"}


def test_no_tests_are_installed_in_it():
    """Nothing of what is asked for says that it is for tests, or is a package of requirements-dev.txt."""
    (script,) = re.findall(r"sed '(.+)' requirements\.txt > served\.txt", (ROOT / "Dockerfile").read_text())
    served = subprocess.run(
        ["sed", script, "requirements.txt"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert re.findall("^django==", served, re.MULTILINE)
    assert re.findall(r"^.*(?:test|-r |ruff|mypy|hypothesis|playwright).*$", served, re.MULTILINE) == []
    install = re.search(r"pip install [^\n]*--requirement (\S+)", (ROOT / "Dockerfile").read_text())
    assert install
    assert install[1] == "served.txt"


def test_what_is_left_is_enough_to_set_up_a_site_and_serve_it(image, tmp_path):
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "EVOLUTION_BACKUP_FOLDER": str(tmp_path / "backups"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    for command in (
        ["collectstatic", "--no-input"],
        ["migrate", "--no-input"],
        ["backup", "--verify"],
        ["checkschema"],
    ):
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=image,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = str(ear.getsockname()[1])
    serving = [sys.executable, "-m", "uvicorn", "estimation.asgi:application", "--port", port]
    with subprocess.Popen(serving, cwd=image, env=environment, stderr=subprocess.DEVNULL) as running:
        asking = [sys.executable, "scripts/healthy.py"]
        until(
            lambda: (
                subprocess.run(asking, cwd=image, env=environment | {"PORT": port}, check=False).returncode
                == 0
            ),
            "The health check finds nothing.",
        )
        running.terminate()


def test_it_runs_as_nobody_in_particular():
    (user,) = re.findall(r"^USER (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user == "estimation"


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_the_application_has_no_right_that_it_does_not_need(name):
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "cap_add", "pid", "network_mode"} & service.keys()


def test_the_database_is_reached_from_the_inside_alone():
    assert "ports" not in COMPOSE["services"]["database"]


def test_each_container_gets_the_secrets_that_it_needs():
    given = {name: set(service.get("secrets", [])) for name, service in COMPOSE["services"].items()}
    assert given["database"] == {"database_password", "database_root_password"}
    for name in OURS:
        url = "cluster_url" if name.startswith("cluster-") else "database_url"
        assert given[name] == {url, "secret_key"}, name


def test_no_secret_stands_in_what_composes_them():
    environment = {
        name: value
        for service in COMPOSE["services"].values()
        for name, value in service.get("environment", {}).items()
    }
    secret = {name for name in environment if re.search("PASSWORD|SECRET|KEY|DATABASE_URL", name)}
    assert secret
    assert {name for name in secret if not name.endswith("_FILE")} == set()


def test_what_it_is_made_of_is_pinned():
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "#-"]
        assert lines
        assert [line for line in lines if not re.fullmatch(r"[\w\[\]-]+==[\w.]+", line)] == [], name


def brought_along(name: str, found: set[str]) -> set[str]:
    """The installed packages that this one needs, and those that they need, and so on."""
    for text in requires(name) or ():
        needed = Requirement(text)
        other = canonicalize_name(needed.name)
        is_needed = needed.marker is None or needed.marker.evaluate({"extra": ""})
        with suppress(PackageNotFoundError):
            if is_needed and other not in found and version(other):
                found |= brought_along(other, found | {other})
    return found


def test_what_that_brings_along_is_pinned_too():
    lines = (ROOT / "requirements-dev.txt").read_text() + (ROOT / "requirements.txt").read_text()
    asked_for = {
        canonicalize_name(name) for name in re.findall(r"^([\w-]+)(?:\[\w-]+)?==", lines, re.MULTILINE)
    }
    needed: set[str] = set(asked_for)
    for name in asked_for:
        needed = brought_along(name, needed)
    needed.discard("pip")  # comes with Python
    assert len(needed) > len(asked_for)
    pinned = dict(re.findall(r"^([\w.-]+)==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    pinned = {canonicalize_name(name): number for name, number in pinned.items()}
    assert {name: version(name) for name in needed} == {name: pinned.get(name) for name in needed}


# --- The container that backs up every day


@pytest.fixture
def daily(tmp_path: Path) -> Iterator[Path]:
    """A folder in which that container's command runs, with `backups` as the folder of its backups."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "EVOLUTION_BACKUP_FOLDER": str(tmp_path / "backups"),
        "TMPDIR": str(tmp_path),
        "EVERY": "0.1",
        "AGAIN_AFTER": "0.1",
    }
    command = [part.replace("$$", "$") for part in COMPOSE["services"]["backup"]["command"]]
    quickly = ["--no-backup", "--no-rehearsal", "--verbosity", "0"]
    subprocess.run([sys.executable, "manage.py", "migrate", *quickly], cwd=ROOT, env=environment, check=True)
    with subprocess.Popen(command, cwd=ROOT, env=environment) as running:
        yield tmp_path
        running.terminate()


def test_it_makes_one_proved_backup_after_the_other(daily):
    until(lambda: len(list(daily.glob("backups/*/manifest.json"))) >= 2, "It makes no second backup.")
    until((daily / "proved").exists, "It proves none.")


def test_it_is_unwell_while_it_can_t_and_tries_again(daily):
    until((daily / "proved").exists, "It proves none.")
    backups = daily / "backups"
    backups.rename(daily / "away")
    backups.touch()
    until(lambda: not (daily / "proved").exists(), "It is well.")
    backups.unlink()
    until((daily / "proved").exists, "It does not try again.")
