"""Whether the real schema is still what the recorded migrations make.

Building all of a history anew takes seconds on a server, so each run leaves a digest of the schema behind: as long
as that is the same, nobody has touched the schema since, and there is nothing to build.
"""

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from evolution import runs
from evolution.digests import schema_digest
from evolution.introspection import read_schema, table_names
from evolution.models import Run
from evolution.states import History, Node, State, compare


def drift(connection: BaseDatabaseWrapper, history: History | None = None) -> list[str]:
    """In what the schema differs from what the recorded migrations make, a sentence each; empty where it does not.

    Those are run in a scratch database for it. Tables that no migration makes do not count, nor do names of keys and
    indexes, nor indexes that were added. Raises ScratchRefused where no scratch database can be made.
    """
    history = history or History(connection)
    return differences_from(connection, history, recorded_state(history))


def differences_from(connection: BaseDatabaseWrapper, history: History, state: State) -> list[str]:
    """In what the schema differs from that of `state`, a sentence each, missing indexes among them."""
    match = compare(connection, history, read_schema(connection), state)
    return match.differences + [
        f"table {index.table}: index ({', '.join(index.columns)}) is missing"
        for index in match.missing_indexes
    ]


def recorded_state(history: History) -> State:
    """The migrations that are recorded as applied, as far as there are files of them."""
    return state_of(history, history.loader.applied_migrations)


def state_of(history: History, nodes: Iterable[Node]) -> State:
    """These migrations in the order in which they are applied; those of which there is no file are left out."""
    wanted = set(nodes)
    return State(tuple(node for node in history.plan if node in wanted))


def is_as_left(connection: BaseDatabaseWrapper) -> bool:
    """Whether schema and recorded migrations are what the last run that ended well left behind. Builds nothing."""
    if Run._meta.db_table not in table_names(connection):
        return False
    ended = Run.objects.using(connection.alias).filter(outcome__in=_WELL).exclude(schema="")
    last = ended.order_by("pk").last()
    if last is None:
        return False
    applied = set(MigrationRecorder(connection).applied_migrations())
    return applied == left_by(last) and schema_digest(connection) == last.schema


# An interrupted run has a digest when its account was brought to an end by the one after it.
_WELL = (Run.Outcome.FINISHED, Run.Outcome.ABORTED, Run.Outcome.INTERRUPTED)


def left_by(run: Run) -> set[Node]:
    """The migrations that were applied when the run had ended."""
    applied = runs.nodes_of(run.state_before)
    if run.outcome == Run.Outcome.ABORTED:
        return applied
    for node, backwards in runs.nodes(run):
        (applied.discard if backwards else applied.add)(node)
    return applied
