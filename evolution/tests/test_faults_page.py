"""The page that names a test for each fault names tests that there are."""

import re
from pathlib import Path

import pytest
from django.conf import settings

PAGE = Path(settings.BASE_DIR) / "docs" / "faults.md"
NAMED = re.compile(r"`(test_\w+)`")


@pytest.mark.once
def test_every_test_that_the_page_of_faults_names_is_there():
    tests = [
        *PAGE.parent.parent.glob("evolution/tests/**/*.py"),
        *PAGE.parent.parent.glob("estimation/tests/*.py"),
    ]
    there = set(re.findall(r"^def (test_\w+)", "\n".join(map(Path.read_text, tests)), re.MULTILINE))
    named = set(NAMED.findall(PAGE.read_text()))
    assert len(named) > 40
    assert named - there == set()
