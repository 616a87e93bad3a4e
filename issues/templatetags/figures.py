"""Numbers, lists of names and charts, as pages tell them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django import template
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from issues import charts
from issues.ballots import Ballot
from issues.statistics import DISCUSS_BELOW

register = template.Library()

register.filter("folded", charts.folded)
register.filter("share", charts.share)
register.simple_tag(charts.distribution)


@register.filter
def number(value: Decimal | float | None) -> str:
    """As the language writes it, with two decimals at most and no zeros at the end; empty for None."""
    if value is None:
        return ""
    shortest = f"{round(Decimal(value), 2).normalize():f}"
    return str(formats.localize(Decimal(shortest), use_l10n=True))


@register.filter
def duration(value: timedelta | None) -> str:
    """In the largest unit that fits, rounded: `40 s`, `6 min`, `3 h`, `2 days`, in one line; empty for None."""
    return (
        ""
        if value is None
        else _largest_unit(round(value.total_seconds())).replace(" ", "\N{NO-BREAK SPACE}")
    )


@register.filter
def with_reason(ballots: Sequence[Ballot]) -> Sequence[Ballot]:
    """Those that give one."""
    return [ballot for ballot in ballots if ballot.reason]


@register.simple_tag
def discuss_below() -> int:
    """The percent of agreement below which a round wants discussion."""
    return DISCUSS_BELOW


def _largest_unit(seconds: int) -> str:
    if seconds < 60:
        return _("%(number)d s") % {"number": seconds}
    if seconds < 90 * 60:
        return _("%(number)d min") % {"number": round(seconds / 60)}
    if seconds < 36 * 60 * 60:
        return _("%(number)d h") % {"number": round(seconds / 3600)}
    days = round(seconds / 86_400)
    return ngettext("%(number)d day", "%(number)d days", days) % {"number": days}
