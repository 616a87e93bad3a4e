"""Issues from a file: what its rows would become in a group, and how they get there, all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from groups import decks
from groups.models import Group
from issues import backlog, drafts
from issues.columns import FIELDS, Columns
from issues.csv_files import MAX_COLUMNS, MAX_ROWS, BadFile, Table
from issues.drafts import Draft, Problem, Reading
from issues.models import Issue
from issues.rooms import changing
from users.models import User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FIELD_NAMES: dict[str, "StrOrPromise"] = {
    "key": gettext_lazy("Key"),
    "title": gettext_lazy("Title"),
    "url": gettext_lazy("Link"),
    "description": gettext_lazy("Description"),
    "sprint": gettext_lazy("Sprint"),
    "estimate": gettext_lazy("Estimate"),
}
_REASONS: dict[str, "StrOrPromise"] = {
    "size": gettext_lazy("A file has at most 2 MiB. Split it, or leave out columns that you do not need."),
    "encoding": gettext_lazy(
        "These letters can't be read. Save the file as “CSV UTF-8” and choose it again."
    ),
    "empty": gettext_lazy("There is nothing in it. Choose a CSV file, or paste its text."),
    "header": gettext_lazy("The first row has to name the columns, such as Key, Title and Description."),
    "columns": gettext_lazy("A file has at most %(columns)d columns. Leave out those that you do not need."),
    "rows": gettext_lazy("There is only a first row, which names the columns. Add a row for each issue."),
    "many": gettext_lazy("A file has at most %(rows)d rows beside the first. Split it in two."),
    "quotes": gettext_lazy(
        "The file can't be read at row %(row)d: a quotation mark does not close, or a cell is far too long."
    ),
    "damaged": gettext_lazy("The file did not come back as it was sent. Please choose it again."),
}


class RowsWrong(Exception):
    """Rows have something wrong, and nobody said to skip them. Nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass
class Plan:
    """What an import would do. `known` are rows whose key an active issue of the group has already."""

    reading: Reading
    new: list[Draft] = field(default_factory=list)
    known: list[tuple[Draft, Issue]] = field(default_factory=list)

    @property
    def problems(self) -> Sequence[Problem]:
        return self.reading.problems


@dataclass(frozen=True)
class Outcome:
    """What an import did, in numbers of rows."""

    added: int
    updated: int  # of those whose key was known; those that said what stands there already are not among them
    left: int  # known, and left as they are
    wrong: int  # skipped


def reason(bad: BadFile) -> str:
    """Why no table can be read from a file, and what to do."""
    return str(_REASONS[bad.code]) % {"row": bad.row, "rows": MAX_ROWS, "columns": MAX_COLUMNS}


def plan(group: Group, table: Table, chosen: Columns) -> Plan:
    """What the table would become in the group by the columns that were chosen."""
    found = Plan(drafts.read(table, chosen, decks.parse(group.deck)))
    present = _by_key(group) if "key" in chosen else {}
    for draft in found.reading.drafts:
        issue = present.get(drafts.key_of(draft.entry.key))
        if issue is None:
            found.new.append(draft)
        else:
            found.known.append((draft, issue))
    return found


def carry_out(
    group: Group,
    table: Table,
    chosen: Columns,
    by: User | None,
    *,
    skip_wrong: bool = False,
    update_known: bool = False,
) -> Outcome:
    """Take the table over in one transaction, new issues at the end in its order. Raises RowsWrong, GroupArchived."""
    with changing(group):
        if Group.objects.archived().filter(pk=group.pk).exists():
            raise backlog.GroupArchived
        # Read again, now that nobody else can add any.
        now = plan(group, table, chosen)
        if now.problems and not skip_wrong:
            raise RowsWrong(now.problems)
        backlog.add_estimated(group, [(draft.entry, draft.estimate) for draft in now.new], by)
        updated: Sequence[Issue] = ()
        if update_known:
            names = [name for name in now.reading.fields if name not in {"key", "estimate"}]
            updated = backlog.update(
                [
                    (issue, {name: getattr(draft.entry, name) for name in names}, draft.estimate)
                    for draft, issue in now.known
                ],
                by,
            )
    return Outcome(len(now.new), len(updated), len(now.known) - len(updated), now.reading.bad_rows)


def missing_choice(chosen: Columns) -> str:
    """What is wrong with the choice of columns, and what to do; empty when nothing is."""
    if "title" not in chosen:
        return _("Choose the column that holds the titles.")
    for name in FIELDS:
        others = [other for other in FIELDS if other != name and other in chosen]
        twice = next((other for other in others if chosen[other] == chosen.get(name)), None)
        if twice:
            return _("“%(column)s” can't be two things, %(one)s and %(other)s. Choose it once.") % {
                "column": chosen[name],
                "one": FIELD_NAMES[name],
                "other": FIELD_NAMES[twice],
            }
    return ""


def _by_key(group: Group) -> dict[str, Issue]:
    issues = group.issues.active().exclude(key="").in_order()
    # Of two with the same key the one that comes first.
    return {drafts.key_of(issue.key): issue for issue in reversed(issues)}
