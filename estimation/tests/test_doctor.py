"""`manage.py doctor`: each thing is broken as it breaks, and has to be told; and nothing else is."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from estimation.doctor import accounts, backup_folder, database, examine
from estimation.doctor.findings import Finding, Level
from evolution import backups, runs
from evolution.backups import manifest
from evolution.models import Run
from issues.tests.redis import running

pytestmark = pytest.mark.django_db

OK, WARNING, PROBLEM = Level
OTHERS_REACH_IT = ["estimation.example.org", "127.0.0.1"]


@pytest.fixture(autouse=True)
def backups_folder(tmp_path: Path, monkeypatch) -> Path:
    folder = tmp_path / "backups"
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _a_site_of_this_machine_alone(settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    settings.SILENCED_SYSTEM_CHECKS = ["async.E001"]  # of a variable that only the tests have


def seen(subject: str) -> list[Finding]:
    """What is said of a subject, without what is all right beside it."""
    findings = [finding for finding in examine() if finding.subject == subject]
    assert findings, f"Nothing is said of {subject}."
    return [finding for finding in findings if finding.level is not OK] or findings


def told(subject: str) -> tuple[Level, str]:
    """The one thing that is said of a subject."""
    (finding,) = seen(subject)
    assert finding.message.endswith((".", ")"))
    assert bool(finding.remedy) == (finding.level is not OK)
    return finding.level, finding.message


def doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", *arguments],
        cwd=site_settings.BASE_DIR,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )


# --- The settings


def test_a_secret_key_is_told_by_its_length_alone(settings):
    settings.SECRET_KEY = "0123456789" * 7
    assert told("secret key") == (OK, "70 characters.")


def test_a_secret_key_that_can_be_guessed_is_noticed_while_developing(settings):
    settings.DEBUG, settings.SECRET_KEY = True, "only-for-development-because-DEBUG-is-on"
    level, message = told("secret key")
    assert level is WARNING
    assert "can be guessed" in message


def test_an_earlier_key_that_can_be_guessed_is_noticed(settings):
    settings.SECRET_KEY_FALLBACKS = ["hunter2"]
    level, message = told("secret key")
    assert level is WARNING
    assert "SECRET_KEY_FALLBACKS" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(("hosts", "level"), [(["localhost"], WARNING), (OTHERS_REACH_IT, PROBLEM)])
def test_debug_is_a_problem_where_others_reach_the_site(settings, hosts, level):
    settings.DEBUG, settings.ALLOWED_HOSTS, settings.HTTPS = True, hosts, True
    assert told("debug")[0] is level
    settings.DEBUG = False
    assert told("debug") == (OK, "Off.")


@pytest.mark.parametrize("hosts", [[], ["*"], ["."], ["estimation.example.org", "*"]])
def test_a_site_without_a_name_of_its_own_is_a_problem(settings, hosts):
    settings.ALLOWED_HOSTS = hosts
    assert told("hosts")[0] is PROBLEM
    settings.ALLOWED_HOSTS = ["estimation.example.org"]
    assert told("hosts") == (OK, "Reached as estimation.example.org.")


def test_https_that_is_off_is_a_problem_where_others_reach_the_site(settings):
    settings.HTTPS, settings.ALLOWED_HOSTS = False, OTHERS_REACH_IT
    assert told("https")[0] is PROBLEM
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    assert told("https")[0] is OK
    settings.HTTPS, settings.ALLOWED_HOSTS = True, OTHERS_REACH_IT
    assert told("https")[0] is OK


@pytest.mark.parametrize(
    ("https", "proxies", "level"),
    [
        (True, ["127.0.0.1"], OK),
        (True, [], WARNING),
        (False, [], OK),
        (True, ["0.0.0.0/0"], PROBLEM),
        (True, ["127.0.0.1", "::/0"], PROBLEM),
    ],
)
def test_the_proxies_have_to_fit(settings, https, proxies, level):
    settings.HTTPS, settings.TRUSTED_PROXIES = https, proxies
    assert told("proxies")[0] is level


def test_what_django_s_own_checks_find_is_told_too(settings):
    assert told("checks")[0] is OK
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    level, message = told("checks")
    assert level is WARNING
    assert "security.W019" in message


# --- Redis, mails, static files


def test_a_redis_that_does_not_answer_is_a_problem(settings):
    settings.REDIS_URL = "redis://:SECRET-OF-REDIS@127.0.0.1:9/0"
    level, message = told("redis")
    assert level is PROBLEM
    assert "127.0.0.1:9" in message
    assert "SECRET-OF-REDIS" not in message


@pytest.mark.once
def test_a_redis_that_answers_is_well(settings):
    with running() as server:
        settings.REDIS_URL = server.url
        assert told("redis") == (OK, "It answers.")


SMTP = "django.core.mail.backends.smtp.EmailBackend"


def test_mails_that_are_only_printed_are_noticed_where_others_reach_the_site(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert told("mail")[0] is OK
    settings.ALLOWED_HOSTS = OTHERS_REACH_IT
    assert told("mail")[0] is WARNING


def test_a_password_that_goes_to_the_mail_server_without_tls_is_noticed(settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "mail.example", 25
    settings.DEFAULT_FROM_EMAIL = "Estimation <estimation@example.org>"
    settings.EMAIL_HOST_PASSWORD = "SECRET-OF-MAIL"
    level, message = told("mail")
    assert (level, "SECRET-OF-MAIL" in message) == (WARNING, False)
    settings.EMAIL_USE_TLS = True
    assert told("mail") == (OK, "Sent by mail.example:25.")


def test_mails_from_nowhere_are_noticed(settings):
    settings.EMAIL_BACKEND, settings.DEFAULT_FROM_EMAIL = SMTP, "Estimation <estimation@localhost>"
    assert told("mail")[0] is WARNING


@pytest.fixture
def static(settings, tmp_path: Path) -> Path:
    """The folder of two files that are to be collected."""
    source = tmp_path / "static"
    source.mkdir()
    for name in ("one.css", "two.css"):
        (source / name).write_text("a { color: red }")
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS, settings.STATIC_ROOT = [source], tmp_path / "collected"
    manifests = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": manifests}
    return source


def collect() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def test_static_files_that_are_not_collected_are_a_problem(static):
    assert told("static files")[0] is PROBLEM
    collect()
    assert told("static files") == (OK, "2 are collected.")


def test_a_static_file_that_is_new_is_a_problem_and_one_that_has_changed_is_noticed(static):
    collect()
    later = timezone.now().timestamp() + 60
    os.utime(static / "one.css", (later, later))
    assert told("static files")[0] is WARNING
    (static / "three.css").touch()
    assert told("static files")[0] is PROBLEM


# --- The database


def test_a_database_that_answers_is_told_with_its_version():
    found = seen("database")
    assert [finding.level for finding in found] == [OK]
    assert any(name in found[0].message for name in ("SQLite 3.", "MariaDB", "utf8mb4"))


@pytest.mark.once
def test_a_database_that_is_not_there_is_a_problem_and_is_not_made(tmp_path):
    done = doctor(DATABASE_URL=f"sqlite:///{tmp_path}/none.sqlite3")
    assert done.returncode == 1
    assert f"There is no {tmp_path}/none.sqlite3 yet. Run: manage.py migrate" in done.stdout
    assert not (tmp_path / "none.sqlite3").exists()


@pytest.mark.once
def test_a_database_that_does_not_answer_is_a_problem(tmp_path):
    done = doctor(DATABASE_URL=f"sqlite:///{tmp_path}")
    assert done.returncode == 1
    assert "problem  database" in done.stdout
    assert "It does not answer: unable to open database file." in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.once
def test_an_empty_database_ends_no_look_at_the_rest(tmp_path):
    (tmp_path / "empty.sqlite3").touch()
    done = doctor(DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")
    assert done.returncode == 1
    assert "The database lacks" in done.stdout
    assert "backup folder" in done.stdout
    assert "Not everything in it could be looked at" in done.stdout
    assert "Traceback" not in done.stderr


WELL = database.Server("11.8.3-MariaDB", "utf8mb4", "utf8mb4_unicode_ci", "STRICT_TRANS_TABLES", 0, 0)


@pytest.mark.parametrize(
    ("server", "levels", "words"),
    [
        (WELL, [OK], "11.8.3-MariaDB"),
        (replace(WELL, charset="latin1"), [OK, PROBLEM], "could not keep every character"),
        (replace(WELL, other_charset=3), [OK, WARNING], "Tables with another character set than utf8mb4: 3."),
        (replace(WELL, other_engine=2), [OK, PROBLEM], "know no transactions: 2."),
    ],
)
def test_a_server_is_judged_by_how_it_keeps_text_and_tables(server, levels, words):
    found = list(database.judged(server))
    assert [finding.level for finding in found] == levels
    assert words in found[-1].message


@contextmanager
def database_is_late(seconds: int) -> Iterator[None]:
    """Its clock differs by so many seconds."""
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        then = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(" ").partition("+")[0]
        connection.connection.create_function("strftime", 2, lambda _form, _moment: then)
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET timestamp = UNIX_TIMESTAMP() - %s", [seconds])
    try:
        yield
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seconds", "level"), [(0, OK), (20, WARNING), (7200, PROBLEM)])
def test_a_database_with_another_time_is_noticed(seconds, level):
    with database_is_late(seconds):
        assert told("clock")[0] is level


# --- The schema


def test_a_release_that_the_schema_does_not_fit_is_a_problem():
    latest = MigrationRecorder(connection).migration_qs.filter(app="issues").order_by("name").last()
    assert latest
    MigrationRecorder(connection).record_unapplied("issues", latest.name)
    level, message = told("schema")
    assert level is PROBLEM
    assert message == f"The database lacks issues.{latest.name}, which this release needs."
    assert told("migrations") == (WARNING, f"Not applied: issues.{latest.name}.")


def test_a_schema_that_fits_is_well():
    assert told("schema") == (OK, "This release works with it.")
    assert told("migrations")[0] is OK


@pytest.mark.parametrize(
    ("outcome", "ago", "applying", "level", "words"),
    [
        (Run.Outcome.FINISHED, 0, True, OK, "finished"),
        (Run.Outcome.ABORTED, 0, True, OK, "aborted"),
        (Run.Outcome.RUNNING, 0, True, WARNING, "goes on, or was killed"),
        (Run.Outcome.RUNNING, 2, True, PROBLEM, "has not ended"),
        (Run.Outcome.FAILED, 0, True, PROBLEM, "had begun to change the database, and is failed"),
        (Run.Outcome.INTERRUPTED, 0, True, PROBLEM, "had begun to change the database, and is interrupted"),
        (Run.Outcome.FAILED, 0, False, WARNING, "had not begun to change anything"),
        (Run.Outcome.REFUSED, 0, False, WARNING, "had not begun to change anything"),
    ],
)
def test_how_the_last_run_of_migrate_ended_is_told(outcome, ago, applying, level, words):
    now = timezone.now()
    run = runs.begin(connection)
    run.outcome, run.started_at = outcome, now - timedelta(hours=ago)
    run.applying_since = now if applying else None
    run.save()
    found, message = told("last run")
    assert found is level
    assert words in message


@pytest.mark.django_db(transaction=True)
def test_a_schema_that_somebody_has_changed_is_noticed():
    run = runs.begin(connection)
    try:
        runs.end(run)
        assert told("drift")[0] is OK
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE by_hand (id integer NOT NULL PRIMARY KEY)")
        assert told("drift")[0] is WARNING
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS by_hand")
        run.delete()


# --- Backups


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


# --- Accounts and sessions


def test_staff_without_two_factor_sign_in_are_counted(settings, staff, alice):
    settings.STAFF_TWO_FACTOR = False
    assert told("staff") == (WARNING, "1 of 1 enter the admin by a password alone.")
    settings.STAFF_TWO_FACTOR = True
    assert told("staff")[0] is WARNING
    device = TOTPDevice.objects.create(user=staff, confirmed=False)
    assert told("staff")[0] is WARNING
    device.confirmed = True
    device.save()
    assert told("staff") == (OK, "1, all with two-factor sign-in.")


def test_many_sessions_that_have_ended_are_noticed():
    now = timezone.now()
    over = [
        Session(session_key=f"key-{number}", expire_date=now - timedelta(days=1))
        for number in range(accounts.MANY)
    ]
    Session.objects.bulk_create(over[1:])
    Session.objects.create(session_key="living", expire_date=now + timedelta(days=1))
    assert told("sessions")[0] is OK
    over[0].save(force_insert=True)
    assert told("sessions") == (WARNING, f"{accounts.MANY} have ended and are still kept.")
    call_command("clearsessions")
    assert told("sessions") == (OK, "0 have ended and are still kept.")


# --- The command


def lines(*arguments: str) -> tuple[int, str]:
    """Its exit code, and what it has written."""
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.once
def test_a_problem_ends_it_with_one_and_a_warning_does_not(settings):
    settings.TRUSTED_PROXIES, settings.HTTPS = [], True
    code, text = lines()
    assert (code, "  warning  proxies        HTTPS is on" in text) == (0, True)
    assert "0 problems, " in text.splitlines()[-1]
    settings.ALLOWED_HOSTS = ["*"]
    code, text = lines()
    assert (code, "  problem  hosts  " in text) == (1, True)
    assert text.splitlines()[-1].startswith("1 problem, ")


def test_it_writes_a_line_for_each_finding(settings):
    settings.ALLOWED_HOSTS = ["*"]
    _code, text = lines()
    assert len(text.splitlines()) == len(examine()) + 1


@pytest.mark.once
def test_it_tells_programs_the_same_as_json(settings):
    settings.ALLOWED_HOSTS, settings.HTTPS = ["*"], True
    code, text = lines("--json")
    written = json.loads(text)
    assert (code, written["problems"]) == (1, 1)
    assert written["findings"] == [finding.as_dict() for finding in examine()]
    assert {finding["level"] for finding in written["findings"]} <= {"ok", "warning", "problem"}


def test_the_page_about_it_shows_all_that_it_looks_at():
    page = (site_settings.BASE_DIR / "docs" / "operations.md").read_text()
    shown = re.findall(r"^  (?:ok     |warning|problem)  ([a-z ]+?)  +\S", page, re.MULTILINE)
    written = dict.fromkeys(finding.subject for finding in examine())
    assert set(shown) == set(written) | {"last run", "drift"}


@pytest.mark.once
def test_it_changes_nothing(tmp_path, backups_folder):
    before = sorted(tmp_path.rglob("*"))
    with CaptureQueriesContext(connection) as asked:
        examine()
    changed = [
        query["sql"]
        for query in asked.captured_queries
        if not query["sql"].lstrip().startswith(("SELECT", "PRAGMA", "SHOW"))
    ]
    assert len(asked.captured_queries) > 5
    assert changed == []
    assert sorted(tmp_path.rglob("*")) == before


SECRETS = {
    "SECRET_KEY": "SECRET-OF-THE-KEY-0123456789-abcdefghijklmnop-QRSTUVWXYZ",
    "SECRET_KEY_FALLBACKS": "SECRET-OF-FALLBACKS",
    "METRICS_TOKEN": "SECRET-OF-METRICS-0123456789-abcdefgh",
    "DATABASE_URL": "mysql://somebody:SECRET-OF-DATABASE@127.0.0.1:9/estimation",
    "REDIS_URL": "redis://:SECRET-OF-REDIS@127.0.0.1:9/0",
    "EMAIL_URL": "smtp://somebody:SECRET-OF-MAIL@mail.example:25",
}


@pytest.mark.once
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_it_tells_no_secret_whatever_is_wrong(arguments):
    pytest.importorskip("MySQLdb")
    done = doctor(*arguments, **SECRETS)
    assert done.returncode == 1
    assert "It does not answer" in done.stdout
    assert "SECRET-OF" not in done.stdout + done.stderr
