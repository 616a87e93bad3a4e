"""A migration that fills a column between two changes of tables: its functions stand in its own file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.migrations import Migration, RunPython
from django.db.migrations.serializer import BaseSerializer
from django.db.migrations.writer import MigrationWriter

from evolution.rules.changes import AnyField

BATCHES = '''

def batches(rows):
    """All rows, 500 at a time in the order of their keys."""
    rows = rows.order_by("pk")
    while batch := list(rows[:500]):
        yield batch
        rows = rows.filter(pk__gt=batch[-1].pk)
'''
STUB = '''

def {value}(row, apps):
    """Which {attribute} a row of {model} gets that has none. Other models: apps.get_model("app", "Model")."""
    raise NotImplementedError(
        f"Write {value}() in {migration}: row {{row.pk}} has no {field}."
    )
'''
FILL = '''

def {fill}(apps, schema_editor):
    """Give each {model} without {field} one. What is filled is left alone, so a run cut short goes on."""
    rows = apps.get_model("{app}", "{model}")._base_manager.using(schema_editor.connection.alias)
    for batch in batches(rows.filter({field}__isnull=True)):
        for row in batch:
            row.{attribute} = {call}
        rows.bulk_update(batch, ["{field}"])


def {keep}(apps, schema_editor):
    """Backwards: keep what is there. Write here what has to be undone, if there is something."""
'''


@dataclass(frozen=True)
class Filling:
    """A column of a model whose rows are to be filled, where they are NULL.

    `made_by` is called for each row, or None where the author of the models has to say what a row gets.
    `field` is as it is to be in the end; `required` is False for one that may stay NULL.
    """

    app_label: str
    model: str  # "Book"
    name: str
    field: AnyField
    made_by: Callable[[], Any] | None = None

    @property
    def is_stub(self) -> bool:
        """Whether the author has to write what a row gets."""
        return self.made_by is None

    @property
    def label(self) -> str:
        """How the column is called in names of functions."""
        return f"{self.model.lower()}_{self.name}"

    @property
    def value(self) -> str:
        """The function that says what a row gets, where the author writes it."""
        return f"{self.name}_of_{self.model.lower()}"

    def source(self, migration: str) -> str:
        """The functions of the file. Raises ValueError for a callable that can't be written down."""
        call = f"{self.value}(row, apps)"
        if self.made_by is not None:
            call = f"{MigrationWriter.serialize(self.made_by)[0]}()"
        field: Any = self.field
        bound = field.clone()
        bound.set_attributes_from_name(self.name)
        words = {
            "app": self.app_label,
            "model": self.model,
            "field": self.name,
            "attribute": bound.attname,
            "migration": migration,
            "value": self.value,
            "call": call,
            "fill": f"fill_{self.label}",
            "keep": f"keep_{self.label}",
        }
        return ((STUB if self.is_stub else "") + FILL).format(**words)


class Function:
    """A function of the file that is being written; it is called by nobody before."""

    def __init__(self, name: str, imports: set[str]) -> None:
        self.__name__ = name
        self.imports = imports

    def __call__(self, *_arguments: Any) -> None:
        raise NotImplementedError(f"{self.__name__} stands in a file that is not written yet.")


class _FunctionSerializer(BaseSerializer):
    def serialize(self) -> tuple[str, set[str]]:
        return self.value.__name__, self.value.imports


MigrationWriter.register_serializer(Function, _FunctionSerializer)


class DataStep(Migration):
    """Fills columns; not atomic, so that each batch counts where the database commits it."""

    def __init__(self, name: str, app_label: str, fillings: list[Filling]) -> None:
        super().__init__(name, app_label)
        self.fillings = fillings
        # In the instance, as in every migration that Django finds.
        step: Any = self
        step.operations = [_filling_operation(filling) for filling in fillings]

    @property
    def functions(self) -> str:
        """The source of the functions that the operations call."""
        sources = [filling.source(f"{self.app_label}.{self.name}") for filling in self.fillings]
        return BATCHES + "".join(sources)

    def suggest_name(self) -> str:
        """What is filled."""
        more = "_and_more" if self.fillings[1:] else ""
        return f"fill_{self.fillings[0].label}{more}"


def _filling_operation(filling: Filling) -> RunPython:
    imports = set() if filling.made_by is None else set(MigrationWriter.serialize(filling.made_by)[1])
    forwards = Function(f"fill_{filling.label}", imports)
    return RunPython(forwards, Function(f"keep_{filling.label}", set()), atomic=False)
