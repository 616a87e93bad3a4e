"""The write-ahead journal of `migrate`, for databases that commit each schema change by itself.

What an operation is going to run is written down whole before its first statement runs; each schema change is
announced with what the tables look like, carried out, and ticked off. After a crash the tables tell whether the
one that was announced has been carried out: they look as before, or as they would after it, or neither, and then
nothing more is done. Data changes and their tick are one transaction.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.utils import timezone

from evolution.batches import data_steps_of, forget_checkpoints
from evolution.fingerprints import Fingerprint, as_made_anew, fingerprint, predicted, tables_concerned
from evolution.models import Run, Statement

_SCHEMA_CHANGE = re.compile(r"\s*(?:CREATE|ALTER|DROP|RENAME|TRUNCATE|OPTIMIZE|REPAIR|LOCK)\b", re.IGNORECASE)

CONNECTION_FAILED = range(2000, 3000)  # the client's own errors

Kind = Statement.Kind
State = Statement.State


def is_schema_change(sql: str) -> bool:
    """Whether the server commits the statement by itself."""
    return bool(_SCHEMA_CHANGE.match(sql))


class Diverged(Exception):
    """The tables of an interrupted statement look neither as before it nor as after it."""

    def __init__(self, sql: str, before: Fingerprint, after: Fingerprint, now: Fingerprint) -> None:
        shown = "\n".join(
            f"--- {name}\n{definition or 'no such table'}\n"
            for title, tables in (("before", before), ("expected after", after), ("now", now))
            for name, definition in ((f"{title}: {table}", text) for table, text in tables.items())
        )
        super().__init__(
            "A run that was cut short had begun the statement below, and its tables look neither as before it nor as "
            "after it: somebody else has changed them since. Nothing more was done. Bring the tables into one of the "
            f"two forms, then run migrate again.\n{sql}\n{shown}"
        )


@dataclass
class Page:
    """What the journal holds about one operation: its heading and its statements in order."""

    heading: Statement
    statements: list[Statement]

    @property
    def is_done(self) -> bool:
        return self.heading.state == State.DONE

    @property
    def deferred(self) -> list[str]:
        return list(self.heading.deferred or [])


class Journal:
    """The journal of one migration in one direction, begun now or by a run that was cut short."""

    def __init__(
        self, connection: BaseDatabaseWrapper, run: Run, migration: Migration, *, backwards: bool
    ) -> None:
        self.connection = connection
        self.run = run
        self.migration = migration
        self.backwards = backwards
        self.lines = Statement.objects.using(connection.alias).filter(
            app=migration.app_label, migration=migration.name, backwards=backwards, closed=False
        )
        self.pages: dict[int, Page] = {}
        for line in self.lines.order_by("operation", "position"):
            if line.kind == Kind.OPERATION:
                self.pages[line.operation] = Page(line, [])
            else:
                self.pages[line.operation].statements.append(line)

    def write(self, operation: int, description: str, statements: list[str], deferred: list[str]) -> Page:
        """Write down an operation with all its statements, before the first of them runs."""
        heading = self._line(operation, 0, Kind.OPERATION, description)
        heading.deferred = deferred
        lines = [
            self._line(operation, number, Kind.SCHEMA if is_schema_change(sql) else Kind.DATA, sql)
            for number, sql in enumerate(statements, start=1)
        ]
        if lines:
            self._announce(lines[0])
        else:
            heading.state = State.DONE
        with transaction.atomic(using=self.connection.alias):
            Statement.objects.using(self.connection.alias).bulk_create([heading, *lines])
            page = Page(*self._read(operation))
        self.pages[operation] = page
        return page

    def carry_out(self, page: Page) -> None:
        """Run the statements of a page that are not done. Raises Diverged.

        A page whose first statement the server refuses is forgotten.
        """
        for number, line in enumerate(page.statements):
            if line.state == State.DONE:
                continue
            following = page.statements[number + 1] if number + 1 < len(page.statements) else page.heading
            try:
                if line.kind == Kind.SCHEMA:
                    self._change_schema(line)
                    self._tick(line, following)
                else:
                    with transaction.atomic(using=self.connection.alias):
                        self._execute(line.sql)
                        self._tick(line, following)
            except DatabaseError as error:
                if number == 0 and self._was_refused(line, error):
                    self._withdraw(page)
                raise

    def _was_refused(self, line: Statement, error: DatabaseError) -> bool:
        """Whether the server has said no, and nothing is changed: not when it was the connection that failed."""
        code = error.args[0] if error.args else None
        if not isinstance(code, int) or code in CONNECTION_FAILED:
            return False
        return line.before is None or fingerprint(self.connection, list(line.before)) == line.before

    def _withdraw(self, page: Page) -> None:
        """Forget an operation of which nothing was carried out: the migration may be another one the next time."""
        operation = page.heading.operation
        self.lines.filter(operation=operation).delete()
        del self.pages[operation]

    def run_whole(
        self, operation: int, description: str, work: Callable[[], list[str]], *, atomic: bool
    ) -> None:
        """Run an operation that cannot be written down as statements, in one transaction with its tick if it may.

        `work` returns the statements that are left for the end of the migration.
        """
        heading = self._line(operation, 0, Kind.OPERATION, description)
        heading.began_at = timezone.now()
        work = data_steps_of(str(self.migration), backwards=self.backwards)(work)
        if not atomic:
            heading.deferred = work()
        with transaction.atomic(using=self.connection.alias):
            if atomic:
                heading.deferred = work()
            heading.state, heading.ended_at = State.DONE, timezone.now()
            heading.save(using=self.connection.alias)
        self.pages[operation] = Page(heading, [])

    def close(self) -> None:
        """The migration is done: its lines are history."""
        self.lines.update(closed=True)
        forget_checkpoints(self.connection, str(self.migration))

    # --- One statement

    def _change_schema(self, line: Statement) -> None:
        if line.state == State.BEGUN and line.before is not None:
            now = fingerprint(self.connection, list(line.before))
            if now != line.before:
                after = predicted(self.connection, line.before, line.sql)
                if as_made_anew(self.connection, now) != after:
                    raise Diverged(line.sql, line.before, after, now)
                return
        self._execute(line.sql)

    def _tick(self, line: Statement, following: Statement) -> None:
        """Tick a statement off and announce the one that follows, in one go."""
        lines = [line, following]
        line.state, line.ended_at = State.DONE, timezone.now()
        if following.kind == Kind.OPERATION:
            following.state, following.ended_at = State.DONE, timezone.now()
        else:
            self._announce(following)
        with transaction.atomic(using=self.connection.alias):
            for changed in lines:
                changed.save(
                    using=self.connection.alias, update_fields=["state", "before", "began_at", "ended_at"]
                )

    def _announce(self, line: Statement) -> None:
        line.state, line.began_at = State.BEGUN, timezone.now()
        if line.kind == Kind.SCHEMA:
            line.before = fingerprint(self.connection, tables_concerned(self.connection, line.sql))

    def _execute(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, None)

    def _line(self, operation: int, position: int, kind: Statement.Kind, sql: str) -> Statement:
        return Statement(
            run_id=self.run.pk,
            app=self.migration.app_label,
            migration=self.migration.name,
            backwards=self.backwards,
            operation=operation,
            position=position,
            kind=kind,
            sql=sql,
        )

    def _read(self, operation: int) -> tuple[Statement, list[Statement]]:
        heading, *statements = self.lines.filter(operation=operation).order_by("position")
        return heading, statements
