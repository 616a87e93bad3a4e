"""7xx: the files of migrations."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType

from django.apps import apps
from django.db.migrations import Migration
from django.db.models import Model

from evolution.findings import Finding, Level
from evolution.rules.hazards import HAZARDS, Problem, Scope, hazard
from evolution.rules.sources import source_tree
from evolution.rules.step import Step

Node = tuple[str, str]  # application, migration
LIVE_HINT = """\
Take the model as it was then: Model = apps.get_model("app", "Model") inside the function that RunPython calls."""


@hazard("W701", scope=Scope.MIGRATION, for_authors=True)
def live_models(steps: list[Step]) -> Iterator[Problem]:
    """The file imports models as they are today; the tables are as they were then.

    Functions and mixins from a models module are not meant: makemigrations itself writes such imports.
    """
    tree = source_tree(steps[0].migration)
    if lines := tuple(_live_imports(tree)) if tree else ():
        yield Problem("The migration imports models as they are today, not as they were.", LIVE_HINT, lines)


def _live_imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), level=0):
                found = any(_is_live(module, alias, tree) for alias in node.names)
            case ast.Import():
                found = any(_uses_model(alias.name, alias.asname or alias.name, tree) for alias in node.names)
            case _:
                continue
        if found:
            yield f"line {node.lineno}: {ast.unparse(node)}"


def _is_live(module: str, alias: ast.alias, tree: ast.Module) -> bool:
    """Whether `from module import alias` brings in a model."""
    if (module, alias.name) == ("django.contrib.auth", "get_user_model"):
        return True
    if found := _models_module(module):
        return alias.name == "*" or _is_model(getattr(found, alias.name, None))
    return _uses_model(f"{module}.{alias.name}", alias.asname or alias.name, tree)


def _uses_model(module: str, name: str, tree: ast.Module) -> bool:
    """Whether the file says `name.Model`, where `name` stands for a module of models."""
    found = _models_module(module)
    return found is not None and any(
        ast.unparse(node.value) == name and _is_model(getattr(found, node.attr, None))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    )


def _models_module(name: str) -> ModuleType | None:
    """The module, if it is or lies in an installed application's models module."""
    for config in apps.get_app_configs():
        own = f"{config.name}.models"
        if config.models_module is not None and (name == own or name.startswith(f"{own}.")):
            try:
                return importlib.import_module(name)
            except ImportError:
                return None
    return None


def _is_model(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, Model) and not found._meta.abstract


@hazard("E702", scope=Scope.OTHER)
def changed_file(recorded: str, present: str) -> Iterator[Problem]:
    """An applied migration's file does something else than when it was applied. Empty: not known."""
    if recorded and present and recorded != present:
        yield Problem(
            "The file of this applied migration has changed: a new database would get another schema than this one.",
            "Put the file back as it was, and write a new migration for the change. Only where it comes to the very "
            f'same another way, say so in it: same_as = {{"{recorded}": "how the ways differ"}}',
            level=Level.ERROR,
        )


def same_as(migration: Migration) -> Mapping[str, str]:
    """The checksums of earlier forms of the file that come to the same schema and rows, each with the reason.

    class Migration(migrations.Migration):
        same_as = {"5f3c…": "writes the rows in batches, not one by one"}
    """
    earlier: Mapping[str, str] = getattr(migration, "same_as", {})
    return {checksum: reason for checksum, reason in earlier.items() if reason.strip()}


def check_files(recorded: Mapping[Node, str], present: Mapping[Node, str]) -> list[Finding]:
    """Findings about applied migrations whose files have changed since.

    Both map (application, migration) to `source_checksum`: when it was applied, and now. What stands in one of
    them only is not looked at.
    """
    return [
        HAZARDS[702].finding(problem, f"{node[0]}.{node[1]}")
        for node in sorted(recorded.keys() & present.keys())
        for problem in changed_file(recorded[node], present[node])
    ]
