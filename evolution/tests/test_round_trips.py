"""Up, other values, down and up again: for schemas and rows that nobody has thought of, every value is there again.

A few of them here; ROUND_TRIPS=500 tries so many (`make roundtriptest`).
"""

import datetime
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from evolution.accounting import account
from evolution.archive.entries import entries, purge
from evolution.certificates import columns_to_count
from evolution.executor import JournaledExecutor
from evolution.rules.changes import AnyField
from evolution.scratch import scratch_database
from evolution.tables import ensure_tables
from evolution.tests.crash.cells import differences
from evolution.tests.crash.contents import rows

UTC = datetime.UTC
EXAMPLES = int(os.environ.get("ROUND_TRIPS", "12"))

# Of each kind of column fields from narrow to wide, so that one can become another.
FAMILIES: dict[str, list[tuple[type[AnyField], dict[str, Any]]]] = {
    "text": [
        (models.CharField, {"max_length": 4}),
        (models.CharField, {"max_length": 30}),
        (models.TextField, {}),
    ],
    "number": [(models.SmallIntegerField, {}), (models.IntegerField, {}), (models.BigIntegerField, {})],
    "count": [(models.PositiveSmallIntegerField, {}), (models.PositiveIntegerField, {})],
    "decimal": [
        (models.DecimalField, {"max_digits": 4, "decimal_places": 1}),
        (models.DecimalField, {"max_digits": 12, "decimal_places": 5}),
    ],
    "float": [(models.FloatField, {})],
    "truth": [(models.BooleanField, {})],
    "moment": [(models.DateTimeField, {})],
    "day": [(models.DateField, {})],
    "duration": [(models.DurationField, {})],
    "JSON": [(models.JSONField, {})],
    "bytes": [(models.BinaryField, {})],
    "UUID": [(models.UUIDField, {})],
}
DEFAULTS: dict[str, Any] = {
    "text": "abc",
    "number": 7,
    "count": 3,
    "decimal": Decimal("1.5"),
    "float": 0.5,
    "truth": False,
    "moment": datetime.datetime(2020, 1, 2, tzinfo=UTC),
    "day": datetime.date(2020, 1, 2),
    "duration": datetime.timedelta(hours=1),
    "JSON": {},
    "bytes": b"\x00\xff",
    "UUID": uuid.UUID(int=7),
}


@dataclass(frozen=True)
class Column:
    """A field of a family, of a width, that may be NULL or has a default."""

    family: str
    width: int
    null: bool

    def field(self) -> AnyField:
        kind, options = FAMILIES[self.family][self.width]
        return kind(**options, null=self.null, **({} if self.null else {"default": DEFAULTS[self.family]}))

    def values(self) -> st.SearchStrategy[Any]:
        kind, options = FAMILIES[self.family][self.width]
        found = _values(self.family, kind, options)
        return st.none() | found if self.null else found


def _values(family: str, kind: type[AnyField], options: dict[str, Any]) -> st.SearchStrategy[Any]:
    if family in {"number", "count"}:
        return st.integers(*BaseDatabaseOperations.integer_field_ranges[kind.__name__])
    if family == "decimal":
        most, places = 10 ** options["max_digits"] - 1, options["decimal_places"]
        return st.integers(-most, most).map(lambda number: Decimal(number).scaleb(-places))
    if family == "text":
        letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
        return st.text(letters, max_size=options.get("max_length", 60))
    return VALUES[family]


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "float": st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
    "truth": st.booleans(),
    "moment": st.integers(0, 2**31 * 10**6).map(
        lambda number: datetime.datetime(1970, 1, 2, tzinfo=UTC) + datetime.timedelta(microseconds=number)
    ),
    "day": st.dates(datetime.date(1000, 1, 1)),
    "duration": st.timedeltas(datetime.timedelta(days=-9999), datetime.timedelta(days=9999)),
    "JSON": st.dictionaries(st.text("abcäö", max_size=3), st.integers(-9, 9) | st.none(), max_size=2),
    "bytes": st.binary(max_size=20),
    "UUID": st.uuids(version=4),  # MariaDB takes no other bits
}
COLUMNS = st.sampled_from(list(FAMILIES)).flatmap(
    lambda family: st.builds(
        Column, st.just(family), st.integers(0, len(FAMILIES[family]) - 1), st.booleans()
    )
)


@dataclass
class Case:
    """A table with rows, the operations of a migration, and what its table is like after them."""

    before: dict[str, Column]
    operations: list[Any] = field(default_factory=list)
    after: dict[str, Column] = field(default_factory=dict)


@st.composite
def cases(draw: Any) -> Case:
    before = {f"c{number}": draw(COLUMNS) for number in range(draw(st.integers(1, 4)))}
    case = Case(before, after=dict(before))
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["column", "column", "column", "rename", "table"]))
        {"column": _change_column, "rename": _rename, "table": _change_tables}[kind](draw, case, number)
    return case


def _change_column(draw: Any, case: Case, number: int) -> None:
    """Add a column, or alter or remove one that there is."""
    name = draw(st.sampled_from([f"n{number}", *sorted(case.after)]))
    if name not in case.after:
        case.after[name] = draw(COLUMNS)
        case.operations.append(migrations.AddField("thing", name, case.after[name].field()))
    elif draw(st.booleans()):
        del case.after[name]
        case.operations.append(migrations.RemoveField("thing", name))
    else:
        family = case.after[name].family
        width = draw(st.integers(0, len(FAMILIES[family]) - 1))
        case.after[name] = Column(family, width, draw(st.booleans()))
        case.operations.append(migrations.AlterField("thing", name, case.after[name].field()))


def _rename(draw: Any, case: Case, number: int) -> None:
    if case.after:
        name = draw(st.sampled_from(sorted(case.after)))
        case.after[f"r{number}"] = case.after.pop(name)
        case.operations.append(migrations.RenameField("thing", name, f"r{number}"))


def _change_tables(draw: Any, case: Case, number: int) -> None:
    """Links to another table, a table that goes, or one that comes."""
    kind = draw(st.sampled_from(["link", "drop", "make"]))
    if kind == "link":
        many: Any = models.ManyToManyField("trips.writer", related_name="+")
        key: Any = models.ForeignKey("trips.writer", models.SET_NULL, null=True, related_name="+")
        case.operations.append(migrations.AddField("thing", f"m{number}", many))
        case.operations.append(migrations.AddField("thing", f"k{number}", key))
    elif kind == "make":
        fields: list[Any] = [
            ("id", models.AutoField(primary_key=True)),
            ("thing", models.ForeignKey("trips.thing", models.CASCADE)),
            ("word", models.CharField(max_length=9, unique=True)),
        ]
        case.operations.append(migrations.CreateModel(f"Made{number}", fields))
    elif not any(isinstance(done, migrations.DeleteModel) for done in case.operations):
        case.operations.append(migrations.DeleteModel("Spare"))


class Trip:
    """The tables in a database, and the way of the case's migration over them."""

    def __init__(self, wrapper: BaseDatabaseWrapper, case: Case, data: Any) -> None:
        self.wrapper = wrapper
        self.data = data
        self.executor = JournaledExecutor(wrapper)
        first = [
            migrations.CreateModel(
                "Writer",
                [("id", models.AutoField(primary_key=True)), ("name", models.CharField(max_length=9))],
            ),
            migrations.CreateModel(
                "Thing",
                [
                    ("id", models.AutoField(primary_key=True)),
                    *((name, column.field()) for name, column in case.before.items()),
                ],
            ),
            migrations.CreateModel(
                "Spare",
                [
                    ("id", models.BigAutoField(primary_key=True)),
                    ("thing", models.ForeignKey("trips.thing", models.CASCADE)),
                    ("writers", models.ManyToManyField("trips.writer")),
                ],
            ),
        ]
        empty = ProjectState()
        self.below = self.executor.apply_migration(empty, _migration("0001_first", first))
        self.migration = _migration("0002_next", case.operations)
        self.above = self.below.clone()

    def up(self) -> None:
        self.above = self.executor.apply_migration(self.below.clone(), self.migration)

    def down(self) -> None:
        self.executor.unapply_migration(self.below.clone(), self.migration)

    def rows(self, state: ProjectState, name: str) -> Any:
        return self.of(state.apps.get_model("trips", name))

    def of(self, model: type[models.Model]) -> Any:
        return model._default_manager.using(self.wrapper.alias)

    def write(self, state: ProjectState, columns: dict[str, Column]) -> None:
        """Other values in each row, and rows in all that there is."""
        things = self.rows(state, "thing")
        for pk in (3, 6, 9):
            values = {name: self.data.draw(column.values(), name) for name, column in columns.items()}
            things.update_or_create(pk=pk, defaults=values)
        for thing, pk in zip(things.order_by("pk"), (5, 9), strict=False):
            writer, _made = self.rows(state, "writer").get_or_create(pk=pk, defaults={"name": f"W {pk}"})
            self._link(thing, writer)
        for model in state.apps.get_models():
            if model.__name__.startswith("Made"):
                self.of(model).get_or_create(word="word", defaults={"thing_id": 6})
        if ("trips", "spare") in state.models:
            spare, _made = self.rows(state, "spare").get_or_create(pk=7, defaults={"thing_id": 3})
            self.of(spare.writers.through).get_or_create(spare_id=7, writer_id=9)

    def _link(self, thing: Any, writer: Any) -> None:
        for link in thing._meta.local_many_to_many:
            through = getattr(thing, link.name).through
            self.of(through).get_or_create(thing_id=thing.pk, writer_id=writer.pk)
        keys = [key.attname for key in thing._meta.local_fields if key.is_relation]
        self.of(type(thing)).filter(pk=thing.pk).update(**dict.fromkeys(keys, writer.pk))

    def everything(self) -> dict[str, Any]:
        """All rows, and of each table the checksum by which `migrate` tells whether a value is another one."""
        tables = columns_to_count(self.wrapper)
        accounts = account(self.wrapper, tables).tables
        checksums = {f"checksum of {table}": [one.checksum] for table, one in accounts.items()}
        return checksums | {table: sorted(map(repr, rows(self.wrapper, table))) for table in tables}


def _migration(name: str, operations: list[Any]) -> migrations.Migration:
    kind: Any = type("Migration", (migrations.Migration,), {"operations": operations})
    made: migrations.Migration = kind(name, "trips")
    return made


@pytest.fixture(scope="module")
def empty(django_db_setup, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    with django_db_blocker.unblock(), scratch_database(connection) as wrapper:
        ensure_tables(wrapper)
        MigrationRecorder(wrapper).ensure_schema()
        yield wrapper


def clear(wrapper: BaseDatabaseWrapper) -> None:
    purge(wrapper, entries(wrapper))
    with wrapper.constraint_checks_disabled(), wrapper.cursor() as cursor:
        for table in columns_to_count(wrapper):
            cursor.execute(f"DROP TABLE {wrapper.ops.quote_name(table)}")
    MigrationRecorder(wrapper).flush()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=EXAMPLES < 100,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # a smaller case would take minutes to find
    report_multiple_bugs=False,
    print_blob=True,
)
@given(case=cases(), data=st.data())
def test_there_and_back_every_value_is_there_again(empty, case, data):
    try:
        trip = Trip(empty, case, data)
        trip.write(trip.below, case.before)
        below = trip.everything()
        trip.up()
        trip.down()
        assert differences(trip.everything(), below) == {}
        trip.up()
        trip.write(trip.above, case.after)
        above = trip.everything()
        trip.down()
        trip.up()
        assert differences(trip.everything(), above) == {}
    finally:
        clear(empty)
