"""Databases of their own for the tests of this application, on the engine that the suite runs on."""

import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from secrets import token_hex

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from evolution.tests.holders import PREPARE
from evolution.tests.own_database import server_programs
from evolution.tests.own_server import Serve, servers
from evolution.tests.processes import run
from evolution.tests.shelf import Shelf, shelf_in


@pytest.fixture
def shelf(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[Shelf]:
    """An application with writers and books in a database of its own."""
    with django_db_blocker.unblock(), shelf_in(tmp_path) as shelf:
        yield shelf


@pytest.fixture
def empty_database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The address of an empty database."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'crash.sqlite3'}"
        return
    name = f"crash_{token_hex(4)}"
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        try:
            yield os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
        finally:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def library(empty_database: str) -> str:
    """The address of a database in which the library's first migration is applied, with rows."""
    code, _output, errors = run(empty_database, PREPARE)
    assert code == 0, errors
    return empty_database


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of the backups; the server's programs are at hand."""
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))
    if connection.vendor == "mysql":
        dump, client = server_programs()
        monkeypatch.setenv("EVOLUTION_DUMP_PROGRAM", dump)
        monkeypatch.setenv("EVOLUTION_CLIENT_PROGRAM", client)
    return tmp_path / "backups"


@pytest.fixture
def migrate(shelf, folder):
    """Runs `migrate` on the shelf's database; what it printed."""

    def run(*arguments, **options):
        out = StringIO()
        options = {"database": shelf.wrapper.alias, "stdout": out, "no_color": True} | options
        call_command("migrate", *arguments, **options)
        return out.getvalue()

    return run


@pytest.fixture
def serve(django_db_blocker: DjangoDbBlocker) -> Iterator[Serve]:
    """Starts a server of the suite's engine, with more options; it is gone afterwards."""
    with django_db_blocker.unblock(), servers() as start:
        yield start
