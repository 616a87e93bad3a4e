"""The issues of a group as somebody looks at them: one of the tabs, what was searched for, and the page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from django.db import models
from django.db.models import Count, Q, Sum
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from groups.models import Group
from groups.pagination import ROWS
from issues.models import Issue
from issues.models.issue import IssueQuerySet

MAX_PAGE = 100_000
KINDS = 8  # of estimates that are no numbers, which are counted each


class Show(models.TextChoices):
    """The tabs of the list."""

    TO_ESTIMATE = "to-estimate", _("To estimate")
    ESTIMATED = "estimated", _("Estimated")
    ALL = "all", _("All")
    ARCHIVED = "archived", _("Archived")


@dataclass(frozen=True)
class Tally:
    """How many issues each tab holds, and what the estimates come to."""

    counts: dict[str, int]
    total: Decimal
    numbers: int  # how many estimates are in the total
    others: Sequence[tuple[str, int]]  # estimates that are no numbers, and how often; the frequent ones first

    @property
    def is_one(self) -> bool:
        return self.total == 1

    @property
    def is_empty(self) -> bool:
        return not any(self.counts.values())

    @property
    def is_put_away(self) -> bool:
        """Whether there are only archived ones."""
        return not self.counts[Show.ALL] and not self.is_empty


@dataclass(frozen=True)
class Listing:
    """A tab of the list, with what was searched for."""

    group: Group
    show: Show = Show.TO_ESTIMATE
    text: str = ""
    page: int = 1

    @classmethod
    def asked_for(cls, group: Group, parameters: QueryDict, text: str) -> "Listing":
        """The one that these parameters name; the nearest one to them."""
        show, page = parameters.get("show", ""), parameters.get("page", "")
        number = int(page) if page.isdecimal() and len(page) < len(str(MAX_PAGE)) else 1
        return cls(group, Show(show) if show in Show.values else Show.TO_ESTIMATE, text, number)

    @property
    def found(self) -> IssueQuerySet:
        """What was searched for, in all tabs."""
        found: IssueQuerySet = self.group.issues.matching(self.text)
        return found

    @property
    def rows(self) -> IssueQuerySet:
        """The issues of the tab in their order."""
        match self.show:
            case Show.TO_ESTIMATE:
                rows = self.found.to_estimate()
            case Show.ESTIMATED:
                rows = self.found.estimated()
            case Show.ALL:
                rows = self.found.active()
            case _:
                rows = self.found.archived()
        return rows.in_order()

    @property
    def can_be_moved_in(self) -> bool:
        """Whether neighbours on the page are neighbours, and their order matters."""
        return not self.text and self.show in (Show.TO_ESTIMATE, Show.ALL)

    @property
    def query(self) -> str:
        """As the beginning of a query string, to which a page can be added."""
        parameters = {"show": self.show.value} | ({"q": self.text} if self.text else {})
        return f"{urlencode(parameters)}&"

    @property
    def url(self) -> str:
        page = f"page={self.page}" if self.page > 1 else ""
        return f"{reverse('issues:issue-list', args=[self.group.pk])}?{self.query}{page}".rstrip("&")

    def tabs(self) -> Sequence["Listing"]:
        """All tabs, with the same search."""
        return [replace(self, show=show, page=1) for show in Show]

    def page_of(self, issue: Issue) -> "Listing":
        """The page on which the issue stands, or would stand."""
        before = self.rows.filter(position__lt=issue.position).count()
        return replace(self, page=before // ROWS + 1)

    def before_page(self, number: int) -> int:
        """The number of the last issue on the page before this one; 0 where this is the first."""
        if number <= 1:
            return 0
        last = self.rows.values_list("pk", flat=True)[(number - 1) * ROWS - 1 : (number - 1) * ROWS]
        return next(iter(last), 0)


def tally(found: IssueQuerySet) -> Tally:
    """What there is to count in these issues, archived ones apart. Two queries."""
    active = Q(archived_at=None)
    counts = found.aggregate(
        to_estimate=Count("pk", filter=active & Q(estimated_at=None)),
        all=Count("pk", filter=active),
        archived=Count("pk", filter=~active),
        total=Sum("estimate_value", filter=active),
        numbers=Count("estimate_value", filter=active),
    )
    no_numbers = found.estimated().filter(estimate_value=None).values_list("estimate").order_by()
    others = no_numbers.annotate(times=Count("pk")).order_by("-times", "estimate")
    return Tally(
        counts={
            Show.TO_ESTIMATE: counts["to_estimate"],
            Show.ESTIMATED: counts["all"] - counts["to_estimate"],
            Show.ALL: counts["all"],
            Show.ARCHIVED: counts["archived"],
        },
        total=_plain(counts["total"] or Decimal(0)),
        numbers=counts["numbers"],
        others=list(others[:KINDS]),
    )


def _plain(number: Decimal) -> Decimal:
    """Without zeros behind the point."""
    whole = number.to_integral_value()
    return whole if number == whole else number.normalize()
