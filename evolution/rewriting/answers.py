"""The questions that changed models raise, and who answers: the command line, and a person if there is one."""

from typing import Any

from django.core.management.base import OutputWrapper
from django.db.migrations.questioner import InteractiveMigrationQuestioner, MigrationQuestioner
from django.db.migrations.state import ModelState, ProjectState

from evolution.findings import Finding
from evolution.rewriting.stopped import Stopped
from evolution.rewriting.told import Told


class Fill:
    """Stands for the default of a field: the rows that are there are filled by a data step."""


FILL = Fill()


class Answers(MigrationQuestioner):
    """Never asks: what has a safe answer gets it, the rest raises `Stopped`.

    `state` is that of the models; `in_steps` tells whether a change may be taken apart into several migrations.
    """

    def __init__(
        self, stock: MigrationQuestioner, told: Told, state: ProjectState, *, in_steps: bool
    ) -> None:
        super().__init__(specified_apps=stock.specified_apps, dry_run=stock.dry_run)
        self.told = told
        self.state = state
        self.in_steps = in_steps

    def ask_not_null_addition(self, field_name: str, model_name: str) -> Any:
        return self.what_rows_get(field_name, model_name)

    def ask_auto_now_add_addition(self, field_name: str, model_name: str) -> Any:
        return self.what_rows_get(field_name, model_name, "timezone.now")

    def ask_not_null_alteration(self, field_name: str, model_name: str) -> Any:
        return self.what_rows_get(field_name, model_name)

    def ask_rename(self, model_name: str, old_name: str, new_name: str, field_instance: Any) -> bool:
        return self._was_renamed(f"{self._owner(model_name, field_instance)}.{old_name}", new_name)

    def ask_rename_model(self, old_model_state: ModelState, new_model_state: ModelState) -> bool:
        old = f"{old_model_state.app_label}.{old_model_state.name_lower}"
        return self._was_renamed(old, new_model_state.name_lower)

    def what_rows_get(self, field: str, model: str, _suggestion: str = "") -> Any:
        """`FILL`, or the value that the rows get which are there. `_suggestion` is Python."""
        if not self.in_steps:
            raise Stopped(
                f"{model}.{field} may not be empty, and the rows that are there need a data step of its own: "
                "run makemigrations without --update. Nothing was written."
            )
        return FILL

    def wants_own_values(self, _model: str, _field: str) -> bool:
        """Whether each row is to get its own value from a callable default."""
        return True

    def became(self, old: str, new: str) -> bool:
        """Whether `old` ("shop.book.title", "shop.book") was renamed to `new`, where the command line is silent."""
        raise Stopped(
            f"{old} is gone, and {new} looks like it. Nothing was written, since a wrong guess would drop it.\n"
            f"If it was renamed: --rename {old}={new}\nIf it is to be dropped with its values: --drop {old}"
        )

    def _was_renamed(self, old: str, new: str) -> bool:
        told = self.told.renamed(old, new)
        return self.became(old, new) if told is None else told

    def _owner(self, model_name: str, field: Any) -> str:
        """The model of a field, as "shop.book": Django's question leaves the application out."""
        return next(
            f"{app_label}.{name}"
            for (app_label, name), model in self.state.models.items()
            if name == model_name and any(found is field for found in model.fields.values())
        )


class AnswersAtTerminal(Answers):
    """Asks a person what the command line has not answered; a dry run takes what is safe."""

    def __init__(
        self, stock: InteractiveMigrationQuestioner, told: Told, state: ProjectState, *, in_steps: bool
    ) -> None:
        super().__init__(stock, told, state, in_steps=in_steps)
        self._stock: Any = stock  # its inputs are not in the stubs

    def what_rows_get(self, field: str, model: str, suggestion: str = "") -> Any:
        if self.dry_run or not self.in_steps:
            return super().what_rows_get(field, model)
        choice = self._stock._choice_input(
            f"{model}.{field} may not be empty, and rows that are there may have no value for it.",
            [
                "Each row gets its own: one migration lets the column be empty, one fills it (you write how), "
                "one requires it.",
                "All rows get one value, which you give now.",
                "Quit and write nothing.",
            ],
        )
        if choice == 1:
            return FILL
        if choice == 2:
            given = self._stock._ask_default(suggestion)
            return given() if callable(given) else given
        raise Stopped("Nothing was written.")

    def wants_own_values(self, model: str, field: str) -> bool:
        if self.dry_run:
            return True
        question = (
            f"The default of {model}.{field} would be called once, for all rows that are there. "
            "Write a data step that calls it for each of them? [Y/n]"
        )
        return bool(self._stock._boolean_input(question, default=True))

    def became(self, old: str, new: str) -> bool:
        question = f"Was {old} renamed to {new}? If not, it is dropped with its values. [y/n]"
        return bool(self._stock._boolean_input(question))


def ask_reason(finding: Finding, output: OutputWrapper) -> str:
    """Ask at the terminal why a finding does no harm; empty where nobody says so."""
    output.write(
        f"{finding.code}  {finding.migration}: {finding.operation}\n  {finding.message}\n    {finding.hint}\n"
        "To write it all the same, say why it does no harm here; the file keeps that. Enter writes nothing: ",
        ending="",
    )
    try:
        return input().strip()
    except EOFError:
        return ""
