"""What the command line of `makemigrations` answers beforehand: renames, drops, and reasons."""

from argparse import ArgumentTypeError
from dataclasses import dataclass, field

from evolution.rewriting.stopped import Stopped
from evolution.rules.hazards import HAZARDS


@dataclass
class Told:
    """Answers given beforehand; each is taken note of when it is used.

    A field is written "shop.book.title", a model "shop.book"; `renames` has the new name alone. `reasons` are those
    why a finding does no harm, by its code.
    """

    renames: dict[str, str] = field(default_factory=dict)
    drops: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def renamed(self, old: str, new: str) -> bool | None:
        """Whether `old` became `new` (the name alone), or None where nothing is said of it."""
        owner = old.rpartition(".")[0]
        if old in self.drops or old in self.renames:
            # Only the one that it became uses an answer up: another may still come.
            if old in self.drops or self.renames[old] == new:
                self.used.add(old)
            return self.renames.get(old) == new
        if any(name.rpartition(".")[0] == owner and to == new for name, to in self.renames.items()):
            return False
        return None

    def reason(self, code: str) -> str:
        """Why a finding does no harm, or empty."""
        if code in self.reasons:
            self.used.add(code)
        return self.reasons.get(code, "")

    def refuse_unused_names(self) -> None:
        """Raise `Stopped` where an answer was given that nobody asked for: it may have been meant for a loss."""
        for option, names in (("--rename", set(self.renames)), ("--drop", self.drops)):
            if unused := sorted(names - self.used):
                raise Stopped(
                    f"{option} {', '.join(unused)}: there is no such question, so nothing was written. A rename is "
                    "seen only where nothing but the name has changed: make other changes in a second step."
                )

    def refuse_unused_reasons(self) -> None:
        """Raise `Stopped` where something is accepted that is not there."""
        if unused := sorted(set(self.reasons) - self.used):
            raise Stopped(
                f"--accept {', '.join(unused)}: nothing of the kind is found, so nothing was written. Leave it out."
            )


def rename(text: str) -> tuple[str, str]:
    """Read "shop.book.title=name" or "shop.Book=Tome". Raises ArgumentTypeError."""
    old, equals, new = text.partition("=")
    new = new.rpartition(".")[2]
    if not equals or not new.isidentifier():
        raise ArgumentTypeError(f"{text!r} is not of the form app.model.old=new or app.Old=New.")
    key = name(old)
    return key, new if _is_field(key) else new.lower()


def name(text: str) -> str:
    """Read "shop.book.title" or "shop.Book". Raises ArgumentTypeError."""
    parts = text.split(".")
    if len(parts) not in (2, 3) or not all(part.isidentifier() for part in parts):
        raise ArgumentTypeError(f"{text!r} is not of the form app.model.field or app.Model.")
    parts[1] = parts[1].lower()
    return ".".join(parts)


def reason(text: str) -> tuple[str, str]:
    """Read "W401=why" or "evolution.W401=why". Raises ArgumentTypeError."""
    code, _equals, why = text.partition("=")
    code = f"evolution.{code.removeprefix('evolution.')}"
    if not why.strip():
        raise ArgumentTypeError(f'{text!r} has no reason: write it as W401="why this does no harm here".')
    if not any(code in hazard.codes for hazard in HAZARDS.values()):
        raise ArgumentTypeError(f"there is no code {code}; docs/evolution.md has them all.")
    return code, why.strip()


def _is_field(key: str) -> bool:
    return key.count(".") == 2
