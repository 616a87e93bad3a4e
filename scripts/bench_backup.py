#!/usr/bin/env python3
"""What backup and rehearsal of `migrate` take for the Flask version's groups, beside the server's dump program alone.

The dump program writes to nowhere; on SQLite it is the backup interface of the database, which writes a copy. Then
`migrate` takes state A to the newest state, and the seconds of each of its stages are printed.
`python3 scripts/databases.py run mariadb -- .venv/bin/python scripts/bench_backup.py --rows 1000000`.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_upgrade import ENVIRONMENT, PROJECT


def main() -> int:
    """Run it once; lines go to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        os.environ.update(ENVIRONMENT, PYTHONUNBUFFERED="1", EVOLUTION_BACKUP_FOLDER=f"{folder}/backups")
        python = [sys.executable]
        subprocess.run(
            [*python, "scripts/bench_upgrade_once.py", "prepare", str(options.rows)], cwd=PROJECT, check=True
        )
        print(f"{options.rows:,} groups")
        print(f"  {dump_alone(Path(folder)):6.1f} s  the dump program alone")
        for title, seconds in stages([*python, "manage.py", "migrate", "--no-color"]):
            print(f"  {seconds:6.1f} s  {title}")
    return 0


def dump_alone(folder: Path) -> float:
    """The seconds of the server's own program, or of SQLite's own copy."""
    sys.path.insert(0, str(PROJECT))
    import django

    django.setup()
    from django.db import connection

    from evolution.backups import programs

    began = time.perf_counter()
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        copy = sqlite3.connect(folder / "copy.sqlite3")
        connection.connection.backup(copy)
        copy.close()
    else:
        engine = "MariaDB" if connection.mysql_is_mariadb else "MySQL"  # type: ignore[attr-defined]
        for _piece in programs.dumped(connection, engine, "nothing"):
            pass
    connection.close()
    return time.perf_counter() - began


def stages(command: list[str]) -> list[tuple[str, float]]:
    """The stages that `migrate` tells of, with the seconds of each; what it applies is one of them."""
    found: list[tuple[str, float]] = []
    applying = 0.0
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line, began = "", 0.0
        while letter := process.stdout.read(1):
            line += letter
            if line.endswith("..."):
                began = time.perf_counter()
            elif letter == "\n":
                if line.startswith("  Applying"):
                    applying += time.perf_counter() - began
                elif "... OK" in line:
                    found.append((line.strip(), time.perf_counter() - began))
                line = ""
    if process.returncode:
        sys.exit("migrate failed")
    return [*found, ("Applying all migrations", applying)]


if __name__ == "__main__":
    sys.exit(main())
