"""The write-ahead journal of `migrate`, for databases that commit each schema change by itself.

What an operation is going to run is written down whole before its first statement runs; each schema change is
announced with what the tables look like, carried out, and ticked off. After a crash the tables tell whether the
one that was announced has been carried out: they look as before, or as they would after it, or neither, and then
nothing more is done. Data changes and their tick are one transaction.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.utils import timezone

from evolution.batches import data_steps_of, forget_checkpoints
from evolution.deferred import Kept
from evolution.fingerprints import Fingerprint, TablesConcerned, alike, as_made_anew, fingerprint, predicted
from evolution.foreign_keys import lost, put_back, referring, taken_off, with_keys
from evolution.metadata_locks import at_a_quiet_moment, patiently
from evolution.models import Run, Statement
from evolution.online import alter, check_new_keys, is_quick, refuse_large
from evolution.scratch import ScratchRefused
from evolution.statements import is_schema_change

CONNECTION_FAILED = range(2000, 3000)  # the client's own errors

Kind = Statement.Kind
State = Statement.State


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
    def is_code(self) -> bool:
        """Whether it is of an operation that runs code, and that was not brought to its end."""
        return not self.statements and self.heading.state == State.BEGUN

    @property
    def has_begun(self) -> bool:
        """Whether a statement of it may have been carried out."""
        return self.is_done or self.is_code or any(line.state == State.DONE for line in self.statements)

    @property
    def deferred(self) -> list[Kept]:
        return list(self.heading.deferred or [])


class Journal:
    """The journal of one migration in one direction, begun now or by a run that was cut short."""

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        run: Run,
        migration: Migration,
        *,
        backwards: bool,
        guard: Callable[[], None] = lambda: None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.connection = connection
        # Whether the server may copy a table of any size: for a way back that must not fail.
        self.copies_unasked = False
        self.guard = guard
        self.say = say
        self.run = run
        self.migration = migration
        self.backwards = backwards
        self.lines = Statement.objects.using(connection.alias).filter(
            app=migration.app_label, migration=migration.name, backwards=backwards, closed=False
        )
        self.pages: dict[int, Page] = {}
        self.tables_concerned = TablesConcerned(connection)
        # Announced by this process: nobody needs to ask whether they have been carried out.
        self._announced: set[int] = set()
        for line in self.lines.order_by("operation", "position"):
            if line.kind == Kind.OPERATION:
                self.pages[line.operation] = Page(line, [])
            else:
                self.pages[line.operation].statements.append(line)

    def write(self, operation: int, description: str, statements: list[str], deferred: list[Kept]) -> Page:
        """Write down an operation with all its statements, before the first of them runs."""
        heading = self._line(operation, 0, Kind.OPERATION, description)
        heading.deferred = deferred
        lines = [
            self._line(operation, number, Kind.SCHEMA if is_schema_change(sql) else Kind.DATA, sql)
            for number, sql in enumerate(statements, start=1)
        ]
        self._announced.clear()
        if lines:
            self._announce(lines[0])
        else:
            heading.state = State.DONE
        with transaction.atomic(using=self.connection.alias):
            Statement.objects.using(self.connection.alias).bulk_create([heading, *lines])
            # MySQL does not tell the ids of several new rows.
            page = Page(heading, lines) if heading.pk else Page(*self._read(operation))
        self.pages[operation] = page
        return page

    def carry_out(self, page: Page) -> None:
        """Run the statements of a page that are not done. Raises Diverged and CannotPutBack.

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
                    self._in_one_transaction(partial(self._change_rows, line, following))
            except DatabaseError as error:
                if number == 0 and self._was_refused(line, error):
                    self.forget(page.heading.operation)
                raise

    def is_untouched(self, page: Page) -> bool:
        """Whether nothing of a page was carried out: the tables are as when its first statement was announced."""
        if page.has_begun or not page.statements:
            return False
        first = page.statements[0]
        if first.kind == Kind.DATA:  # its tick would be there with its rows
            return True
        return bool(first.before) and fingerprint(self.connection, list(first.before or ())) == first.before

    def _was_refused(self, line: Statement, error: DatabaseError) -> bool:
        """Whether the server has said no, and nothing is changed: not when it was the connection that failed."""
        code = error.args[0] if error.args else None
        if not isinstance(code, int) or code in CONNECTION_FAILED:
            return False
        if line.before is None:
            return True
        now = fingerprint(self.connection, list(line.before))
        try:
            # Indexes of keys that were taken off and put back have changed places.
            return now == line.before or alike(self.connection, now, line.before)
        except ScratchRefused:
            return False

    def run_whole(
        self, operation: int, description: str, work: Callable[[], list[Kept]], *, atomic: bool
    ) -> None:
        """Run an operation that cannot be written down as statements, in one transaction with its tick if it may.

        Otherwise its beginning is written down, so that a later run knows that it may have done a part of its work.
        `work` returns the statements that are left for the end of the migration.
        """
        heading = self._heading(operation, description)
        self.guard()
        work = data_steps_of(str(self.migration), backwards=self.backwards)(work)
        if not atomic:
            heading.save(using=self.connection.alias)
            heading.deferred = work()
        self._in_one_transaction(partial(self._finish, heading, work if atomic else None))
        self.tables_concerned.forget()
        self.pages[operation] = Page(heading, [])

    def _finish(self, heading: Statement, work: Callable[[], list[Kept]] | None) -> None:
        if work:
            heading.deferred = work()
        heading.state, heading.ended_at = State.DONE, timezone.now()
        heading.save(using=self.connection.alias)

    def _heading(self, operation: int, description: str) -> Statement:
        page = self.pages.get(operation)
        if page is not None:  # begun by a run that was cut short
            return page.heading
        heading = self._line(operation, 0, Kind.OPERATION, description)
        heading.state, heading.began_at = State.BEGUN, timezone.now()
        return heading

    @property
    def reached(self) -> int:
        """How many operations have been begun, or passed as they change nothing in the database."""
        return max(self.pages, default=-1) + 1

    def close(self) -> None:
        """The migration is done: its lines are history."""
        if self.pages:
            self.lines.update(closed=True)
            forget_checkpoints(self.connection, str(self.migration))

    def forget(self, operation: int) -> None:
        """Take an operation out of which nothing was carried out: the migration may be another one the next time."""
        self.lines.filter(operation=operation).delete()
        self.pages.pop(operation, None)

    # --- One statement

    def _in_one_transaction(self, work: Callable[[], None]) -> None:
        def once() -> None:
            with transaction.atomic(using=self.connection.alias):
                work()

        patiently(self.connection, once, self.say)

    def _change_rows(self, line: Statement, following: Statement) -> None:
        self._execute(line.sql)
        self._tick(line, following)

    def _change_schema(self, line: Statement) -> None:
        begun = line.state == State.BEGUN and line.position not in self._announced
        if not (begun and line.before is not None and self._is_carried_out(line.sql, line.before)):
            line.sql = alter(self.connection, self._run, partial(self._copy, line), line.sql)
        check_new_keys(self.connection, self._run, line.sql, line.before or {})

    def _is_carried_out(self, sql: str, before: Fingerprint) -> bool:
        """Whether a statement that was begun has been carried out; what the server has lost of it is put back."""
        now = fingerprint(self.connection, list(before))
        if now == before:
            return False
        after = predicted(self.connection, before, sql)
        missing = lost(self.connection, before, after, now)
        whole = as_made_anew(self.connection, with_keys(now, missing))
        if whole == after or whole == as_made_anew(self.connection, before):
            put_back(self.connection, self._run, missing)
            return whole == after
        raise Diverged(sql, before, after, now)

    def _copy(self, line: Statement, sql: str) -> None:
        """A statement for which the server may copy a table: others must not refer to it meanwhile."""
        if not self.copies_unasked:
            refuse_large(self.connection, sql)
        others = referring(self.connection, sql)
        if not others:
            self._run(sql)
            return
        line.before = fingerprint(self.connection, sorted({*(line.before or ()), *others}))
        with suppress(ScratchRefused):
            # What the server refuses because of the foreign keys, it has to refuse now.
            predicted(self.connection, line.before, sql)
        line.save(using=self.connection.alias, update_fields=["before"])
        with taken_off(self.connection, self._run, line.before, sql):
            self._run(sql)

    def _run(self, sql: str) -> None:
        change = partial(self._execute, sql)
        if is_quick(self.connection, sql):
            at_a_quiet_moment(self.connection, change, self.say, self.tables_concerned.by(sql))
        else:
            patiently(self.connection, change, self.say)

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
                    using=self.connection.alias,
                    update_fields=["sql", "state", "before", "began_at", "ended_at"],
                )

    def _announce(self, line: Statement) -> None:
        line.state, line.began_at = State.BEGUN, timezone.now()
        self._announced.add(line.position)
        if line.kind == Kind.SCHEMA:
            line.before = fingerprint(self.connection, self.tables_concerned.by(line.sql))

    def _execute(self, sql: str) -> None:
        self.guard()
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
