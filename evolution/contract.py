"""Contract steps: migrations that programs of the release before can't live with."""

from django.db.migrations import Migration


def is_contract(migration: Migration) -> bool:
    """Whether programs of the release before can't live with what the migration does."""
    return bool(getattr(migration, "contract", False))


def about_contract(left: list[Migration]) -> str:
    """What a run that only expands has left for later; empty where it is nothing."""
    if not left:
        return ""
    first = f"{left[0].app_label}.{left[0].name}"
    more = f", and with it {len(left) - 1} after it" if len(left) > 1 else ""
    return (
        f"Left for later: the contract step {first}{more}. When no program of the release before is at work any more: "
        "manage.py migrate"
    )
