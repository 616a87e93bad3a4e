"""Real clusters for the tests in this folder, which `make galeratest` runs, and no other task: they take minutes."""

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from evolution.tests.holders import PREPARE
from evolution.tests.processes import run

sys.path.append(str(settings.BASE_DIR / "scripts"))
from galera_cluster import GALERA, Node, running_cluster

collect_ignore_glob = [] if os.environ.get("GALERA") else ["test_*.py"]


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Node]]:
    """Three nodes of a cluster of their own, in which the library's first migration is applied, with rows."""
    programs = GALERA.programs()
    monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", shlex.join(programs.command("mariadb-dump")))
    monkeypatch.setenv("EVOLUTION_CLIENT_PROGRAM", shlex.join(programs.command("mariadb")))
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    with running_cluster() as nodes:
        code, _output, errors = run(nodes[0].url, PREPARE)
        assert code == 0, errors
        yield nodes
