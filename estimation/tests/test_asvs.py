"""docs/asvs.md has every requirement of levels 1 and 2 once, its figures are right, and the tests that it names exist.

The numbers and levels are those of OWASP ASVS 5.0.0 (https://github.com/OWASP/ASVS, release v5.0.0).
"""

import ast
import csv
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "asvs.md").read_text()
WITHOUT_TEST = {"does not apply: ": "does not apply", "open: ": "open"}


@dataclass(frozen=True)
class Line:
    """A requirement as the page tells it."""

    number: str
    level: str
    meaning: str
    how: str
    tests: tuple[str, ...]

    @property
    def status(self) -> str:
        """Met, open, or does not apply."""
        return next((status for words, status in WITHOUT_TEST.items() if self.how.startswith(words)), "met")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def lines() -> list[Line]:
    found = (cells(line) for line in PAGE.splitlines() if re.match(r"\| \d+\.\d+\.\d+ \|", line))
    return [
        Line(number, level, meaning, how, tuple(re.findall(r"`([^`]+)`", tests)))
        for number, level, meaning, how, tests in found
    ]


def required() -> list[tuple[str, str]]:
    with Path(__file__).with_name("asvs-5.0.0.csv").open(newline="") as file:
        return [(row["number"], row["level"]) for row in csv.DictReader(file)]


@cache
def functions_of(path: str) -> frozenset[str]:
    """The names of the functions in a file; none where there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


LINES = lines()


def test_every_requirement_stands_there_once_in_its_place():
    assert [(line.number, line.level) for line in LINES] == required()


def test_each_stands_under_its_chapter():
    for title, text in re.findall(r"^## (\d+)\. [^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL):
        assert set(re.findall(r"^\| (\d+)\.", text, re.MULTILINE)) == {title}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.number)
def test_what_is_met_is_shown_by_a_test_and_nothing_else_is(line: Line):
    assert line.meaning
    assert line.how
    assert bool(line.tests) == (line.status == "met")
    missing = [
        test for test in line.tests if test.partition("::")[2] not in functions_of(test.partition("::")[0])
    ]
    assert missing == []


def test_what_does_not_apply_or_is_open_says_why():
    for line in LINES:
        reason = line.how.partition(": ")[2] if line.status != "met" else "met"
        assert reason.strip(), line.number


def test_the_figures_are_counted():
    count = Counter((line.level, line.status) for line in LINES)
    for level in ("1", "2"):
        met, unmet, other = (count[level, status] for status in ("met", "open", "does not apply"))
        assert f"| {level} | {met + unmet} | {met} | {unmet} | {other} |" in PAGE
