"""Django's executor with the stages around it: what `manage.py migrate` works with."""

from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration

from evolution import runs
from evolution.contract import left_by_expanding
from evolution.executor import JournaledExecutor
from evolution.models import Run
from evolution.new_database import is_first
from evolution.runs import Node
from evolution.stages import Plan, Refused, Stages


class StagedExecutor(JournaledExecutor):
    """Carries a plan out between the stages before it and those after it.

    A run that was cut short half-way is brought to its end first. Raises Refused and RowsDiffer.
    """

    def __init__(
        self,
        stages: Stages,
        guard: Callable[[], None],
        connection: BaseDatabaseWrapper,
        progress_callback: Any = None,
    ) -> None:
        super().__init__(connection, progress_callback, guard=guard, say=stages.report.note)
        self.stages = stages
        self.leaves_archive = stages.options.leave_archive

    def migration_plan(self, targets: Any, clean_start: bool = False) -> Plan:
        """As Django's; where the run only expands, without contract steps and what depends on them.

        Raises Refused where it would go back.
        """
        plan: Plan = super().migration_plan(targets, clean_start)
        if clean_start or not self.stages.options.expand:
            return plan
        if any(backwards for _migration, backwards in plan):
            raise Refused("--expand goes forwards only. Nothing was changed. To go back, leave it out.")
        self.stages.left = left_by_expanding(plan, self.loader.graph)
        return [step for step in plan if step[0] not in self.stages.left]

    def migrate(
        self,
        targets: Any,
        plan: Any = None,
        state: Any = None,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> Any:
        """As Django's, with everything before and after it."""
        if plan is None:
            plan = self.migration_plan(targets)
        if fake and (halfway := runs.halfway(self.connection)):
            raise Refused(about_halfway(halfway))
        if fake or not plan:
            return super().migrate(targets, plan, state, fake, fake_initial)
        run = runs.cut_short(self.connection)
        if run and (halfway := runs.halfway(self.connection)):
            if halfway not in [node_of(step) for step in plan]:
                raise Refused(about_halfway(halfway))
            plan, state = self._finish(run, list(plan)), None
            if not plan:
                return self._create_project_state(with_applied_migrations=True)  # type: ignore[attr-defined]
        self.run = self.stages.before(self, plan)
        self.keeps_journal = not is_first(self.run)
        self.expands = bool(self.run.certificate.get("expand"))
        self.allows_hidden_changes = "before" not in self.run.certificate
        try:
            end_state = super().migrate(targets, plan, state, fake, fake_initial)
        except BaseException as error:
            self._failed(error)
            raise
        self.stages.after(self, self.run)
        return end_state

    def _finish(self, run: Run, plan: Plan) -> Plan:
        """Carry out what is left of a run that was cut short half-way, as far as `plan` has it; the rest of `plan`."""
        left = [
            node
            for node in runs.nodes(run)
            if node not in runs.done(run, self.loader.applied_migrations or {})
        ]
        todo = [step for step in plan if node_of(step) in left]
        run.resumed += 1
        run.outcome = Run.Outcome.RUNNING
        run.save()
        self.run = run
        self.expands = bool(run.certificate.get("expand"))
        self.stages.report.note(
            f"Going on with the run of {run.started_at:%Y-%m-%d %H:%M} UTC, which was cut short"
            + (f"; its backup is {run.backup}." if run.backup else ".")
        )
        try:
            super().migrate(None, todo)
        except BaseException as error:
            self._failed(error)
            raise
        self.loader.build_graph()
        self.stages.settle(self, run)
        return [step for step in plan if step not in todo]

    def _failed(self, error: BaseException) -> None:
        if self.run and self.connection.connection is not None and self.connection.is_usable():
            interrupted = isinstance(error, KeyboardInterrupt)
            runs.end(self.run, Run.Outcome.INTERRUPTED if interrupted else Run.Outcome.FAILED, error)


def about_halfway(halfway: tuple[Node, bool]) -> str:
    """What to do about a migration that a run left half-way, and that is not in the present plan."""
    (app, name), backwards = halfway
    direction = "back over" if backwards else "to"
    return (
        f"A run that was cut short is half-way {direction} {app}.{name}, which is not among what was asked for now. "
        "Nothing was changed. To finish it, give migrate the same target as then; to undo it: manage.py migrate --abort"
    )


def node_of(step: tuple[Migration, bool]) -> tuple[Node, bool]:
    """The migration's application and name, and whether it is taken back."""
    migration, backwards = step
    return (migration.app_label, migration.name), backwards
