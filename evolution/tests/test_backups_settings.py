"""The setting EVOLUTION: safe when it is left out, refused when it is wrong."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from evolution.conf import configuration

pytestmark = pytest.mark.once


def test_everything_may_be_left_out(settings):
    settings.EVOLUTION = {}
    settings.ROOT_URLCONF = "shop.urls"
    found = configuration()
    assert found.backup_folder == Path(settings.BASE_DIR) / "backups"
    assert (found.project, found.backups_kept, found.backups_kept_days) == ("shop", 10, None)


def test_the_environment_wins(settings, monkeypatch):
    settings.EVOLUTION = {"BACKUPS_KEPT": 3, "DUMP_PROGRAM": ["dump"]}
    monkeypatch.setenv("EVOLUTION_BACKUPS_KEPT", "4")
    monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", "loader '/a b/dump'")
    assert configuration().backups_kept == 4
    assert configuration().dump_program == ("loader", "/a b/dump")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"BACKUP_FOLER": "x"}, "EVOLUTION has no key BACKUP_FOLER"),
        ({"BACKUPS_KEPT": 0}, "BACKUPS_KEPT in EVOLUTION can't be 0"),
        ({"BACKUPS_KEPT": "many"}, "BACKUPS_KEPT in EVOLUTION can't be 'many'"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name(settings, given, sentence):
    settings.EVOLUTION = given
    with pytest.raises(ImproperlyConfigured, match=sentence):
        configuration()
