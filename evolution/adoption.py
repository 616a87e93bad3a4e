"""Taking over a database that another tool made: recording the migrations whose schema it already has."""

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from evolution import runs, stamps
from evolution.introspection import stored_names, table_names
from evolution.schema import MissingIndex
from evolution.states import History, Match, Node, find_state
from evolution.tables import without_own


class NotAdoptable(Exception):
    """The database is in no state of the history. `match` is the nearest one, with the differences."""

    def __init__(self, match: Match) -> None:
        super().__init__(str(match.state))
        self.match = match


@dataclass(frozen=True)
class Finding:
    """What stands in a database: tables of the history with their rows, and those of other programs."""

    rows: dict[str, int]
    others: list[str]


def unadopted_tables(connection: BaseDatabaseWrapper) -> set[str]:
    """Tables of applications of which no migration is recorded as applied.

    A plain `migrate` would stop half-way at them. Empty for a new database and for one under `migrate`.
    """
    return set().union(*_unadopted(connection).values())


def tables_beyond_initial(connection: BaseDatabaseWrapper) -> set[str]:
    """Those of the unadopted tables that come later than an application's first migration.

    `migrate --fake-initial` takes over first migrations only, and would stop half-way at these.
    """
    history = History(connection)
    return {
        table
        for app, tables in _unadopted(connection).items()
        for table in tables - history.tables[history.nodes[app][0]]
    }


def _unadopted(connection: BaseDatabaseWrapper) -> dict[str, set[str]]:
    tables = without_own(table_names(connection)) - {"django_migrations"}
    if not tables:
        return {}
    nodes = _recorded(connection)
    recorded = {app for app, _name in nodes}
    # What stands of an application whose first migration was cut short is migrate's own.
    recorded |= {app for app, _name in (runs.halfway(connection) or ())[:1]}
    history = History(connection)
    # A model may move to another application, which takes its table over without making it.
    for app in recorded & history.nodes.keys():
        made = [history.tables[node] for node in history.nodes[app] if node in nodes]
        tables -= made[-1] if made else history.tables_of(app)
    return {app: history.tables_of(app) & tables for app in history.nodes if app not in recorded}


def _recorded(connection: BaseDatabaseWrapper) -> set[Node]:
    return set(MigrationRecorder(connection).applied_migrations())


def survey(connection: BaseDatabaseWrapper, history: History) -> Finding:
    """Look at the tables of the database, and count the rows of those that the history knows."""
    known = history.all_tables()
    names = table_names(connection)
    with connection.cursor() as cursor:
        rows = {}
        for name in sorted(names & known):
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(name)}")  # noqa: S608
            rows[name] = cursor.fetchone()[0]
    return Finding(rows, sorted(without_own(names) - known - {"django_migrations"}))


def recognise(connection: BaseDatabaseWrapper, history: History) -> Match:
    """The state that the database is in. Raises NotAdoptable when it is in none."""
    match = find_state(connection, history, _recorded(connection))
    if match.differences:
        raise NotAdoptable(match)
    return match


def adopt(connection: BaseDatabaseWrapper, match: Match) -> list[Node]:
    """Make the missing indexes, then record the state's migrations as applied, all of them or none, with the run.

    Returns the migrations that were recorded; those recorded before are left as they are.
    """
    with connection.schema_editor() as editor:
        for index in match.missing_indexes:
            editor.execute(_create_index(connection, editor, match, index))
    recorded = _recorded(connection)
    new = [node for node in match.state.migrations if node not in recorded]
    graph = MigrationExecutor(connection).loader.graph
    stamps.record(connection, [(graph.nodes[node], False) for node in new], command="adopt")
    return new


def _create_index(
    connection: BaseDatabaseWrapper, editor: BaseDatabaseSchemaEditor, match: Match, index: MissingIndex
) -> Statement:
    """The statement that Django itself would have made the index with, name and all."""
    state = MigrationExecutor(connection).loader.project_state(list(match.state.heads().items()))
    stored = stored_names(connection)
    models = {
        stored(model._meta.db_table): model for model in state.apps.get_models(include_auto_created=True)
    }
    model = models[index.table]
    fields = [
        field for column in index.columns for field in model._meta.local_fields if field.column == column
    ]
    return editor._create_index_sql(model, fields=fields)  # type: ignore[no-any-return,attr-defined]
