"""Which column of a file is what of an issue: fields, and guesses by the names that trackers give. Pure functions."""

import re
from collections.abc import Mapping, Sequence

FIELDS = ("key", "title", "url", "description", "sprint", "estimate")
# Stands beside the estimate in our own export: the number that its card stands for.
VALUE = "estimate_value"

Columns = Mapping[
    str, str
]  # by field, the name of the column; fields that the file does not have are not there

# Names as `_plain` makes them, the likeliest first. Jira in English and German, GitHub, GitLab, our own.
_NAMES = {
    "key": (
        "issuekey", "workitemkey", "workkey", "vorgangsschlüssel", "key", "schlüssel", "iid", "issueiid", "number",
        "issuenumber", "issueid",
    ),
    "title": ("title", "summary", "zusammenfassung", "titel", "name"),
    "url": ("url", "htmlurl", "weburl", "link", "issueurl"),
    "description": ("description", "beschreibung", "body"),
    "sprint": ("sprint", "milestone", "milestonetitle", "iteration", "iterationtitle"),
    "estimate": (
        "estimate", "storypoints", "customfieldstorypoints", "storypointestimate", "customfieldstorypointestimate",
        "points", "weight", "schätzung",
    ),
}  # fmt: skip
# Where keys are bare numbers in a file and are written with # everywhere else.
_NUMBERED = {"iid", "issueiid", "number", "issuenumber", "issueid"}


def guessed(columns: Sequence[str]) -> dict[str, str]:
    """For each field the column that it most likely is; a field without one is not there."""
    by_name = {_plain(column): column for column in reversed(columns)}
    found = {}
    for field, names in _NAMES.items():
        column = next((by_name[name] for name in names if name in by_name), None)
        if column is not None:
            found[field] = column
    return found


def is_numbered(column: str) -> bool:
    """Whether a number in this column is an issue's key without its #, as GitHub and GitLab write it."""
    return _plain(column) in _NUMBERED


def _plain(column: str) -> str:
    return re.sub(r"[\W_]+", "", column.casefold())
