#!/usr/bin/env python3
"""What the checks, the journal and the accounting of `migrate` cost, beside Django's own `migrate`.

Both take turns on the same database, each run in a process of its own; times are those of the command alone.
`python3 scripts/databases.py run mysql -- .venv/bin/python scripts/bench_migrate.py`, or `make bench`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
NAMES = {"new": "a new database", "rows": "state A with {rows} groups, to the newest state"}


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
            times: dict[str, list[float]] = {"stock": [], "ours": []}
            for number in range(options.runs + 1):
                for who, found in times.items():
                    seconds = _one(case, who, options.rows)
                    if number:  # the first pair warms up
                        found.append(seconds)
            _print(title.format(rows=f"{options.rows:,}"), times)
    return 0


def _one(case: str, who: str, rows: int) -> float:
    """Seconds that one `migrate` took."""
    answer = subprocess.run(
        [sys.executable, __file__.replace("bench_migrate", "bench_migrate_once"), case, who, str(rows)],
        cwd=PROJECT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "estimation.settings",
            "PYTHONPATH": str(PROJECT),
            "SECRET_KEY": "for-the-benchmark-alone",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        sys.exit(answer.stderr)
    return float(answer.stdout.split()[-1])


def _print(title: str, times: dict[str, list[float]]) -> None:
    stock, ours = (statistics.median(times[who]) for who in ("stock", "ours"))
    ratios = [b / a for a, b in zip(times["stock"], times["ours"], strict=True)]
    print(f"{title}, {len(times['stock'])} pairs")
    for who, found in times.items():
        print(f"    {who:<6} median {statistics.median(found):6.2f} s   {min(found):.2f} to {max(found):.2f}")
    print(
        f"    ours/stock, pair by pair: median {statistics.median(ratios):.2f}; {ours - stock:+.2f} s",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
