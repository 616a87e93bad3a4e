"""The pages need to read and to write rows, and no other right: what changes tables is another user's."""

import os
from collections.abc import Iterator
from secrets import token_hex
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from estimation.tests.load.team import Team
from estimation.tests.site import Site
from issues.models import Round, Vote

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite knows no users"),
]
RIGHTS = "SELECT, INSERT, UPDATE, DELETE"


@pytest.fixture
def address() -> Iterator[str]:
    """DATABASE_URL of a user with these rights in the tests' database."""
    name, password = f"pages_{token_hex(4)}", token_hex(8)
    database = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {name}@'%%' IDENTIFIED BY %s", [password])
        cursor.execute(f"GRANT {RIGHTS} ON `{database}`.* TO {name}@'%'")
    parts = urlsplit(os.environ["DATABASE_URL"])
    yield f"mysql://{name}:{password}@{parts.hostname}:{parts.port}/{database}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP USER {name}@'%'")


def test_a_team_estimates_with_no_right_to_change_a_table(address, tmp_path):
    site = Site(DATABASE_URL=address)
    site.output = tmp_path / "log"
    site.start()
    try:
        team = Team([site.url], "Payments", voters=3, seed=1)
        team.gather()
        with team.playing():
            while len(team.settled) < 2:
                assert "denied" not in site.output.read_text()
    finally:
        site.kill()
    votes = list(Vote.objects.values_list("round_id", "name", "card"))
    assert team.wrongs(votes, dict(Round.objects.values_list("pk", "estimate"))) == []


def test_the_docs_name_these_rights():
    page = (settings.BASE_DIR / "docs" / "deployment.md").read_text()
    assert f"GRANT {RIGHTS} ON estimation.* TO " in page
