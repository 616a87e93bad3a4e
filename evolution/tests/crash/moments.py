"""The moments of a run: before and after every statement that writes, and every commit."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError

from evolution.metadata_locks import LOCK_WAIT_TIMEOUT

_READS = re.compile(r"\s*(?:SELECT|SHOW|SET|SAVEPOINT|RELEASE|PRAGMA)\b", re.IGNORECASE)
# Scratch databases have another name each time.
_CHANCE = re.compile(r"_scratch_[0-9a-f]{8}")
_MOMENT = re.compile(r"'\d{4}-\d\d-\d\d [\d:.]+'")
# Of an entry of the archive: the number of the run, which stands behind the direction.
_RUN = re.compile(r"(INTO evolution_archive_entry .*?, [01], )\d+(, ')")


def without_chance(sql: str) -> str:
    """A statement without what is another in each run: names made by chance, moments, the number of the run."""
    return _RUN.sub(r"\1…\2", _MOMENT.sub("…", _CHANCE.sub("_scratch_", sql)))


@dataclass(frozen=True)
class Moment:
    """The how manieth it is, whether it is "before" or "after", and what: a statement without its values, or COMMIT."""

    number: int
    side: str
    what: str


def end_oneself(_moment: Moment) -> None:
    """SIGKILL to this very process."""
    os.kill(os.getpid(), signal.SIGKILL)


def pass_by(_moment: Moment) -> None:
    """Nothing."""


@dataclass
class Moments:
    """Goes through the moments of a run, and does something at one of them, or at all.

    `last` is the number of the moment at which `end` is called; 0 for none. `after` is another way to say it: right
    after the first statement that begins with this text. `look` is called at every moment.
    """

    last: int = 0
    after: str = ""
    end: Callable[[Moment], None] = end_oneself
    look: Callable[[Moment], None] = pass_by
    count: int = field(default=0, init=False)

    def reach(self, side: str, what: str) -> None:
        """A moment has come."""
        self.count += 1
        moment = Moment(self.count, side, without_chance(what))
        self.look(moment)
        if self.count == self.last or (self.after and side == "after" and what.startswith(self.after)):
            self.end(moment)

    @contextmanager
    def of(self, connection: Any) -> Iterator[None]:
        """Watch the statements and commits of `connection`."""
        connection.ensure_connection()
        commit = connection.commit

        def watched() -> None:
            self.reach("before", "COMMIT")
            commit()
            self.reach("after", "COMMIT")

        connection.commit = watched
        try:
            with connection.execute_wrapper(self._around):
                yield
        finally:
            connection.commit = commit

    def _around(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if _READS.match(str(sql)):
            return execute(sql, params, many, context)
        self.reach("before", str(sql))
        try:
            result = execute(sql, params, many, context)
        except OperationalError as error:
            if error.args[0] == LOCK_WAIT_TIMEOUT:
                self.count -= 1  # begun in vain, as often as chance has it: it comes again
            raise
        self.reach("after", str(sql))
        return result
