"""`migrate` killed at moments spread over a run, and run again. `make crashtest` tries every moment."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.db.migrations import operations

from evolution.tests.processes import run

# Far enough apart to be quick; a prime, so that the moments are of every kind.
EVERY = 307


def crash(database: str, *arguments: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The cells that were not as they should be, and the line that counts them."""
    answer = subprocess.run(
        [sys.executable, "-m", "evolution.tests.crash", *arguments, "--first", "11", "--every", str(EVERY)],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout, answer.stderr
    *wrong, count = map(json.loads, answer.stdout.splitlines())
    return wrong, count


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_run_that_was_killed_goes_on_and_ends_as_if_nothing_had_happened(empty_database, direction):
    wrong, count = crash(empty_database, direction)
    assert wrong == []
    assert count["cells"] >= 5


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_run_that_was_killed_is_taken_back_to_where_it_began(empty_database, direction):
    wrong, count = crash(empty_database, direction, "--abort", "--apart", "3")
    assert wrong == []
    assert count["cells"] >= 2


def test_the_migrations_under_test_use_every_operation_that_django_has(empty_database):
    code, output, errors = run(
        empty_database,
        "from evolution.tests.crash.scenes import operations; print(*sorted(operations()), sep='\\n')",
    )
    assert code == 0, errors
    assert set(operations.__all__) - set(output.split()) == set()
