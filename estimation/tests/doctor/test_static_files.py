"""What the doctor says of the collected static files."""

import os
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from estimation.tests.doctor.examining import OK, PROBLEM, WARNING, told

pytestmark = pytest.mark.django_db


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
