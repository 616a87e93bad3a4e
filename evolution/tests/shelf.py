"""A small application for one test: its migrations are files, its tables stand in a database of their own."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from textwrap import dedent, indent
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from evolution.executor import JournaledExecutor
from evolution.findings import Finding
from evolution.rules import check_plan
from evolution.scratch import scratch_database
from evolution.statements import is_read

HEAD = """\
import datetime, uuid
from django.db import migrations, models
{imports}

class Migration(migrations.Migration):
    dependencies = [{dependency}]
    accepted = {accepted!r}
    operations = [
{operations}
    ]
"""
# Writers have books; a title is text of 20 characters that may be NULL, a price a decimal.
FIRST = """
migrations.CreateModel("Writer", [
    ("id", models.AutoField(primary_key=True)),
    ("name", models.CharField(max_length=20)),
]),
migrations.CreateModel("Book", [
    ("id", models.AutoField(primary_key=True)),
    ("title", models.CharField(max_length=20, null=True)),
    ("price", models.DecimalField(max_digits=7, decimal_places=2, null=True)),
    ("writer_number", models.IntegerField(null=True)),
]),
"""

# Source of a function for the imports of a migration: the value of a foreign key to a writer.
FIRST_WRITER = """
def first_writer(apps, database):
    writers = apps.get_model("shelf", "Writer").objects.using(database)
    return writers.order_by("pk").values_list("pk", flat=True).first()
"""


class Shelf:
    """The application `shelf`, of which 0001_initial is applied."""

    def __init__(self, package: Path, wrapper: BaseDatabaseWrapper) -> None:
        self.package = package
        self.wrapper = wrapper
        self.names: list[str] = []

    def write(self, name: str, operations: str, imports: str = "", accepted: Any = None) -> Path:
        """Add a migration with these operations (source code)."""
        before = self.names[: self.names.index(name)] if name in self.names else self.names
        source = HEAD.format(
            imports=dedent(imports),
            dependency=f"('shelf', '{before[-1]}')" if before else "",
            accepted=accepted or {},
            operations=indent(dedent(operations), "        "),
        )
        file = self.package / "migrations" / f"{name}.py"
        file.write_text(source)
        # A file that was written before in this second would be taken for the same one.
        Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
        sys.modules.pop(f"{self.package.name}.migrations.{name}", None)
        if name not in self.names:
            self.names.append(name)
        importlib.invalidate_caches()
        return file

    def migrate(self, name: str) -> None:
        """Take the database to this migration, as Django does."""
        MigrationExecutor(self.wrapper).migrate([("shelf", name)])

    def applied(self) -> set[tuple[str, str]]:
        """The migrations that are recorded as applied."""
        return set(MigrationRecorder(self.wrapper).applied_migrations())

    def check(
        self, operations: str = "", *, to: str | None = None, database: bool = True, **options: Any
    ) -> list[Finding]:
        """Check the plan to `to` (default: the last migration), after adding 0002 with `operations`."""
        if operations:
            self.write("0002_next", operations, options.pop("imports", ""), options.pop("accepted", None))
        executor = MigrationExecutor(self.wrapper if database else None)
        plan = executor.migration_plan([("shelf", to or self.names[-1])])
        return check_plan(self.wrapper if database else None, plan, executor=executor, **options)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement as it is."""
        with self.wrapper.cursor() as cursor:
            cursor.execute(sql, None)
            return list(cursor.fetchall()) if cursor.description else []

    def books(self, *titles: str | None) -> None:
        """Add books with these titles, numbered from 1."""
        with self.wrapper.cursor() as cursor:
            for title in titles:
                cursor.execute("INSERT INTO shelf_book (title) VALUES (%s)", [title])


class Cut(Exception):
    """Stands for the end of the process; nothing of the run catches it."""


def cut_short(shelf: Shelf, target: str, number: int) -> bool:
    """Migrate to `target` and end before its n-th statement that changes something; whether it came so far."""
    seen = 0

    def cut(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        nonlocal seen
        if not is_read(str(sql)):
            seen += 1
            if seen == number:
                raise Cut
        return execute(sql, params, many, context)

    with shelf.wrapper.execute_wrapper(cut):
        try:
            JournaledExecutor(shelf.wrapper).migrate([("shelf", target)])
        except Cut:
            return True
    return False


@contextmanager
def shelf_in(folder: Path, server: BaseDatabaseWrapper = connection) -> Iterator[Shelf]:
    """The application, installed beside nothing but `evolution`, in an empty database on the suite's server."""
    name = f"shelf_{token_hex(4)}"
    package = folder / name
    (package / "migrations").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "migrations" / "__init__.py").touch()
    (package / "apps.py").write_text(
        f"from django.apps import AppConfig\nclass ShelfConfig(AppConfig):\n    name = {name!r}\n    label = 'shelf'\n"
    )
    (package / "models.py").write_text(
        "from django.db import models\n\ndef folder(*args):\n    return 'covers'\n\n"
        "class Book(models.Model):\n    class Meta:\n        app_label = 'shelf'\n"
    )
    sys.path.insert(0, str(folder))
    try:
        with override_settings(INSTALLED_APPS=["evolution", name]), scratch_database(server) as wrapper:
            shelf = Shelf(package, wrapper)
            shelf.write("0001_initial", FIRST)
            shelf.migrate("0001_initial")
            yield shelf
    finally:
        sys.path.remove(str(folder))
        apps.all_models.pop("shelf", None)
        for module in [module for module in sys.modules if module.startswith(name)]:
            del sys.modules[module]
