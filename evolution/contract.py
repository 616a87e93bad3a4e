"""Contract steps: migrations that programs of the release before can't live with."""

from collections.abc import Iterable

from django.db.migrations import Migration
from django.db.migrations.graph import MigrationGraph


def is_contract(migration: Migration) -> bool:
    """Whether programs of the release before can't live with what the migration does."""
    return bool(getattr(migration, "contract", False))


def left_by_expanding(plan: Iterable[tuple[Migration, bool]], graph: MigrationGraph) -> list[Migration]:
    """Of a plan, the contract steps and what depends on them, in the order of the plan."""
    migrations = [migration for migration, _backwards in plan]
    contracts = [(one.app_label, one.name) for one in migrations if is_contract(one)]
    left = {node for contract in contracts for node in graph.backwards_plan(contract)}
    return [one for one in migrations if (one.app_label, one.name) in left]


def about_contract(left: list[Migration]) -> str:
    """What a run that only expands has left for later; empty where it is nothing."""
    if not left:
        return ""
    names = [f"{one.app_label}.{one.name}" for one in left if is_contract(one)]
    steps = "the contract step" if len(names) == 1 else "the contract steps"
    others = len(left) - len(names)
    more = f", and with it {others} after it" if others else ""
    return (
        f"Left for later: {steps} {', '.join(names)}{more}. When no program of the release before is at work any more: "
        "manage.py migrate"
    )
