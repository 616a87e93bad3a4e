"""Any project can take this application: it needs nothing but Django and its own requirements."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

import evolution

pytestmark = pytest.mark.once

SET_UP = "import django; django.setup(); "


def imported(modules: list[str]) -> subprocess.CompletedProcess[str]:
    """Import these in a process of its own, in a project that has nothing but evolution."""
    return subprocess.run(
        [sys.executable, "-c", f"{SET_UP}import {', '.join(modules)}"],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "evolution.tests.project", "DATABASE_URL": "sqlite://:memory:"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_module_can_be_imported_where_there_is_nothing_but_evolution():
    folder = Path(evolution.__file__).parent
    files = [file.relative_to(folder.parent) for file in sorted(folder.rglob("*.py"))]
    modules = [
        ".".join(file.with_suffix("").parts)
        for file in files
        # The admin's module is for a project that has the admin.
        if "tests" not in file.parts and file.name not in {"__init__.py", "admin.py"}
    ]
    assert len(modules) > 50
    answer = imported(modules)
    assert answer.returncode == 0, answer.stderr
