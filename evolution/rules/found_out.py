"""605, 8xx: what no file tells, and a run or its rehearsal finds out."""

from collections.abc import Iterator

from evolution.findings import Level
from evolution.rules.hazards import Problem, Scope, hazard


@hazard("E605", scope=Scope.OTHER, looks_at_rows=True)
def hidden_schema_change(sql: str) -> Iterator[Problem]:
    """The code of an operation changes the schema, and after a crash nobody could tell how far it came."""
    yield Problem(
        f"The code of this operation changes the schema, which could not be gone on with after a crash: {sql}",
        "Write it as an operation of its own.",
        level=Level.ERROR,
    )


@hazard("E801", scope=Scope.OTHER, looks_at_rows=True)
def rows_removed(sentences: list[str]) -> Iterator[Problem]:
    """After the way there on a copy there are fewer rows, or other values, than the plan tells."""
    yield Problem(
        "On a copy of the database the plan does not keep every row:",
        "Where a data step is to remove rows, its file says so: "
        'accepted = {"evolution.E801": "why they may go"}',
        tuple(sentences),
        Level.ERROR,
    )
