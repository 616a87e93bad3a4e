"""What docs/retention.md says is tried: its commands, and the options of its table."""

import re
import shlex
import subprocess
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command, load_command_class
from django.utils import timezone

from groups.models import Group
from issues.retention import MIN_DAYS

pytestmark = [pytest.mark.django_db, pytest.mark.once]

TEXT = (settings.BASE_DIR / "docs" / "retention.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.+?)```", TEXT, re.DOTALL) for line in block.splitlines()]


def test_the_commands_run_as_they_are_written(payments: Group, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    payments.archive()
    Group.objects.update(archived_at=timezone.now() - timedelta(days=400))
    for line in COMMANDS:
        words = shlex.split(line)
        if words[:2] == ["python", "manage.py"]:
            call_command(*words[2:])
        else:
            subprocess.run(words, check=True)
    assert not Group.objects.exists()
    assert [path.name for path in (tmp_path / "retained").iterdir()] == [f"group-{payments.pk}-payments.json"]


def test_the_table_has_every_option_that_takes_days():
    parser = load_command_class("issues", "retention").create_parser("manage.py", "retention")
    takes_days = {
        option for action in parser._actions if action.metavar == "DAYS" for option in action.option_strings
    }
    assert {f"{option} DAYS" for option in takes_days} == set(re.findall(r"^\| `(.+?)`", TEXT, re.MULTILINE))
    assert f"A policy is {MIN_DAYS} days at least." in TEXT
