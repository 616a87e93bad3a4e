"""Settings from the environment, as a process of its own reads them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
KEY = "a-key-that-is-long-enough-0123456789-abcdefghijklmnop-QRSTUV"
PRINT_DATABASE = (
    "from django.conf import settings; d = settings.DATABASES['default'];"
    "print(*[d[k] for k in ('ENGINE', 'NAME', 'USER', 'PASSWORD', 'HOST', 'PORT')], sep='|')"
)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these variables and none that the tests themselves were given.

    A variable that is empty hides one of the same name in `.env`.
    """
    ours = {"SECRET_KEY", "DATABASE_URL", "DEBUG", "HTTPS", "ALLOWED_HOSTS", "EMAIL_URL", "SIGN_UP_BY_MAIL"}
    ours |= {
        "METRICS_TOKEN",
        "SENTRY_DSN",
        "OIDC_ISSUER",
        "OIDC_CLIENT_ID",
        "OIDC_CLIENT_SECRET",
        "OIDC_NAME",
    }
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
    done = run("-c", PRINT_DATABASE, **({"SECRET_KEY": KEY} | environment))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("|")


def test_without_a_secret_key_it_refuses_to_start_and_says_why():
    done = check(SECRET_KEY="", DEBUG="off")
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("hunter2", "has 7 characters and needs 50"),
        (KEY[:49], "has 49 characters and needs 50"),
        ("abca" * 20, "is made of fewer than 5 different characters"),
        (f"django-insecure-{KEY}", "is a placeholder that everybody knows"),
        (f"CHANGEME{KEY}", "is a placeholder that everybody knows"),
        ("only-for-development-because-DEBUG-is-on", "has 40 characters and needs 50"),
    ],
)
def test_a_secret_key_that_can_be_guessed_is_refused_in_a_sentence(key, fault):
    done = check(SECRET_KEY=key, DEBUG="off")
    assert done.returncode != 0
    assert f"SECRET_KEY {fault}." in done.stderr
    assert "secrets.token_urlsafe(50)" in done.stderr
    assert key not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("key", [KEY, KEY[:50]])
def test_a_secret_key_of_fifty_different_characters_will_do(key):
    assert check(SECRET_KEY=key, DEBUG="off").returncode == 0


def test_the_key_that_the_documents_tell_to_make_is_good_enough():
    made = run("-c", "import secrets; print(secrets.token_urlsafe(50))").stdout.strip()
    assert check(SECRET_KEY=made, DEBUG="off").returncode == 0


def test_a_token_of_the_metrics_that_can_be_guessed_is_refused_in_a_sentence():
    done = check(SECRET_KEY=KEY, METRICS_TOKEN="prometheus")
    assert done.returncode != 0
    assert "METRICS_TOKEN has 10 characters and needs 32." in done.stderr
    assert check(SECRET_KEY=KEY, METRICS_TOKEN=KEY[:32]).returncode == 0


@pytest.mark.parametrize("dsn", ["sentry", "https://sentry.example/1", "https://key@sentry.example/project"])
def test_an_address_for_errors_that_is_none_is_refused_in_a_sentence(dsn):
    done = check(SECRET_KEY=KEY, SENTRY_DSN=dsn)
    assert done.returncode != 0
    assert "SENTRY_DSN must look like https://KEY@HOST/NUMBER" in done.stderr
    assert "Traceback" not in done.stderr


OIDC = {
    "OIDC_ISSUER": "https://id.example/realm",
    "OIDC_CLIENT_ID": "estimation",
    "OIDC_CLIENT_SECRET": KEY,
}


@pytest.mark.parametrize("missing", OIDC)
def test_half_of_the_settings_of_an_openid_provider_are_refused_in_a_sentence(missing):
    done = check(SECRET_KEY=KEY, **OIDC | {missing: ""})
    assert done.returncode != 0
    assert f"{missing} not set: sign-in by OpenID Connect needs" in done.stderr
    assert "Set all three, or none." in done.stderr
    assert KEY not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("issuer", "fault"),
    [
        ("http://id.example", "must begin with https://"),
        ("http://127.0.0.1.id.example", "must begin with https://"),
        ("id.example", "must look like https://HOST or https://HOST/PATH"),
        ("https://id.example/?a=b", "must look like https://HOST or https://HOST/PATH"),
        ("https://[", "must look like https://HOST or https://HOST/PATH"),
        (f"https://id.example/{'a' * 250}", "has 269 characters and may have 255"),
    ],
)
def test_an_openid_provider_that_is_none_is_refused_in_a_sentence(issuer, fault):
    done = check(SECRET_KEY=KEY, **OIDC | {"OIDC_ISSUER": issuer})
    assert done.returncode != 0
    assert f"OIDC_ISSUER {fault}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("issuer", "debug"),
    [("http://localhost:8080", "off"), ("http://127.0.0.1", "off"), ("http://id.example", "on")],
)
def test_an_openid_provider_without_tls_is_for_this_machine_and_for_developing(issuer, debug):
    assert check(SECRET_KEY=KEY, DEBUG=debug, **OIDC | {"OIDC_ISSUER": issuer}).returncode == 0


def test_the_secret_of_the_openid_provider_may_stand_in_a_file_and_its_host_is_its_name(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("from a file")
    done = run(
        "-c",
        "from django.conf import settings; print(settings.OIDC_CLIENT_SECRET, settings.OIDC_NAME)",
        SECRET_KEY=KEY,
        OIDC_ISSUER=OIDC["OIDC_ISSUER"],
        OIDC_CLIENT_ID="estimation",
        OIDC_CLIENT_SECRET_FILE=str(secret),
    )
    assert done.stdout.strip() == "from a file id.example"


def test_a_short_secret_key_is_no_obstacle_to_developing():
    assert check(SECRET_KEY="x", DEBUG="on").returncode == 0


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
    done = check(SECRET_KEY=KEY, DATABASE_URL=url)
    assert done.returncode != 0
    assert "DATABASE_URL must begin with sqlite:/// or mysql://" in done.stderr
    assert "Traceback" not in done.stderr
    assert "a:b" not in done.stderr


def test_a_scheme_that_nobody_knows_is_refused_in_a_sentence():
    done = check(SECRET_KEY=KEY, DATABASE_URL="nonsense://a:b@c/d")
    assert done.returncode != 0
    assert "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_is_ready_for_earnest_use():
    done = run(
        "manage.py",
        "check",
        "--deploy",
        "--fail-level=WARNING",
        SECRET_KEY=KEY,
        DEBUG="off",
        HTTPS="on",
        ALLOWED_HOSTS="estimation.example.org",
    )
    assert done.returncode == 0, done.stderr


PRINT_SIGN_UP = "from django.conf import settings; print(settings.SIGN_UP_BY_MAIL)"


@pytest.mark.parametrize(
    ("url", "by_mail"),
    [("", "False"), ("consolemail://", "False"), ("smtp+tls://a:b@mail.example:587", "True")],
)
def test_whoever_signs_up_gets_a_mail_where_mails_are_sent(url, by_mail):
    variables = {"EMAIL_URL": url} if url else {}
    done = run("-c", PRINT_SIGN_UP, SECRET_KEY=KEY, **variables)
    assert done.stdout.strip() == by_mail, done.stderr


@pytest.mark.parametrize("proxies", ["nonsense", "*", "10.0.0.1/8", "proxy.example"])
def test_proxies_that_are_no_addresses_are_refused_in_a_sentence(proxies):
    done = check(SECRET_KEY=KEY, TRUSTED_PROXIES=proxies)
    assert done.returncode != 0
    assert (
        f"TRUSTED_PROXIES takes addresses and networks such as 127.0.0.1 or 10.0.0.0/8, not “{proxies}”"
        in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_the_setting_before_it_is_refused_with_what_to_do():
    done = check(SECRET_KEY=KEY, BEHIND_PROXY="on")
    assert done.returncode != 0
    assert "Set TRUSTED_PROXIES to the address of the proxy" in done.stderr
    assert check(SECRET_KEY=KEY, BEHIND_PROXY="on", TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8").returncode == 0


def test_nothing_is_shown_to_developers_unless_one_says_so():
    done = run("-c", "from django.conf import settings; print(settings.DEBUG)", SECRET_KEY=KEY)
    assert done.stdout.strip() == "False"


def test_a_password_is_kept_as_a_hash_that_is_slow_to_guess():
    """At least what OWASP asks of PBKDF2 with SHA-256 (Password Storage Cheat Sheet): 600,000 rounds."""
    make = "from django.contrib.auth.hashers import make_password; print(make_password('x'))"
    done = run("-c", f"import django; django.setup(); {make}", SECRET_KEY=KEY)
    algorithm, rounds, salt, _hash = done.stdout.strip().split("$")
    assert algorithm == "pbkdf2_sha256"
    assert int(rounds) >= 600_000
    assert len(salt) >= 22  # of 62 characters: 128 bits


PRINT_TLS = (
    "from django.conf import settings; options = settings.DATABASES['default']['OPTIONS'];"
    "print(options.get('ssl'), options.get('ssl_mode'))"
)


@pytest.mark.parametrize(
    ("variables", "tls"),
    [
        ({}, "None None"),
        ({"DATABASE_CA_FILE": "/etc/ca.pem"}, "{'ca': '/etc/ca.pem'} VERIFY_IDENTITY"),
    ],
)
def test_a_server_is_recognised_by_its_certificate_where_one_is_named(variables, tls):
    done = run("-c", PRINT_TLS, SECRET_KEY=KEY, DATABASE_URL="mysql://a:b@c/d", **variables)
    assert done.stdout.strip() == tls, done.stderr


def test_a_format_of_the_log_that_there_is_not_is_refused_in_a_sentence():
    done = check(SECRET_KEY="", DEBUG="on", LOG_FORMAT="xml")
    assert "LOG_FORMAT must be json or plain." in done.stderr
    assert "Traceback" not in done.stderr
