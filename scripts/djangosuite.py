#!/usr/bin/env python3
"""Django's own tests of migrations, on stock Django and on this project's backend and executor, side by side.

They are in Django's source distribution, which pip gets from where it gets everything else. On SQLite, or on
the server that DATABASE_URL names. Ends with 1 where ours has a failure or a skip more than stock, and prints which.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".djangosuite"
LABELS = ["migrations", "schema", "migrate_signals", "backends"]


@dataclass(frozen=True)
class Outcome:
    """How the tests ended on one side."""

    ran: list[str]
    failed: dict[str, str]
    skipped: dict[str, str]
    counts: dict[str, int]


def pinned_version() -> str:
    """The version of Django that requirements.txt names."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    found = re.search(r"^django==(\S+)$", text, re.MULTILINE | re.IGNORECASE)
    if found is None:
        raise SystemExit("djangosuite: requirements.txt does not pin django==VERSION.")
    return found[1]


def django_tests(version: str) -> Path:
    """The folder of Django's tests, downloaded and unpacked if it is not there."""
    tests = FOLDER / f"django-{version}" / "tests"
    if tests.is_dir():
        return tests
    FOLDER.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", "django", "--dest", str(FOLDER), f"django=={version}"]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit("djangosuite: pip could not get Django's source distribution, see above.")
    with tarfile.open(FOLDER / f"django-{version}.tar.gz") as archive:
        archive.extractall(FOLDER, filter="data")
    return tests


def start(side: str, tests: Path, labels: list[str]) -> subprocess.Popen[bytes]:
    """Start the tests on one side, with what they say in a file."""
    environment = {
        **os.environ,
        "DJANGOSUITE": side,
        "DJANGOSUITE_RESULTS": str(FOLDER / f"{side}.json"),
        "DJANGO_SETTINGS_MODULE": "evolution.tests.djangosuite.settings",
        "PYTHONPATH": str(ROOT),
    }
    (FOLDER / f"{side}.json").unlink(missing_ok=True)
    command = [sys.executable, "runtests.py", "--parallel=1", "--noinput", *labels]
    with (FOLDER / f"{side}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=tests, env=environment, stdout=log, stderr=subprocess.STDOUT)


def outcome(side: str) -> Outcome:
    """What a side wrote down at its end."""
    path = FOLDER / f"{side}.json"
    if not path.exists():
        log = (FOLDER / f"{side}.log").read_text(encoding="utf-8", errors="replace")
        raise SystemExit(f"djangosuite: {side} ended before its end:\n" + "\n".join(log.splitlines()[-15:]))
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Outcome(**found)


def differences(stock: Outcome, ours: Outcome) -> list[str]:
    """What is worse in ours, a line each."""
    lines = [f"failed:  {test}" for test in sorted(ours.failed.keys() - stock.failed.keys())]
    lines += [
        f"skipped: {test}: {ours.skipped[test]}"
        for test in sorted(ours.skipped.keys() - stock.skipped.keys())
    ]
    lines += [f"not run: {test}" for test in sorted(set(stock.ran) - set(ours.ran))]
    return lines


def compare(engine: str) -> int:
    """Print a table of both sides, and what is worse in ours; 1 if anything is."""
    stock, ours = outcome("stock"), outcome("ours")
    print(f"{'':8}{'tests':>8}{'passed':>8}{'failed':>8}{'skipped':>8}")
    for side, found in (("stock", stock), ("ours", ours)):
        passed = len(found.ran) - len(found.failed) - len(found.skipped)
        print(f"{side:8}{len(found.ran):8}{passed:8}{len(found.failed):8}{len(found.skipped):8}")
    print(
        f"ours: migrate of this project ran {ours.counts['commands']} times, the journal got {ours.counts['lines']} "
        f"lines, {ours.counts['rebuilds']} tables were built anew"
    )
    worse = differences(stock, ours)
    if not (ours.counts["commands"] and ours.counts["rebuilds" if engine == "sqlite" else "lines"]):
        worse.append("What was to be tried was not at work.")
    for line in worse:
        print(line)
    return 1 if worse else 0


def main(arguments: list[str]) -> int:
    """Run both sides; 1 if ours is worse."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("labels", nargs="*", default=LABELS, help=f"tests (default: {' '.join(LABELS)})")
    parser.add_argument(
        "--command",
        action="store_true",
        help="use this project's migrate in the tests too, which refuses more",
    )
    options = parser.parse_args(arguments)
    if options.command:
        os.environ["DJANGOSUITE_COMMAND"] = "yes"
    version = pinned_version()
    tests = django_tests(version)
    engine = os.environ.get("DATABASE_URL", "sqlite").partition(":")[0]
    title = (
        f"Django {version}, {' '.join(options.labels)}, on {engine} {os.environ.get('DATABASE_VERSION', '')}"
    )
    print(title.rstrip(), flush=True)
    # Both at once: one process each.
    running = [start(side, tests, options.labels) for side in ("stock", "ours")]
    for process in running:
        process.wait()
    return compare(engine)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
