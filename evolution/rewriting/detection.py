"""Django's search for changes, which asks our questions and makes safe steps of what it finds."""

from functools import partial
from typing import Any

from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.operations.base import Operation
from django.db.migrations.questioner import InteractiveMigrationQuestioner, MigrationQuestioner
from django.db.migrations.state import ProjectState

from evolution.rewriting.answers import FILL, Answers, AnswersAtTerminal
from evolution.rewriting.data_step import Filling
from evolution.rewriting.steps import in_steps, without_default
from evolution.rewriting.stopped import Stopped
from evolution.rewriting.told import Told
from evolution.rules.changes import AnyField
from evolution.rules.data_steps import CONSTANT
from evolution.rules.operations import table_of


class SafeAutodetector(MigrationAutodetector):
    """Set `told`, `at_terminal` and `in_steps` in a subclass: Django's command makes the instance."""

    told: Told
    at_terminal: bool
    in_steps: bool
    kept_model_keys: set[tuple[str, str]]  # Django's: the models that were there before, by their new names

    def __init__(
        self,
        from_state: ProjectState,
        to_state: ProjectState,
        questioner: MigrationQuestioner | None = None,
    ) -> None:
        stock = questioner or MigrationQuestioner()
        self.answers = (
            AnswersAtTerminal(stock, self.told, to_state, in_steps=self.in_steps)
            if self.at_terminal and isinstance(stock, InteractiveMigrationQuestioner)
            else Answers(stock, self.told, to_state, in_steps=self.in_steps)
        )
        super().__init__(from_state, to_state, self.answers)

    def arrange_for_graph(
        self, changes: dict[str, list[Migration]], graph: MigrationGraph, migration_name: str | None = None
    ) -> dict[str, list[Migration]]:
        """Take the changes apart before Django names and numbers them."""
        self.told.refuse_unused_names()
        for app_label, migrations in changes.items():
            found: list[Any] = migrations  # lists stand in an instance, whatever the stubs say
            for migration in found:
                migration.operations = self._with_kept_tables(app_label, migration.operations)
            if self.in_steps:
                needs = partial(self._needs, app_label)
                changes[app_label] = [
                    step for migration in found for step in in_steps(migration, needs, self.from_state)
                ]
        return super().arrange_for_graph(changes, graph, migration_name)

    def _needs(self, app_label: str, operation: Operation) -> Filling | None:
        """What has to be filled for an operation, which is None where the table is new."""
        if not isinstance(operation, (ops.AddField, ops.AlterField)):
            return None
        key = (app_label, operation.model_name_lower)
        if key not in self.kept_model_keys:
            return None
        model, name, final = self.to_state.models[key].name, operation.name, operation.field
        if final.default is FILL:
            if final.primary_key:
                raise Stopped(
                    f"{model}.{name} is to be the primary key of rows that are there: add it as a unique field "
                    "first, and make it the key in a second step. Nothing was written."
                )
            return Filling(app_label, model, name, without_default(final))
        if isinstance(operation, ops.AlterField) and not self._stops_being_null(key, name, final):
            return None
        if _has_callable_default(final) and self.answers.wants_own_values(model, name):
            return Filling(app_label, model, name, final, final.default)
        return None

    def _stops_being_null(self, key: tuple[str, str], name: str, final: AnyField) -> bool:
        old_model = self.from_state.models[key[0], self.renamed_models.get(key, key[1])]
        old = old_model.fields.get(self.renamed_fields.get((*key, name), name))
        return old is not None and old.null and not final.null

    def _with_kept_tables(self, app_label: str, operations: list[Operation]) -> list[Operation]:
        """The same operations, where a renamed model that keeps its table is said to keep it before.

        Django renames such a table away and back again.
        """
        kept = list(operations)
        for rename in [one for one in operations if isinstance(one, ops.RenameModel)]:
            table = table_of(self.from_state.models[app_label, rename.old_name_lower])
            for alter in operations:
                if (
                    isinstance(alter, ops.AlterModelTable)
                    and alter.name_lower == rename.new_name_lower
                    and alter.table == table
                ):
                    kept.remove(alter)
                    kept.insert(kept.index(rename), ops.AlterModelTable(rename.old_name_lower, table))
        return kept


def _has_callable_default(field: Any) -> bool:
    """Whether a default is called, which Django does once for all rows."""
    return bool(
        field.default is not models.NOT_PROVIDED
        and callable(field.default)
        and field.default not in CONSTANT
        and not field.many_to_many
    )
