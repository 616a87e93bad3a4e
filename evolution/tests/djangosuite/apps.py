"""This application as Django's own tests get it."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from evolution.apps import EvolutionConfig

# How often what is tried here was at work, so that a run that never touched it cannot pass for a good one.
COUNTS = {"commands": 0, "lines": 0, "rebuilds": 0}


class Config(EvolutionConfig):
    def ready(self) -> None:
        from django.db.migrations import executor

        from evolution.executor import JournaledExecutor

        if executor.MigrationExecutor is JournaledExecutor:
            return  # tests that install other applications make all of them ready again
        # Before any of the tests, or Django's own command, is imported and asks for it by this name.
        executor.MigrationExecutor = JournaledExecutor  # type: ignore[assignment,misc]
        if os.environ.get("DJANGOSUITE_COMMAND"):
            use_our_command()
        begin_with_an_empty_journal()
        count_what_is_at_work()


def use_our_command() -> None:
    """Let every `migrate` be this application's, also in the tests that install applications of their own."""
    from django.core.management.commands import migrate

    from evolution.management.commands.migrate import Command

    migrate.Command = Command  # type: ignore[misc]


def begin_with_an_empty_journal() -> None:
    """Let each test begin so; those that roll everything back do anyway."""
    from django.test import TestCase, TransactionTestCase

    setup: Any = TransactionTestCase.__dict__["_pre_setup"]

    def pre_setup(case: type[TransactionTestCase]) -> None:
        if not issubclass(case, TestCase):
            clear_journal(case.databases)
        setup.__func__(case)

    TransactionTestCase._pre_setup = classmethod(pre_setup)  # type: ignore[attr-defined]


def clear_journal(aliases: Any) -> None:
    """Forget what an earlier test left in these databases, but for how many lines it wrote."""
    from django.db import connections

    from evolution.models import Checkpoint, Run, Statement

    for connection in (connections[alias] for alias in connections if alias in aliases):
        present = connection.introspection.table_names()
        for model in (Statement, Checkpoint, Run):
            if model._meta.db_table in present:
                rows = model._default_manager.using(connection.alias)
                COUNTS["lines"] += rows.count() if model is Statement else 0
                rows.all().delete()


def count_what_is_at_work() -> None:
    """Count runs of this application's `migrate`, and tables that its editor built anew."""
    from evolution.backends.sqlite3.schema import DatabaseSchemaEditor
    from evolution.management.commands.migrate import Command

    def counted(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            COUNTS[name] += 1
            return method(*args, **kwargs)

        return wrapper

    Command.handle = counted("commands", Command.handle)  # type: ignore[method-assign]
    DatabaseSchemaEditor._remake_table = counted("rebuilds", DatabaseSchemaEditor._remake_table)  # type: ignore[method-assign]
