"""A site of this machine alone, with a folder for backups."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def backups_folder(tmp_path: Path, monkeypatch) -> Path:
    folder = tmp_path / "backups"
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _a_site_of_this_machine_alone(settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    settings.SILENCED_SYSTEM_CHECKS = ["async.E001"]  # of a variable that only the tests have
