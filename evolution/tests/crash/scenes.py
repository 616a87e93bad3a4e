"""A run of `migrate` from one state of the library to another, known in every moment, to be killed again and again."""

import hashlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.scratch import connected
from evolution.tests.crash.children import Say, in_a_child
from evolution.tests.crash.contents import contents, fill, journal, last_run
from evolution.tests.crash.moments import Moment, Moments
from evolution.tests.crash.runs import begin_at, migrate, migrate_by_django
from evolution.tests.crash.snapshots import Snapshot


@dataclass(frozen=True)
class Seen:
    """What there is to see in the database at some moment."""

    contents: str
    journal: dict[str, Any]
    run: str


def seen(database: BaseDatabaseWrapper = connection) -> Seen:
    """What there is to see in the database now: a digest of all tables, and the state of the journal."""
    digest = hashlib.sha256(repr(contents(database)).encode()).hexdigest()
    return Seen(digest, journal(database), last_run(database))


@dataclass
class Scene:
    """A run to `target` from what the database holds when the scene is set; `every` and `first` choose its moments."""

    target: str
    first: int = 1
    every: int = 1
    snapshot: Snapshot = field(init=False)
    before: dict[str, Any] = field(init=False)
    after: dict[str, Any] = field(init=False)  # as Django alone leaves it
    peaceful: dict[str, Any] = field(init=False)  # as our run leaves it that nothing disturbs
    moments: list[tuple[Moment, Seen]] = field(init=False, default_factory=list)
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.snapshot = Snapshot()
        self.snapshot.restore()
        self.before = contents()
        migrate_by_django(self.target)
        self.after = contents()
        self.snapshot.restore()
        ended = in_a_child(self._in_peace)  # as those are that will be killed
        if ended.code:
            raise RuntimeError(f"migrate to {self.target} failed without being killed")
        *moments, self.total = ended.said
        self.moments = [(Moment(*moment), Seen(*there)) for moment, there in moments]
        self.peaceful = contents()

    def _in_peace(self, say: Say) -> None:
        with connected(connection, str(connection.settings_dict["NAME"])) as onlooker:

            def look(moment: Moment) -> None:
                if moment.number % self.every == self.first % self.every:
                    say([astuple(moment), astuple(seen(onlooker))])

            say(migrate(self.target, moments=Moments(look=look)))


def names() -> list[str]:
    """The library's migrations in their order."""
    from django.db.migrations.loader import MigrationLoader

    return sorted(name for app, name in MigrationLoader(None).disk_migrations or {} if app == "library")


def operations() -> set[str]:
    """The names of the classes of all operations in the library's migrations."""
    from django.db.migrations.loader import MigrationLoader

    migrations = MigrationLoader(None).disk_migrations or {}
    return {
        type(operation).__name__
        for (app, _name), migration in migrations.items()
        if app == "library"
        for operation in migration.operations
    }


def scenes(
    direction: str, *, first: int, every: int, whole: bool, apart: int = 1
) -> Iterator[tuple[str, Scene]]:
    """The scenes of a direction, "up" or "down", each with its title: one a migration, or the whole way in one run.

    Only every `apart`-th migration is one. Each begins with the rows that the way up has brought it, whichever way it
    goes itself.
    """
    states = {}
    for name in names():
        begin_at(name)
        if name == names()[0]:
            fill()
        states[name] = Snapshot()
    steps = names() if direction == "up" else names()[::-1]
    runs = [(steps[0], steps[-1])] if whole else list(pairwise(steps))
    for start, target in runs[::apart]:
        states[start].restore()
        yield f"{start} to {target}", Scene(target, first, every)
