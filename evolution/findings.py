"""What the checks of a migration plan find."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """An error stops a run, a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """A hazard in a plan. `docs/evolution.md` has a section for each `code`, such as `evolution.E303`."""

    code: str
    level: Level
    migration: str  # "groups.0004_owner_required", or empty for the plan as a whole
    operation: str  # what Django says of the operation, or empty for the migration as a whole
    message: str  # one sentence
    hint: str = ""  # what to do instead, with code to paste where there is some
    details: tuple[str, ...] = ()  # rows, lines of a file

    @property
    def is_error(self) -> bool:
        """Whether it stops a run."""
        return self.level is Level.ERROR

    def as_json(self) -> dict[str, Any]:
        """The same as values that the json module writes."""
        return asdict(self) | {"level": self.level.value, "details": list(self.details)}
