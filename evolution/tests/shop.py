"""A project of its own with the application `shop`, whose models a test changes; its commands are real processes."""

import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

from django.conf import settings

from evolution.tests.forked import django
from evolution.tests.processes import query

HEAD = """\
import uuid
from django.db import models

"""
FIRST = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    accepted = {accepted}
    operations = [
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.{title}),
            ],
            options={options},
        ),
    ]
"""


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it said."""

    code: int
    output: str
    errors: str


class Shop:
    """The project in `folder`, on the database at an address; `apps` are installed behind evolution and shop."""

    def __init__(self, folder: Path, database: str, *apps: str) -> None:
        self.folder = folder
        self.database = database
        package = folder / "shop"
        package.mkdir()
        (package / "__init__.py").touch()
        self.migrations = package / "migrations"
        (folder / "shop_project.py").write_text(
            "from evolution.tests.project import *\n"
            f"INSTALLED_APPS = {['evolution', 'shop', *apps]!r}\nFIRST_PARTY_APPS = ['shop']\n"
        )

    def start(self, title: str, options: str = "{}", accepted: str = "{}") -> None:
        """Write 0001_initial: books with a title, a field given as its source."""
        self.migrations.mkdir(exist_ok=True)
        (self.migrations / "__init__.py").touch()
        (self.migrations / "0001_initial.py").write_text(
            FIRST.format(title=title, options=options, accepted=accepted)
        )

    def models(self, source: str) -> None:
        """Write the models; `models` and `uuid` are imported."""
        (self.folder / "shop" / "models.py").write_text(HEAD + dedent(source))

    def manage(self, *arguments: str) -> Answer:
        """Run a command of Django's without a terminal."""
        done = django(arguments, self.folder, self._environment())
        return Answer(done.returncode, done.stdout, done.stderr)

    def managed(self, *arguments: str) -> str:
        """The same, which has to succeed; what it said."""
        answer = self.manage(*arguments)
        assert answer.code == 0, answer.output + answer.errors
        return answer.output

    def at_terminal(self, *arguments: str, types: str) -> Answer:
        """The same at a terminal, where somebody types: all that is seen there is the output."""
        master, terminal = pty.openpty()
        try:
            os.write(master, types.encode())
            with subprocess.Popen(
                [sys.executable, "-m", "django", *arguments],
                env=self._environment(),
                cwd=self.folder,
                stdin=terminal,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process:
                try:
                    output, _nothing = process.communicate(timeout=60)
                except subprocess.TimeoutExpired:  # it asks for more than was typed
                    process.kill()
                    raise
        finally:
            os.close(master)
            os.close(terminal)
        return Answer(process.returncode, output, "")

    def written(self) -> list[str]:
        """The names of the migrations."""
        return sorted(file.stem for file in self.migrations.glob("0*.py"))

    def source(self, name: str) -> str:
        """The text of a migration."""
        return (self.migrations / f"{name}.py").read_text()

    def fill(self, name: str, source: str) -> None:
        """Say in a data step what a row gets, as its author would: lines of Python in the place of the refusal."""
        text = self.source(name)
        start = text.index("    raise NotImplementedError")
        end = text.index("\n\n\ndef fill_", start)
        (self.migrations / f"{name}.py").write_text(
            text[:start] + indent(dedent(source), "    ") + text[end:]
        )

    def query(self, sql: str) -> str:
        """What a statement answers, as Python writes it."""
        return query(self.database, sql)

    def _environment(self) -> dict[str, str]:
        paths = f"{self.folder}{os.pathsep}{settings.BASE_DIR}"
        return os.environ | {
            "DATABASE_URL": self.database,
            "DJANGO_SETTINGS_MODULE": "shop_project",
            "PYTHONPATH": paths,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
