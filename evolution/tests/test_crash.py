"""`migrate` killed at moments spread over a run, and run again. `make crashtest` tries every moment."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

# Far enough apart to be quick; a prime, so that the moments are of every kind.
EVERY = 97


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_run_that_was_killed_goes_on_and_ends_as_if_nothing_had_happened(empty_database, direction):
    answer = subprocess.run(
        [sys.executable, "-m", "evolution.tests.crash", direction, "--first", "11", "--every", str(EVERY)],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": empty_database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout, answer.stderr
    *wrong, count = map(json.loads, answer.stdout.splitlines())
    assert wrong == []
    assert count["cells"] >= 3
