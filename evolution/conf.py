"""The one setting of this application, `EVOLUTION`: a dictionary, of which everything may be left out.

| key | what it is | when left out |
|---|---|---|
| BACKUP_FOLDER | the folder of the backups | `backups` in BASE_DIR, or in the current folder |
| BACKUPS_KEPT | how many backups of a database are kept | 10 |
| BACKUPS_KEPT_DAYS | for how many days a backup is kept at most; None: for ever | None |
| PROJECT | the project's name: a backup of another project is refused | the first part of ROOT_URLCONF |
| DUMP_PROGRAM | the command of the server's dump program | `mariadb-dump` or `mysqldump` on the PATH |
| CLIENT_PROGRAM | the command of the server's client | `mariadb` or `mysql` on the PATH |
| SCRATCH_DATABASE | an empty database on the same server, for a user who may not make one | one is made |
| LOCK_TIMEOUT | seconds that `migrate` waits for another run of it | 300 |
| HEARTBEAT_TIMEOUT | seconds without a sign of life after which a run counts as dead; 5 at least | 60 |
| REHEARSAL_LIMIT | megabytes of data above which a rehearsal has to be asked for, by `--rehearsal` | 10000 |
| LOCK_WAIT | seconds that a schema change waits for other sessions, while new ones queue behind it | 3 |
| LOCK_WAIT_TRIES | how often it tries | 20 |
| COPY_LIMIT | megabytes above which the server may copy a table only where COPY_ALLOWED names it | 100 |
| COPY_ALLOWED | the tables that may be copied whatever their size | [] |
| REPLICAS | the replicas, as aliases in DATABASES, for which a data step in batches waits | [] |
| REPLICA_LAG | seconds that a replica may be behind meanwhile | 2 |
| BUSY_SESSIONS | how many sessions of the server may be at work (`Threads_running`) meanwhile | 25 |
| ACCEPTED | findings accepted in files of others: `{"app.0001_name": {"evolution.E605": "reason"}}` | {} |
| PATIENCE | seconds to wait for a lock of the database before giving up | 5 |

Each can also come from the environment, as `EVOLUTION_BACKUP_FOLDER` and so on; there a command is quoted as in a
shell. The environment wins.
"""

import json
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

MEGABYTE = 1_000_000  # bytes, in which the limits are given


@dataclass(frozen=True)
class Configuration:
    """The setting `EVOLUTION`, complete and typed."""

    backup_folder: Path
    project: str
    backups_kept: int = 10
    backups_kept_days: int | None = None
    dump_program: tuple[str, ...] = ()
    client_program: tuple[str, ...] = ()
    scratch_database: str | None = None
    lock_timeout: int = 300
    heartbeat_timeout: int = 60
    patience: int = 5
    rehearsal_limit: int = 10_000
    lock_wait: int = 3
    lock_wait_tries: int = 20
    copy_limit: float = 100
    copy_allowed: tuple[str, ...] = ()
    replicas: tuple[str, ...] = ()
    replica_lag: int = 2
    busy_sessions: int = 25
    accepted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def configuration() -> Configuration:
    """What `EVOLUTION` and the environment say now.

    Raises ImproperlyConfigured for a key that there is not, or a value that can't be read.
    """
    given: dict[str, Any] = dict(getattr(settings, "EVOLUTION", {}))
    known = {field.name.upper() for field in fields(Configuration)}
    if unknown := sorted(given.keys() - known):
        raise ImproperlyConfigured(
            f"EVOLUTION has no key {unknown[0]}. It may have: {', '.join(sorted(known))}."
        )
    given |= {key: os.environ[f"EVOLUTION_{key}"] for key in known if os.environ.get(f"EVOLUTION_{key}")}
    defaults = {
        "BACKUP_FOLDER": _default_folder(),
        "PROJECT": getattr(settings, "ROOT_URLCONF", "").partition(".")[0],
    }
    return Configuration(**{key.lower(): _read(key, value) for key, value in (defaults | given).items()})


def _default_folder() -> Path:
    return Path(getattr(settings, "BASE_DIR", ".")) / "backups"


def _command(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return _split(value) if isinstance(value, str) else tuple(value)


def _names(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else tuple(value)


def _aliases(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Databases of the project, by their aliases. Raises ValueError for one that there is not."""
    names = _names(value)
    if set(names) - set(connections.settings):
        raise ValueError
    return names


@lru_cache
def _split(command: str) -> tuple[str, ...]:
    return tuple(shlex.split(command))


def _number(value: str | int, least: int = 1) -> int:
    number = int(value)
    if number < least:
        raise ValueError
    return number


_READERS: dict[str, Callable[[Any], Any]] = {
    "BACKUP_FOLDER": Path,
    "PROJECT": str,
    "BACKUPS_KEPT": _number,
    "BACKUPS_KEPT_DAYS": lambda value: None if value is None else _number(value),
    "DUMP_PROGRAM": _command,
    "CLIENT_PROGRAM": _command,
    "SCRATCH_DATABASE": lambda value: value or None,
    "LOCK_TIMEOUT": _number,
    "HEARTBEAT_TIMEOUT": lambda value: _number(value, least=5),
    "PATIENCE": _number,
    "REHEARSAL_LIMIT": _number,
    "LOCK_WAIT": _number,
    "LOCK_WAIT_TRIES": _number,
    "COPY_LIMIT": float,
    "COPY_ALLOWED": _names,
    "REPLICAS": _aliases,
    "REPLICA_LAG": lambda value: _number(value, least=0),
    "BUSY_SESSIONS": _number,
    "ACCEPTED": lambda value: json.loads(value) if isinstance(value, str) else dict(value),
}


def _read(key: str, value: Any) -> Any:
    try:
        return _READERS[key](value)
    except (TypeError, ValueError):
        raise ImproperlyConfigured(f"{key} in EVOLUTION can't be {value!r}: see evolution/conf.py.") from None
