"""Several statements about one table as one. Pure."""

import re
from collections.abc import Iterable

_ADD = re.compile(
    r"ALTER TABLE (?P<table>`[^`]+`) (?P<clause>ADD CONSTRAINT `[^`]+` (?:FOREIGN KEY|UNIQUE) .*)", re.DOTALL
)
_INDEX = re.compile(
    r"CREATE (?P<kind>(?:UNIQUE )?INDEX `[^`]+`) ON (?P<table>`[^`]+`) (?P<columns>\(.*)", re.DOTALL
)


def merged(statements: Iterable[str]) -> list[str]:
    """The same statements, in which neighbours that add indexes and keys to one table are one.

    One ALTER TABLE is carried out whole or not at all, reads the table once instead of once for each index, and is
    one lock and one commit instead of several. A check is left alone: for it the server copies the table.
    """
    result: list[str] = []
    table: str | None = None
    clauses: list[str] = []
    first = ""

    def close() -> None:
        if clauses:
            result.append(first if len(clauses) == 1 else f"ALTER TABLE {table} {', '.join(clauses)}")

    for statement in statements:
        this, clause = _parts(statement)
        if clause and this == table:
            clauses.append(clause)
            continue
        close()
        table, clauses, first = this, [clause] if clause else [], statement
        if not clause:
            result.append(statement)
    close()
    return result


def _parts(statement: str) -> tuple[str | None, str]:
    """The table to which a statement adds an index or key, and the clause of an ALTER TABLE that does it."""
    text = statement.rstrip("; \n")
    if match := _ADD.fullmatch(text):
        return match["table"], match["clause"]
    if match := _INDEX.fullmatch(text):
        return match["table"], f"ADD {match['kind']} {match['columns']}"
    return None, ""
