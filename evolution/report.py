"""What `migrate` says while it works: a line a stage, in Django's own form."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from textwrap import indent

from django.core.management.base import OutputWrapper
from django.core.management.color import Style


class Report:
    """Writes stages and their results to `out`; nothing at verbosity 0."""

    def __init__(self, out: OutputWrapper, style: Style, verbosity: int = 1) -> None:
        self.out = out
        self.style = style
        self.verbosity = verbosity

    @contextmanager
    def stage(self, title: str) -> Iterator[Callable[[str], None]]:
        """A line "  Title... OK", written in two parts. Call what this gives to say more than OK."""
        said = ["OK"]
        self._write(f"  {title}...", ending="")
        try:
            yield lambda text: said.__setitem__(0, f"OK, {text}")
        except BaseException:
            self._write(self.style.ERROR(" FAILED"))
            raise
        self._write(self.style.SUCCESS(f" {said[0]}"))

    def note(self, text: str) -> None:
        """Something to be read, below the stage that it belongs to."""
        self._write(indent(text, "    "))

    def warn(self, text: str) -> None:
        """A note that asks for attention."""
        self._write(indent(self.style.WARNING(text), "    "))

    def _write(self, text: str, ending: str = "\n") -> None:
        if self.verbosity > 0:
            self.out.write(text, ending=ending)
            self.out.flush()


def counted(number: int, noun: str) -> str:
    """ "1 row", "2 rows"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def seconds(number: float) -> str:
    """A duration for people."""
    if number < 90:
        return f"{number:.1f} s"
    return f"{number / 60:.0f} minutes" if number < 5400 else f"{number / 3600:.1f} hours"
