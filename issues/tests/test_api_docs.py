"""What docs/api.md says is tried: each of its commands, on a real server, and its limits."""

import json
import os
import re
import shutil
import subprocess

import pytest
from django.conf import settings

from groups.models import Group
from issues.api.schemas import MAX_PAGE
from issues.models import Issue
from issues.pasting import MAX_LINES
from issues.tests.feed import served
from issues.tests.room import new_issue
from users import api_tokens

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

TEXT = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.+?)```", TEXT, re.DOTALL) for line in block.splitlines()]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (apt: curl)")
def test_the_commands_run_as_they_are_written(payments: Group, alice):
    issue = new_issue(payments, "First")
    token = api_tokens.make(alice)
    with served() as site:
        for command in COMMANDS:
            line = command.replace("/groups/1", f"/groups/{payments.pk}").replace(
                "/issues/1", f"/issues/{issue.pk}"
            )
            environment = os.environ | {"TOKEN": token, "SITE": site}
            done = subprocess.run(
                ["sh", "-c", line], env=environment, capture_output=True, text=True, check=True
            )
            assert "detail" not in json.loads(done.stdout), done.stdout
    assert set(Issue.objects.values_list("title", "key", "sprint")) == {
        ("First", "", "Sprint 7"), ("Refund", "PAY-7", ""),
    }  # fmt: skip


def test_its_limits_are_those_of_the_code():
    assert f"`page_size` up to {MAX_PAGE}" in TEXT
    assert f"At most {MAX_LINES} issues" in TEXT
