"""The backups: where they go, whether there is room, which is the newest, and what makes them."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from estimation.doctor.findings import Finding, ok, problem, warning
from evolution import backups
from evolution.backups import engines, programs
from evolution.backups.archive import in_words
from evolution.conf import configuration

OLD = timedelta(days=2)
MAKE = "Run: manage.py backup --verify"


def look() -> Iterator[Finding]:
    """What a backup needs, and what there is."""
    path = configuration().backup_folder
    refusal = _refusal(path)
    yield (
        problem("backup folder", refusal, "Name another one: EVOLUTION_BACKUP_FOLDER.")
        if refusal
        else _room(path)
    )
    if not refusal:
        yield from _newest()
    yield from _programs()


def _refusal(path: Path) -> str:
    """Why nothing can be written there; empty where it can. Looks, and writes nothing."""
    nearest = _nearest(path)
    if not nearest.is_dir():
        return f"{nearest} is no folder."
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        return f"{nearest} can't be written to by this user."
    return ""


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists: it is made with the first backup."""
    return next(each for each in (path, *path.absolute().parents) if each.exists())


def _room(path: Path) -> Finding:
    free, needed = shutil.disk_usage(_nearest(path)).free, backups.needs(connection)
    if free < needed:
        return problem(
            "backup folder",
            f"{path} has {in_words(free)} free, and a backup may need {in_words(needed)}.",
            "Make room, or name another one: EVOLUTION_BACKUP_FOLDER.",
        )
    return ok("backup folder", f"{path}, {in_words(free)} free; a backup needs {in_words(needed)} at most.")


def _newest() -> Iterator[Finding]:
    for sentence in backups.damaged():
        yield problem("backups", sentence, "Look at it, and remove the folder.")
    kept = backups.made_of(connection)
    if not kept:
        yield warning("backups", "There is none of this database.", MAKE)
        return
    about = kept[-1].manifest
    age = datetime.now(UTC) - datetime.fromisoformat(about.made)
    if age > OLD:
        yield warning(
            "backups", f"The newest is {age.days} days old.", f"{MAKE}, or let a timer: docs/deployment.md"
        )
    elif not about.proved:
        yield warning("backups", "The newest was never restored and compared.", MAKE)
    else:
        yield ok("backups", f"{len(kept)}; the newest is {_hours(age)} old, and proved.")


def _hours(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def _programs() -> Iterator[Finding]:
    if connection.vendor == "sqlite":
        yield ok("dump programs", "SQLite needs none.")
        return
    engine = engines.title(connection)
    try:
        found = [program(engine).command[0] for program in (programs.dump_program, programs.client_program)]
    except backups.BackupFailed as error:
        yield problem("dump programs", str(error), "Without it migrate makes no backup, and so does nothing.")
    else:
        yield ok("dump programs", f"{', '.join(found)}.")
