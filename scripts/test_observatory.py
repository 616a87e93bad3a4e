"""What `make observatory` says, without the scanner itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from observatory import told

SCRIPT = Path(__file__).with_name("observatory.py")


def test_without_node_it_says_in_a_sentence_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("The scanner needs node 20 or newer, and npm.")
    assert done.stderr.count("\n") == 1


def test_each_test_that_was_not_passed_is_told_without_markup() -> None:
    found = {
        "grade": "B", "score": 70, "passed": 9, "tests": 10,
        "failed": ["strict-transport-security: <p>\n  <code>Header</code> not there.\n</p>"],
    }  # fmt: skip
    assert told("nginx", found).splitlines() == [
        "nginx: B, 70 points, 9 of 10 tests",
        "    strict-transport-security: Header not there.",
    ]
