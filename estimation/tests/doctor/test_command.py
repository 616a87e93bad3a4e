"""The command `manage.py doctor`: its lines, its JSON, its exit code, and what it never does."""

import json
import re
from io import StringIO

import pytest
from django.conf import settings as site_settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from estimation.doctor import examine
from estimation.tests.doctor.examining import doctor

pytestmark = pytest.mark.django_db


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
