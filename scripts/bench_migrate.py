#!/usr/bin/env python3
"""What the checks, the journal and the accounting of `migrate` cost, beside Django's own `migrate`.

Both take turns on the same database, each run in a process of its own. Printed are medians of both, and the median of
the ratios of neighbours.
`python3 scripts/databases.py run mysql -- .venv/bin/python scripts/bench_migrate.py`, or `make bench`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
Times = dict[str, list[tuple[float, float]]]
NAMES = {
    "new": "a new database",
    "test": "the database of a test run, made and dropped",
    "rows": "state A with {rows} groups, to the newest state",
}


def main() -> int:
    """Run the cases; the medians and ratios go to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="groups in the second case")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if "DATABASE_URL" not in os.environ:
            os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        for case, title in NAMES.items():
            times: Times = {"stock": [], "ours": []}
            for number in range(options.runs + 1):
                for who, found in times.items():
                    _once("prepare", case, str(options.rows))
                    taken = _timed(case, who)
                    if number:  # the first pair warms up
                        found.append(taken)
            _print(title.format(rows=f"{options.rows:,}"), times)
    return 0


def _timed(case: str, who: str) -> tuple[float, float]:
    """Seconds of one `migrate`: of the process, as whoever typed it waits for it, and of the command in it."""
    began = time.perf_counter()
    command = float(_once("run", case, who).split()[-1])
    return time.perf_counter() - began, command


def _once(*arguments: str) -> str:
    """What scripts/bench_migrate_once.py prints."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "estimation.settings",
        "PYTHONPATH": str(PROJECT),
        "SECRET_KEY": "a-key-for-the-benchmark-alone-that-signs-nothing-0123456789",  # nosec B105
        "PYTHONDONTWRITEBYTECODE": "",  # nobody compiles the code anew for each command
    }
    answer = subprocess.run(
        [sys.executable, __file__.replace("bench_migrate", "bench_migrate_once"), *arguments],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        sys.exit(answer.stderr)
    return answer.stdout


def _print(title: str, times: Times) -> None:
    print(f"{title}, {len(times['stock'])} pairs")
    for place, name in enumerate(("the process", "the command in it")):
        stock, ours = ([one[place] for one in times[who]] for who in ("stock", "ours"))
        ratio = statistics.median(b / a for a, b in zip(stock, ours, strict=True))
        more = statistics.median(ours) - statistics.median(stock)
        print(
            f"    {name:<18} stock {_spread(stock)}   ours {_spread(ours)}   ours/stock {ratio:.2f}, {more:+.2f} s",
            flush=True,
        )


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    sys.exit(main())
