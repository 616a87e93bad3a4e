"""What a group may learn from its votes over time."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from groups.access import Access, Permission, group_view
from issues import charts, history
from issues.trends import Record, Trends, trends

SPANS = {
    "30": _("the last 30 days"),
    "90": _("the last 90 days"),
    "365": _("the last 365 days"),
    "all": _("all the time"),
}
SPAN = "90"
ROWS = 40  # of the table of issues, the latest first


class SelectionForm(forms.Form):
    """Which time and which sprint the statistics are about. A wrong choice is told, and is as if there were none."""

    days = forms.ChoiceField(
        label=_("Time"),
        choices=list(SPANS.items()),
        error_messages={"invalid_choice": _("There is no such time. Choose one of the list.")},
    )
    sprint = forms.TypedChoiceField(
        label=_("Sprint"),
        required=False,
        error_messages={"invalid_choice": _("There is no such sprint. Choose one of the list.")},
    )

    def __init__(self, asked: QueryDict, record: Record) -> None:
        super().__init__({"days": asked.get("days") or SPAN, "sprint": asked.get("sprint", "")})
        self.fields["sprint"].choices = [("", _("all sprints")), *((name, name) for name in record.sprints)]  # type: ignore[attr-defined]
        self.full_clean()
        self.data = {"days": self.chosen_days, "sprint": self.chosen_sprint}

    @property
    def chosen_days(self) -> str:
        return str(self.cleaned_data.get("days", SPAN))

    @property
    def chosen_sprint(self) -> str:
        return str(self.cleaned_data.get("sprint", ""))

    def since(self, today: date) -> date | None:
        """The first day; None for all the time."""
        days = self.chosen_days
        return None if days == "all" else today - timedelta(days=int(days) - 1)


@group_view(Permission.VIEW)
def statistics(request: HttpRequest, access: Access) -> HttpResponse:
    """The group's trends in the time and the sprint that are asked for."""
    record, today = history.of_group(access.group), timezone.localdate()
    form = SelectionForm(request.GET, record)
    found = trends(record, today, form.since(today), form.chosen_sprint)
    context = {
        "access": access,
        "group": access.group,
        "form": form,
        "is_new": not record.rounds and not record.issues,
        "span": SPANS[form.chosen_days],
        "sprint": form.chosen_sprint,
        "trends": found,
        "max_rounds": history.MAX_ROUNDS,
        "latest": found.estimations[: -ROWS - 1 : -1],
        **_charts(found),
    }
    return render(request, "issues/statistics.html", context)


def _charts(found: Trends) -> dict[str, Any]:
    values = [charts.Value(one.at.date(), one.agreement or 0, one.name) for one in found.judged]
    return {
        "agreement": charts.dots(values),
        "points": charts.columns([(week.monday, week.points) for week in found.weeks]),
        "rounds": charts.rows(found.rounds_taken),
        "durations": charts.rows(found.durations),
        "moves": charts.rows(found.moves),
    }
