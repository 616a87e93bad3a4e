"""What docs/import-export.md says is what happens."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from groups.models import Group
from issues import columns, exports
from issues.csv_files import MAX_BYTES, MAX_COLUMNS, MAX_ROWS
from users.models import User

PAGE = (Path(settings.BASE_DIR) / "docs" / "import-export.md").read_text(encoding="utf-8")
SAMPLES = Path(__file__).parent / "samples"
COMMANDS = re.findall(r"^python manage\.py (.+)$", PAGE, re.MULTILINE)


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs_as_it_is_written(command, payments, tmp_path, monkeypatch):
    for sample in SAMPLES.glob("*.csv"):
        shutil.copy(sample, tmp_path)
    (tmp_path / "issues.csv").write_text(exports.text(payments, "csv") + '"A-1","Pay"\n', encoding="utf-8")
    demo = User.objects.create_user("alice@demo.example", nickname="Alice")
    Group.objects.filter(pk=payments.pk).update(user=demo)
    monkeypatch.chdir(tmp_path)
    name, *arguments = shlex.split(command, comments=True)
    call_command(name, *[str(payments.pk) if word == "1" else word for word in arguments])


def test_the_page_tells_the_limits():
    said = " ".join(PAGE.split())
    assert f"at most {MAX_BYTES // 1024**2} MiB, {MAX_ROWS:,} rows beside the first" in said
    assert f"and {MAX_COLUMNS} columns" in said


@pytest.mark.parametrize("column", exports.COLUMNS)
def test_every_column_of_an_export_is_explained(column):
    assert re.search(rf"^\| .*`{column}`.* \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("field", columns.FIELDS)
def test_every_field_that_a_column_can_be_is_named(field):
    assert f"`{field}`" in PAGE
