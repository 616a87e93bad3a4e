#!/usr/bin/env python3
"""How long the Flask version's groups take to get an owner, and a table whose name is no reserved word.

From state A (`group(id, name)`) to state B (`user`, `estimation_group` with an owner), on to the newest state, and
back: by this project's `migrate`, by stock Django's, by an Alembic script as one writes it by hand, and by plain SQL as
the limit of what the database can do. Each begins with a database of so many groups, each step is a process of its own.
Printed are the seconds in which the database was changed (without the start of Python, checks, backup, rehearsal and
counts), those of all processes of the line, and the largest one's peak memory.
`python3 scripts/databases.py run mariadb -- .venv/bin/python scripts/bench_upgrade.py --rows 10000 1000000`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ONCE = PROJECT / "scripts" / "bench_upgrade_once.py"
ALEMBIC = PROJECT / ".venv-alembic"
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "estimation.settings",
    "PYTHONPATH": str(PROJECT),
    "SECRET_KEY": "for-the-benchmark-alone",
}
ALEMBIC_REQUIREMENTS = ("Flask-Migrate==4.1.0", "alembic==1.20.1", "mysqlclient==2.3.1")
TITLES = {
    "ours": "this migrate",
    "stock": "stock Django",
    "alembic": "Alembic script",
    "sql": "plain SQL",
}
HEAD = f"{'groups':>10} {'':16} {'to B':>9} {'to newest':>10} {'back to A':>10} {'process':>9} {'memory':>8}"


def main() -> int:
    """Run every way for every size; a line each goes to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--ways", nargs="+", choices=TITLES, default=list(TITLES))
    options = parser.parse_args()
    if "alembic" in options.ways:
        install_alembic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        print(HEAD)
        for rows in options.rows:
            for way in options.ways:
                print(_line(rows, way), flush=True)
    return 0


def _line(rows: int, way: str) -> str:
    _once(sys.executable, "prepare", str(rows))
    python = str(ALEMBIC / "bin" / "python") if way == "alembic" else sys.executable
    shown: dict[str, str] = {}
    process, memory = 0.0, 0.0
    for target in ("B", "newest", "A"):
        if target == "newest" and way in ("alembic", "sql"):
            continue  # They know of no further state.
        seconds, taken, peak = _once(python, way, target)
        shown[target] = f"{seconds:.2f} s"
        process, memory = process + taken, max(memory, peak)
    columns = f"{shown['B']:>9} {shown.get('newest', ''):>10} {shown['A']:>10}"
    return f"{rows:>10,} {TITLES[way]:16} {columns} {process:>7.1f} s {memory:>5.0f} MB"


def _once(python: str, *arguments: str) -> tuple[float, float, float]:
    """What one process took: the seconds that it tells, those of its life, and its peak memory in MB."""
    began = time.perf_counter()
    with subprocess.Popen(
        [python, str(ONCE), *arguments],
        cwd=PROJECT,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told, errors = process.stdout.read(), process.stderr.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(told + errors)
    seconds = float(told.split()[-1]) if told.strip() else 0.0
    return seconds, time.perf_counter() - began, usage.ru_maxrss / 1000


def install_alembic() -> None:
    """Flask-Migrate in an environment of its own, as the Flask version had it."""
    if not ALEMBIC.is_dir():
        subprocess.run([sys.executable, "-m", "venv", str(ALEMBIC)], check=True)
    pip = [str(ALEMBIC / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *ALEMBIC_REQUIREMENTS], check=True)


if __name__ == "__main__":
    sys.exit(main())
