"""What is ready before anybody comes."""

import subprocess
import sys

import pytest


@pytest.mark.once
def test_the_views_are_loaded_before_the_first_who_come():
    loaded = "import sys, estimation.asgi; print('issues.views.room' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
