"""Backups that are proved by restoring them: `make`, `prove`, `restored_copy`, `restore`, and the archive."""

from evolution.backups.archive import backups, damaged, find, remove, retain
from evolution.backups.errors import BackupError, BackupFailed, BackupRefused, NotProved
from evolution.backups.making import is_empty, made_of, make, needs
from evolution.backups.manifest import Backup, Manifest
from evolution.backups.restoring import check, mark_proved, prove, restore, restored_copy

__all__ = [
    "Backup",
    "BackupError",
    "BackupFailed",
    "BackupRefused",
    "Manifest",
    "NotProved",
    "backups",
    "check",
    "damaged",
    "find",
    "is_empty",
    "made_of",
    "make",
    "mark_proved",
    "needs",
    "prove",
    "remove",
    "restore",
    "restored_copy",
    "retain",
]
