"""What is known of a backup: written beside its data, in the same folder."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evolution.accounting import Accounts
from evolution.backups.errors import BackupRefused

FILE = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """All of this was true at one moment, the one that the data is of, but for the tables in `moved`."""

    project: str
    engine: str  # SQLite, MariaDB or MySQL
    version: str
    database: str
    place: str  # host and port, or the folder of the file
    made: str  # ISO 8601, UTC
    migrations: list[str]
    accounts: Accounts
    schema: str  # a digest of the schema
    data: str  # the name of the file
    size: int
    content: int  # its size when unpacked
    sha256: str
    moved: list[str]  # tables that were written to meanwhile: counted, but not to be compared
    proved: str | None = None  # when it was restored and compared

    @property
    def state(self) -> str:
        """A short name of the recorded migrations."""
        return state_of(self.migrations)

    @property
    def rows(self) -> int:
        return sum(account.rows for account in self.accounts.tables.values())

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"accounts": self.accounts.as_dict(), "state": self.state, "format": FORMAT}


@dataclass(frozen=True)
class Backup:
    """A backup: a folder that holds a manifest and the data."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def data(self) -> Path:
        return self.folder / self.manifest.data

    def mark_proved(self, when: str) -> "Backup":
        """Note that it was restored and compared."""
        proved = replace(self, manifest=replace(self.manifest, proved=when))
        write(proved.folder, proved.manifest)
        return proved


def state_of(migrations: list[str]) -> str:
    """A short name of a set of migrations: the same for the same set."""
    if not migrations:
        return "empty"
    return hashlib.sha256("\n".join(sorted(migrations)).encode()).hexdigest()[:8]


def short_digest(things: list[Any]) -> str:
    """The same for the same things in any order."""
    return hashlib.sha256("\n".join(sorted(map(repr, things))).encode()).hexdigest()[:16]


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, in one step and down to the disk."""
    content = manifest.as_dict()
    new = folder / f"{FILE}.new"
    with new.open("w", encoding="utf-8") as file:
        json.dump(content | {"seal": _seal(content)}, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / FILE)
    sync(folder)


def read(folder: Path) -> Backup:
    """The backup in `folder`. Raises BackupRefused where there is none, or its manifest is damaged."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        seal, form = content.pop("seal"), content.pop("format")
        if _seal(content | {"format": form}) != seal or form != FORMAT:
            raise BackupRefused(f"{folder / FILE} was changed, or is of another version of this program.")
        del content["state"]
        return Backup(folder, Manifest(**content | {"accounts": Accounts.from_dict(content["accounts"])}))
    except (FileNotFoundError, NotADirectoryError):
        raise BackupRefused(f"There is no backup in {folder}: {FILE} is missing.") from None
    except OSError as error:
        raise BackupRefused(f"{folder / FILE} can't be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BackupRefused(f"{folder / FILE} is damaged.") from None


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _seal(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
