"""The source of a migration: where it lies, whose it is, and a checksum of what it does."""

import ast
import hashlib
import sys
from pathlib import Path

from django.db.migrations import Migration

FOREIGN = {"site-packages", "dist-packages"}


def source_file(migration: Migration) -> Path | None:
    """The migration's file, or None where there is none (compiled code only)."""
    found = getattr(sys.modules.get(migration.__module__), "__file__", None)
    return Path(found) if found and found.endswith(".py") and Path(found).exists() else None


def is_own(migration: Migration) -> bool:
    """Whether the file is the project's: it does not lie where pip or Debian put libraries."""
    file = source_file(migration)
    return file is not None and not FOREIGN & set(file.parts)


def source_tree(migration: Migration) -> ast.Module | None:
    """The parsed file, or None where there is none."""
    file = source_file(migration)
    return ast.parse(file.read_bytes()) if file else None


def source_checksum(migration: Migration) -> str:
    """64 hexadecimal digits that change when what the file does changes; empty where there is no file.

    Comments, blank lines, the form of the code, docstrings, `accepted` and `same_as` do not count, nor does the
    version of Python: what a newer one adds to its syntax tree is empty for older code.
    """
    tree = source_tree(migration)
    return hashlib.sha256(_form(tree).encode()).hexdigest() if tree else ""


def _form(node: object) -> str:
    """A syntax tree as text, without what is empty in it."""
    if isinstance(node, ast.AST):
        parts = [
            f"{name}={_form(value)}"
            for name, value in sorted(ast.iter_fields(node))
            if value not in (None, []) and name not in ("ctx", "kind", "type_comment")
        ]
        return f"{type(node).__name__}({', '.join(parts)})"
    if isinstance(node, list):
        return f"[{', '.join(_form(item) for item in node if not _says_nothing(item))}]"
    return repr(node)


def _says_nothing(node: object) -> bool:
    """A docstring (or another lone text), or what the file says to this application."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in ("accepted", "same_as")
    return False
