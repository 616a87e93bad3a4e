"""What is sent from the room: a card with a reason, an estimate, a timer."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from groups import decks
from groups.validators import validated_card
from issues.models.vote import MAX_REASON
from issues.room_parts import TIMERS
from users import nicknames


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


class TimerForm(RoomForm):
    """How many minutes a timer runs; none to stop it."""

    minutes = forms.TypedChoiceField(
        choices=[(minutes, minutes) for minutes in TIMERS], coerce=int, empty_value=None, required=False
    )

    @property
    def time(self) -> timedelta | None:
        minutes = self.cleaned_data["minutes"]
        return timedelta(minutes=minutes) if minutes else None
