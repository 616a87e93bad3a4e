"""Settings from the environment, as a process of its own reads them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
PRINT_DATABASE = (
    "from django.conf import settings; d = settings.DATABASES['default'];"
    "print(*[d[k] for k in ('ENGINE', 'NAME', 'USER', 'PASSWORD', 'HOST', 'PORT')], sep='|')"
)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these variables and none that the tests themselves were given.

    A variable that is empty hides one of the same name in `.env`.
    """
    ours = {"SECRET_KEY", "DATABASE_URL", "DEBUG", "HTTPS", "ALLOWED_HOSTS", "EMAIL_URL"}
    ours.add("DJANGO_ALLOW_ASYNC_UNSAFE")
    clean = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in ours}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=clean | {"DJANGO_SETTINGS_MODULE": "estimation.settings"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    return run("manage.py", "check", **environment)


def database(**environment: str) -> list[str]:
    """Engine, name, user, password, host and port that the settings made of the environment."""
    done = run("-c", PRINT_DATABASE, **({"SECRET_KEY": "x"} | environment))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("|")


def test_without_a_secret_key_it_refuses_to_start_and_says_why():
    done = check(SECRET_KEY="", DEBUG="off")
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_needs_no_secret_key():
    assert check(SECRET_KEY="", DEBUG="on").returncode == 0


def test_a_secret_key_may_stand_in_a_file(tmp_path):
    secret = tmp_path / "key"
    secret.write_text("a key from a file, long enough for anything 0123456789")
    done = run(
        "-c", "from django.conf import settings; print(settings.SECRET_KEY)", SECRET_KEY_FILE=str(secret)
    )
    assert done.stdout.strip() == secret.read_text()


def test_the_url_of_the_database_may_stand_in_a_file(tmp_path):
    url = tmp_path / "url"
    url.write_text("mysql://anna:secret@db.example:3307/poker")
    engine, *rest = database(DATABASE_URL_FILE=str(url))
    assert "mysql" in engine
    assert rest == ["poker", "anna", "secret", "db.example", "3307"]


def test_a_password_with_any_character_is_percent_encoded():
    assert database(DATABASE_URL="mysql://anna:p%40ss%3Aw%2F%23%25@db:3306/poker")[3] == "p@ss:w/#%"


def test_a_path_of_sqlite_is_taken_as_it_is():
    assert database(DATABASE_URL="sqlite:////var/lib/x.sqlite3")[1] == "/var/lib/x.sqlite3"


@pytest.mark.parametrize("url", ["postgres://a:b@c/d", "redis://localhost/0"])
def test_a_database_that_is_not_supported_is_refused_by_name(url):
    done = check(SECRET_KEY="x", DATABASE_URL=url)
    assert done.returncode != 0
    assert "DATABASE_URL must begin with sqlite:/// or mysql://" in done.stderr
    assert "Traceback" not in done.stderr
    assert "a:b" not in done.stderr


def test_a_scheme_that_nobody_knows_is_refused_in_a_sentence():
    done = check(SECRET_KEY="x", DATABASE_URL="nonsense://a:b@c/d")
    assert done.returncode != 0
    assert "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_is_ready_for_earnest_use():
    done = run(
        "manage.py",
        "check",
        "--deploy",
        "--fail-level=WARNING",
        SECRET_KEY="a-key-that-is-long-enough-0123456789-abcdefghijklmnop-QRSTUV",
        DEBUG="off",
        HTTPS="on",
        ALLOWED_HOSTS="estimation.example.org",
    )
    assert done.returncode == 0, done.stderr
