#!/usr/bin/env python3
"""How long the Flask version's groups take to get an owner, and a table whose name is no reserved word.

From state A (`group(id, name)`) to state B (`user`, `estimation_group` with an owner), on to the newest state, and
back: by this project's `migrate`, by stock Django's, by an Alembic script as one writes it by hand, and by plain SQL as
the limit of what the database can do; by pt-online-schema-change the column and its index alone, since it makes no
table and gives none another name. Each begins with a database of so many groups, each step is a process of its own,
and a user renames a group every few milliseconds meanwhile.
Printed are the seconds in which the database was changed (without the start of Python, checks, backup, rehearsal and
counts; of pt-online-schema-change all of it), the longest that the user waited in each step, the seconds of all
processes of the line, and the largest one's peak memory.
`python3 scripts/databases.py run mariadb -- .venv/bin/python scripts/bench_upgrade.py --rows 10000 1000000`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from percona_toolkit import online_schema_change

PROJECT = Path(__file__).resolve().parent.parent
ONCE = PROJECT / "scripts" / "bench_upgrade_once.py"
ALEMBIC = PROJECT / ".venv-alembic"
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "estimation.settings",
    "PYTHONPATH": str(PROJECT),
    "SECRET_KEY": "a-key-for-the-benchmark-alone-that-signs-nothing-0123456789",  # nosec B105
}
ALEMBIC_REQUIREMENTS = ("Flask-Migrate==4.1.0", "alembic==1.20.1", "mysqlclient==2.3.1")
TITLES = {
    "ours": "this migrate",
    "stock": "stock Django",
    "alembic": "Alembic script",
    "pt": "pt-osc",
    "sql": "plain SQL",
}
STEPS = ("B", "newest", "A")
REACHED = {"ours": STEPS, "stock": STEPS, "alembic": ("B", "A"), "pt": ("B",), "sql": ("B", "A")}
COLUMN_AND_INDEX = "ADD COLUMN user INT NOT NULL DEFAULT 1, ADD KEY owner (user)"
HEAD = (
    f"{'groups':>10} {'':14} {'to B':>9} {'waited':>8} {'to newest':>10} {'waited':>8} {'back to A':>10} {'waited':>8}"
    f" {'process':>9} {'memory':>8}"
)


def main() -> int:
    """Run every way for every size; a line each goes to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--ways", nargs="+", choices=TITLES, default=list(TITLES))
    options = parser.parse_args()
    if "alembic" in options.ways:
        install_alembic()
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        if url.startswith("sqlite"):
            options.ways = [way for way in options.ways if way != "pt"]
        print(HEAD)
        for rows in options.rows:
            for way in options.ways:
                print(_line(rows, way), flush=True)
    return 0


def _line(rows: int, way: str) -> str:
    _once(_python("prepare", str(rows)))
    shown: dict[str, tuple[str, str]] = {}
    process, memory = 0.0, 0.0
    for target in REACHED[way]:
        with _user_who_writes(rows) as waited:
            seconds, taken, peak = _step(way, target)
        shown[target] = f"{seconds:.2f} s", f"{waited[0]:.2f} s"
        process, memory = process + taken, max(memory, peak)
    widths = {"B": (9, 8), "newest": (10, 8), "A": (10, 8)}
    columns = " ".join(
        f"{text:>{width}}"
        for step in STEPS
        for text, width in zip(shown.get(step, ("", "")), widths[step], strict=True)
    )
    return f"{rows:>10,} {TITLES[way]:14} {columns} {process:>7.1f} s {memory:>5.0f} MB"


def _step(way: str, target: str) -> tuple[float, float, float]:
    """The seconds in which the database was changed, those of the process, and its peak memory in MB."""
    if way == "pt":
        command, environment = online_schema_change(os.environ["DATABASE_URL"], "group", COLUMN_AND_INDEX)
        _told, taken, peak = _once(command, environment)
        return taken, taken, peak
    told, taken, peak = _once(_python(way, target))
    return float(told.split()[-1]), taken, peak


def _python(what: str, argument: str) -> list[str]:
    python = str(ALEMBIC / "bin" / "python") if what == "alembic" else sys.executable
    return [python, str(ONCE), what, argument]


@contextmanager
def _user_who_writes(rows: int) -> Iterator[list[float]]:
    """Somebody renames groups meanwhile; afterwards the list holds the longest that one of them took, in seconds."""
    waited: list[float] = []
    with subprocess.Popen(
        _python("write", str(rows)),
        cwd=PROJECT,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "writes":
            sys.exit("The user who writes can't.")
        try:
            yield waited
        finally:
            process.terminate()
            waited.append(float(process.stdout.read()))


def _once(command: list[str], environment: dict[str, str] | None = None) -> tuple[str, float, float]:
    """What one process told, the seconds of its life, and its peak memory in MB."""
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=(environment or os.environ) | ENVIRONMENT,
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
    return told, time.perf_counter() - began, usage.ru_maxrss / 1000


def install_alembic() -> None:
    """Flask-Migrate in an environment of its own, as the Flask version had it."""
    if not ALEMBIC.is_dir():
        subprocess.run([sys.executable, "-m", "venv", str(ALEMBIC)], check=True)
    pip = [str(ALEMBIC / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *ALEMBIC_REQUIREMENTS], check=True)


if __name__ == "__main__":
    sys.exit(main())
