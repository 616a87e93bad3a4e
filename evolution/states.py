"""The states that a migration history passes through, and which of them a database is in.

A state is what `migrate` makes in an empty database: a set of migrations that holds all they depend on.
Which states come into question is told by the names of the tables alone, without a database; each of those is
then built in a scratch database and compared table by table.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ModelState, ProjectState

from evolution.accounting import NO_DATA
from evolution.introspection import read_schema, stored_names
from evolution.schema import MissingIndex, Schema, differences, missing_indexes
from evolution.scratch import in_place_of, scratch_database
from evolution.tables import without_own

Node = tuple[str, str]  # application, migration

# Tables that are there for the machinery of migrations, not by one of them.
NOT_OF_THE_HISTORY = NO_DATA | {MigrationRecorder.Migration._meta.db_table}


@dataclass(frozen=True)
class State:
    """Migrations in the order in which they are applied."""

    migrations: tuple[Node, ...]

    def __str__(self) -> str:
        return ", ".join(f"{app}.{name}" for app, name in sorted(self.heads().items())) or "an empty database"

    def heads(self) -> dict[str, str]:
        """The last migration of each application."""
        return dict(self.migrations)


@dataclass(frozen=True)
class Match:
    """How a database compares with one state: `differences` is empty where it is in that state."""

    state: State
    differences: list[str]
    missing_indexes: list[MissingIndex]


class History:
    """The migration history of the installed applications, as far as the names of tables go."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        executor = MigrationExecutor(connection)
        self.loader = executor.loader
        self.graph = executor.loader.graph
        self.plan: list[Node] = []
        # An application's tables after each of its migrations.
        self.tables: dict[Node, frozenset[str]] = {}
        self.nodes: dict[str, list[Node]] = defaultdict(list)
        stored = stored_names(connection)
        state = ProjectState(real_apps=executor.loader.unmigrated_apps)
        for migration, _backwards in executor.migration_plan(self.graph.leaf_nodes(), clean_start=True):
            node = (migration.app_label, migration.name)
            migration.mutate_state(state, preserve=False)
            self.plan.append(node)
            self.nodes[node[0]].append(node)
            self.tables[node] = frozenset(stored(table) for table in _tables_of(state, node[0]))

    def tables_of(self, app: str) -> set[str]:
        """All tables that the application has at some point of its history."""
        return {table for node in self.nodes[app] for table in self.tables[node]}

    def all_tables(self) -> set[str]:
        """All tables that any application has at some point of its history."""
        return {table for app in self.nodes for table in self.tables_of(app)}

    def state(self, heads: list[Node]) -> State:
        """The state that `migrate` reaches on the way to `heads`."""
        needed = {node for head in heads for node in self.graph.forwards_plan(head)}
        return State(tuple(node for node in self.plan if node in needed))

    def tables_in(self, state: State) -> set[str]:
        """The tables that a database in `state` has."""
        return {table for head in state.heads().items() for table in self.tables[head]}

    def states_with(self, tables: set[str], recorded: set[Node]) -> list[State]:
        """The states with exactly these tables, the earliest first.

        An application with migrations in `recorded` stays where they say it is. Where only a data step lies
        between two states the earlier one is to be believed: a step that has been done can tell so when it
        runs again, one that is left out is lost.
        """
        choices: list[list[Node]] = []
        for app, nodes in self.nodes.items():
            applied = [node for node in nodes if node in recorded]
            present = tables & self.tables_of(app)
            if applied:
                choices.append(applied[-1:])
            elif present:
                choices.append([node for node in nodes if self.tables[node] == present])
        states = {self.state(list(heads)) for heads in product(*choices)}
        return sorted((s for s in states if self.tables_in(s) == tables), key=lambda s: len(s.migrations))

    def nearest_states(self, tables: set[str]) -> list[State]:
        """The states whose tables' names differ least from these."""
        apart = {
            state: len(self.tables_in(state) ^ tables) for state in map(self.state, ([n] for n in self.plan))
        }
        return [state for state, distance in apart.items() if distance == min(apart.values())]


def _tables_of(state: ProjectState, app: str) -> Iterator[str]:
    for model in state.models.values():
        if model.app_label == app and model.options.get("managed", True) and not model.options.get("proxy"):
            yield _table(model)
            for name, field in model.fields.items():
                if field.many_to_many and not getattr(field.remote_field, "through", None):
                    yield field.db_table or f"{_table(model)}_{name}"


def _table(model: ModelState) -> str:
    return str(model.options.get("db_table") or f"{model.app_label}_{model.name_lower}")


def compare(connection: BaseDatabaseWrapper, history: History, found: Schema, state: State) -> Match:
    """Build `state` in a scratch database and compare `found`, the schema of `connection`, with it.

    Tables that the history never makes (of other programs, such as alembic_version) do not count.
    """
    expected = build(connection, history, state)
    tables = history.all_tables() | set(expected.tables)
    expected, found = expected.only(tables), found.only(tables)
    return Match(state, differences(expected, found), missing_indexes(expected, found))


def build(connection: BaseDatabaseWrapper, history: History, state: State) -> Schema:
    """The schema that the migrations of `state` make, found by running them, and no others, in a scratch database."""
    with scratch_database(connection) as scratch, in_place_of(connection, scratch):
        executor = MigrationExecutor(scratch)
        # Where a squashed migration is applied in part, the live database decides which files count.
        executor.loader = history.loader
        plan = [(history.graph.nodes[node], False) for node in state.migrations]
        if plan:
            executor.migrate(None, plan, ProjectState(real_apps=history.loader.unmigrated_apps))
        found = read_schema(scratch)
        return found.only(without_own(found.tables) - NOT_OF_THE_HISTORY)


def find_state(connection: BaseDatabaseWrapper, history: History, recorded: set[Node]) -> Match:
    """The state that the database's schema is in, or the nearest one with the differences.

    `recorded` are the migrations known to be applied; only the other applications are searched for.
    """
    found = read_schema(connection)
    tables = set(found.tables) & history.all_tables()
    nearest: Match | None = None
    for state in history.states_with(tables, recorded) or history.nearest_states(tables):
        match = compare(connection, history, found, state)
        if nearest is None or len(match.differences) < len(nearest.differences):
            nearest = match
        if not match.differences:
            break
    assert nearest is not None  # noqa: S101 - there is always a nearest state # nosec B101
    return nearest
