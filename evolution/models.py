"""What `migrate` writes down about itself. The tables are made like `django_migrations`, not by a migration."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Run(models.Model):
    """One run of `migrate`, or of a command that records migrations: who, where, when, what, and how it ended."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("running")
        INTERRUPTED = "interrupted", _("interrupted")
        FINISHED = "finished", _("finished")
        FAILED = "failed", _("failed")
        ABORTED = "aborted", _("aborted")
        REFUSED = "refused", _("refused")

    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, default=Outcome.RUNNING)
    user = models.CharField(_("user"), max_length=255)
    host = models.CharField(_("host"), max_length=255)
    # What was run: migrate, adopt, stampmigrations.
    command = models.CharField(_("command"), max_length=32, default="migrate")
    # Why something was left out that would have been done by default, in the words of whoever said so.
    reason = models.TextField(_("reason"), blank=True)
    revision = models.CharField(_("revision of the code"), max_length=64, blank=True)
    # When it began to change the database; before that it only looks and copies.
    applying_since = models.DateTimeField(_("changes began"), null=True)
    # {"app", "name", "backwards", "checksum"} each, in the order in which they are carried out.
    plan = models.JSONField(_("plan"), default=list)
    # The migrations that were applied before the run, as "app.name".
    state_before = models.JSONField(_("state before"), default=list)
    backup = models.CharField(_("backup"), max_length=255, blank=True)
    # {"before", "after", "differences", …}: see evolution/certificates.py.
    certificate = models.JSONField(_("certificate"), default=dict)
    # What the rehearsal took: {"seconds", "statements": [{"migration", "sql", "seconds"}]}; empty where there was none.
    rehearsal = models.JSONField(_("rehearsal"), default=dict)
    # How often it was cut short and gone on with.
    resumed = models.PositiveIntegerField(_("resumed"), default=0)
    # A digest of the schema as the run left it: as long as it is the same, nobody has changed the schema since.
    schema = models.CharField(_("schema"), max_length=64, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        managed = False
        db_table = "evolution_run"
        verbose_name = _("migration run")
        verbose_name_plural = _("migration runs")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.get_outcome_display()}"


class Statement(models.Model):
    """One line of the write-ahead journal: a statement, or the heading of the operation that it belongs to.

    Position 0 is the heading. It stands before the first statement of its operation runs, and with it all of
    them, so that a run that was cut short goes on with what was written down, and not with what the
    introspection of a half-changed database would give.
    """

    class Kind(models.TextChoices):
        OPERATION = "operation", _("operation")
        SCHEMA = "schema", _("schema change")
        DATA = "data", _("data change")

    class State(models.TextChoices):
        WRITTEN = "written", _("written down")
        BEGUN = "begun", _("begun")
        DONE = "done", _("done")

    run_id = models.IntegerField(_("run"))
    app = models.CharField(_("application"), max_length=255)
    migration = models.CharField(_("migration"), max_length=255)
    backwards = models.BooleanField(_("backwards"))
    operation = models.PositiveIntegerField(_("operation"))
    position = models.PositiveIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    sql = models.TextField(_("statement"))
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WRITTEN)
    # Of a schema change: the tables concerned as they were before, by name, with their CREATE TABLE.
    before = models.JSONField(_("tables before"), null=True)
    # Of a heading: the statements that are left for the end of the migration.
    deferred = models.JSONField(_("left for the end"), null=True)
    began_at = models.DateTimeField(_("began"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    # Whether the whole migration is done, so that the line is history.
    closed = models.BooleanField(_("closed"), default=False)

    class Meta:
        managed = False
        db_table = "evolution_statement"
        ordering: ClassVar[list[str]] = ["pk"]
        verbose_name = _("journal line")
        verbose_name_plural = _("journal lines")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["closed"], name="evolution_statement_open")
        ]

    def __str__(self) -> str:
        return self.sql


class Checkpoint(models.Model):
    """How far a data step of the migration that is under way has come, in the order of its rows' primary keys."""

    class Reach(models.TextChoices):
        NONE = "none", _("no row is done")
        BELOW = "below", _("the rows below the key are done")
        UP_TO = "up to", _("the rows up to the key are done")
        ALL = "all", _("all rows are done")

    migration = models.CharField(_("migration"), max_length=255)
    step = models.CharField(_("step"), max_length=255)
    reach = models.CharField(_("reach"), max_length=16, choices=Reach)
    key = models.TextField(
        _("key"), blank=True
    )  # as JSON, which is ASCII whatever the database's character set
    # In which direction the last run went, and how many rows it has done.
    backwards = models.BooleanField(_("backwards"))
    rows = models.PositiveBigIntegerField(_("rows"), default=0)

    class Meta:
        managed = False
        db_table = "evolution_checkpoint"
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["migration", "step"], name="evolution_checkpoint_once")
        ]

    def __str__(self) -> str:
        return f"{self.migration} {self.step}"


class ArchiveEntry(models.Model):
    """What a migration has dropped or narrowed, and where it is kept."""

    class Kind(models.TextChoices):
        TABLE = "table", _("table")
        COLUMN = "column", _("column")
        VALUES = "values", _("values")

    number = models.PositiveIntegerField(_("number"), primary_key=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # The migration, and the direction in which it was taken: the other direction brings back what is kept.
    app = models.CharField(_("application"), max_length=255)
    migration = models.CharField(_("migration"), max_length=255)
    operation = models.PositiveIntegerField(_("operation"))
    backwards = models.BooleanField(_("backwards"))
    run_id = models.IntegerField(_("run"), null=True)
    table_name = models.CharField(_("table"), max_length=255)
    column_name = models.CharField(_("column"), max_length=255, blank=True)
    # The columns of the primary key, by which values find their rows again.
    key_columns = models.JSONField(_("key"), default=list)
    row_count = models.PositiveBigIntegerField(_("rows"))
    # Of a table: the next id that it would have given, as ids are given once.
    next_id = models.PositiveBigIntegerField(_("next id"), null=True)
    kept_at = models.DateTimeField(_("kept"), default=timezone.now)
    restored_at = models.DateTimeField(_("brought back"), null=True)
    # How many of the rows were brought back; the others are kept still.
    restored_count = models.PositiveBigIntegerField(_("rows brought back"), default=0)

    class Meta:
        managed = False
        db_table = "evolution_archive_entry"
        ordering: ClassVar[list[str]] = ["-number"]
        verbose_name = _("archive entry")
        verbose_name_plural = _("archive entries")

    def __str__(self) -> str:
        return f"{self.table_name}.{self.column_name}" if self.column_name else self.table_name

    @property
    def archive_table(self) -> str:
        """The name of the table that holds it."""
        return f"evolution_archive_{self.number}"

    @property
    def conflicts(self) -> int:
        """How many rows could not be brought back: theirs is gone, or holds something newer."""
        return self.row_count - self.restored_count if self.restored_at else 0
