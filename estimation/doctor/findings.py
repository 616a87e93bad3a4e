"""What is found: how bad it is, in plain words, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # works, and wants to be looked at
    PROBLEM = "problem"  # does not work, or is dangerous


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what was seen; both in a sentence. `remedy` says what to do where something is."""

    subject: str
    level: Level
    message: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return {
            "subject": self.subject,
            "level": self.level.value,
            "message": self.message,
            "remedy": self.remedy,
        }


def ok(subject: str, message: str) -> Finding:
    """All is well with it."""
    return Finding(subject, Level.OK, message)


def warning(subject: str, message: str, remedy: str) -> Finding:
    """It works, and wants to be looked at."""
    return Finding(subject, Level.WARNING, message, remedy)


def problem(subject: str, message: str, remedy: str) -> Finding:
    """It does not work, or is dangerous."""
    return Finding(subject, Level.PROBLEM, message, remedy)
