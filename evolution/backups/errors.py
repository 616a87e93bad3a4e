"""What can be wrong with a backup; each message is a sentence that says what to do."""


class BackupError(Exception):
    """Any of the others."""


class BackupFailed(BackupError):
    """It could not be made, or not be restored; what was there before is untouched unless it says otherwise."""


class BackupRefused(BackupError):
    """It is damaged, or of another project or engine; nothing was touched."""


class NotProved(BackupError):
    """What came out of the backup is not what went in."""
