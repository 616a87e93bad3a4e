"""What is sent from the room and the page beside it: a card with a reason, an estimate, a timer, a deadline."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from groups import decks
from groups.validators import validated_card
from issues import async_rounds
from issues.models import Issue
from issues.models.vote import MAX_REASON
from issues.room_parts import TIMERS
from users import nicknames

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


# Hours. In words, so that nobody has to reckon with somebody else's time zone.
DEADLINES = {
    1: _("1 hour"),
    4: _("4 hours"),
    8: _("8 hours"),
    24: _("1 day"),
    48: _("2 days"),
    72: _("3 days"),
    5 * 24: _("5 days"),
    7 * 24: _("1 week"),
    14 * 24: _("2 weeks"),
}


class RoomForm(forms.Form):
    """A form whose first complaint is told in one sentence."""

    @property
    def problem(self) -> str:
        """What is wrong with it."""
        return next(str(text) for texts in self.errors.values() for text in texts)


class VoteForm(RoomForm):
    """A card, and why. Without a card the reason goes to the one that was played before."""

    card = forms.CharField(required=False, max_length=decks.MAX_LABEL)
    reason = forms.CharField(required=False)

    def clean_reason(self) -> str:
        reason: str = nicknames.clean(self.cleaned_data["reason"])
        if len(reason) > MAX_REASON:
            raise ValidationError(
                _("A reason has at most %(limit)d characters. This one has %(count)d; please shorten it.")
                % {"limit": MAX_REASON, "count": len(reason)}
            )
        return reason


class SettleForm(RoomForm):
    """A card of the deck, or an estimate that somebody typed."""

    card = forms.CharField(required=False)
    other = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        text = cleaned.get("card") or cleaned.get("other", "")
        if not text.strip():
            raise ValidationError(_("Write the estimate, or choose one of the cards."))
        cleaned["estimate"] = validated_card(text)
        if cleaned["estimate"].is_special:
            raise ValidationError(_("? and ☕ are no estimates."))
        return cleaned


class DeadlineForm(RoomForm):
    """How long everybody has to vote in their own time."""

    time = forms.TypedChoiceField(
        label=_("Votes are open for"),
        choices=list(DEADLINES.items()),
        coerce=int,
        initial=48,
        error_messages={
            "required": _("Choose how long the votes are open."),
            "invalid_choice": _("There is no such time. Choose one of the list."),
        },
    )

    @property
    def deadline(self) -> datetime:
        """That time from now on."""
        return timezone.now() + timedelta(hours=self.cleaned_data["time"])


class AsyncForm(DeadlineForm):
    """Which issues everybody shall vote on in their own time, and until when."""

    issues = forms.ModelMultipleChoiceField(
        queryset=Issue.objects.none(),
        label=_("Issues"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one issue."),
            "invalid_choice": _("One of these issues can no longer be voted on. This is how things are now."),
            "invalid_pk_value": _(
                "One of these issues can no longer be voted on. This is how things are now."
            ),
        },
    )
    reveals_by_itself = forms.BooleanField(
        label=_("Reveal an issue as soon as everyone has voted on it"), required=False, initial=True
    )
    field_order = ("issues", "time", "reveals_by_itself")

    def __init__(self, data: QueryDict | None, issues: "QuerySet[Issue]") -> None:
        super().__init__(data)
        self.has_come_too_late = False
        field = cast("forms.ModelMultipleChoiceField[Issue]", self.fields["issues"])
        field.queryset = issues
        field.choices = [
            (issue.pk, str(issue)) for issue in issues.defer("description")[: async_rounds.MAX_OPEN]
        ]

    def refuse(self, sentence: "StrOrPromise") -> None:
        """Say why it can't be done any more."""
        self.has_come_too_late = True
        self.add_error(None, sentence)


class TimerForm(RoomForm):
    """How many minutes a timer runs; none to stop it."""

    minutes = forms.TypedChoiceField(
        choices=[(minutes, minutes) for minutes in TIMERS], coerce=int, empty_value=None, required=False
    )

    @property
    def time(self) -> timedelta | None:
        minutes = self.cleaned_data["minutes"]
        return timedelta(minutes=minutes) if minutes else None
