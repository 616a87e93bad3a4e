"""The hazards that the rules know: their codes, the function that looks for each, and whom it concerns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from evolution.findings import Finding, Level


@dataclass(frozen=True)
class Problem:
    """What a rule yields; the walk through the plan knows the rest of the finding."""

    message: str
    hint: str = ""
    details: tuple[str, ...] = ()
    level: Level = Level.WARNING


class Scope(Enum):
    """What a rule's function is called with."""

    OPERATION = "a Step"
    MIGRATION = "the Steps of a migration"
    OTHER = "something of its own"


Check = Callable[..., Iterator[Problem]]


@dataclass(frozen=True)
class Hazard:
    """A rule. Its number names the hazard; the letter says whether it is an error (E) or a warning (W) here."""

    number: int
    levels: frozenset[Level]
    check: Check
    scope: Scope
    for_authors: bool  # only those who may edit the file can do something about it
    looks_at_rows: bool  # found in one database and not in another

    @property
    def codes(self) -> set[str]:
        """The codes that its findings may have."""
        return {code(level, self.number) for level in self.levels}

    def found(self, subject: object, *, own: bool) -> Iterator[Problem]:
        """What the rule finds; without the warnings that only those can heed who may edit the file, if not `own`."""
        if own or not self.for_authors:
            yield from self.check(subject)
        elif Level.ERROR in self.levels:
            yield from (problem for problem in self.check(subject) if problem.level is Level.ERROR)

    def finding(self, problem: Problem, migration: str = "", operation: str = "") -> Finding:
        """The finding that `problem` is."""
        return Finding(
            code(problem.level, self.number),
            problem.level,
            migration,
            operation,
            problem.message,
            problem.hint,
            problem.details,
        )


HAZARDS: dict[int, Hazard] = {}


def hazard(
    *codes: str, scope: Scope = Scope.OPERATION, for_authors: bool = False, looks_at_rows: bool = False
) -> Callable[[Check], Check]:
    """Make a function the rule of the hazard with these codes, such as "E303", "W303"."""

    def register(check: Check) -> Check:
        levels = frozenset(Level.ERROR if code[0] == "E" else Level.WARNING for code in codes)
        number = int(codes[0][1:])
        HAZARDS[number] = Hazard(number, levels, check, scope, for_authors, looks_at_rows)
        return check

    return register


def code(level: Level, number: int) -> str:
    """The code of a hazard's findings of this level."""
    return f"evolution.{'E' if level is Level.ERROR else 'W'}{number}"
