"""The table at the end of scripts/test: per engine what ran, from the files below test-results/."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

NOT_RUN = "not run"


@dataclass(frozen=True)
class Row:
    """What is said about one engine, and whether its tests ran at all."""

    engine: str
    text: str
    ran: bool


def from_junit(path: Path) -> Row:
    """The counts of one pytest run."""
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    seconds = 0.0
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):  # pytest's own file # nosec B314
        for name in totals:
            totals[name] += int(suite.get(name, "0"))
        seconds += float(suite.get("time", "0"))
    failed = totals["failures"] + totals["errors"]
    passed = totals["tests"] - failed - totals["skipped"]
    version = path.with_suffix(".version")
    of = f"{version.read_text(encoding='utf-8').strip()}: " if version.exists() else ""
    text = f"{of}{passed} passed, {failed} failed, {totals['skipped']} skipped in {seconds:.0f} s"
    return Row(path.stem, text, ran=passed + failed > 0)


def rows(folder: Path, required: Sequence[str]) -> Iterator[Row]:
    """A row for each engine that ran or said why not, and for each that is required and did neither."""
    texts = {path.stem: path.read_text(encoding="utf-8").strip() for path in folder.glob("*.txt")}
    said = {engine: Row(engine, text, ran=False) for engine, text in texts.items()}
    ran = {path.stem: from_junit(path) for path in folder.glob("*.xml")}
    missing = {engine: Row(engine, NOT_RUN, ran=False) for engine in required}
    known = {**missing, **said, **ran}
    order = ["sqlite", "mariadb", "mysql"]
    yield from (known[engine] for engine in [*order, *sorted(set(known) - set(order))] if engine in known)


def main(folder: str, required: str) -> int:
    """Print the table; 1 if an engine of `required` (names, separated by spaces) did not run, else 0."""
    absent = set(required.split())
    for row in rows(Path(folder), required.split()):
        if row.ran:
            absent.discard(row.engine)
        print(f"    {row.engine:<8} {row.text}")
    if absent:
        print(f"    required and did not run: {' '.join(sorted(absent))}")
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
