"""A vote: secret until the round is revealed."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from groups import decks
from issues.models.round import Round
from users import nicknames

MAX_REASON = 140  # characters


class Vote(models.Model):
    """What somebody played in a round. Only `issues.ballots` may read cards and reasons of others."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="votes", verbose_name=_("round"))
    # Whose account is deleted has still voted.
    voter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("voter"),
    )
    name = models.CharField(_("nickname"), max_length=nicknames.MAX_LENGTH)
    card = models.CharField(_("card"), max_length=decks.MAX_LABEL)
    reason = models.CharField(_("reason"), max_length=MAX_REASON, blank=True)
    cast_at = models.DateTimeField(_("voted"), default=timezone.now)

    class Meta:
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["round", "voter"], name="vote_once_a_round"),
        ]

    def __str__(self) -> str:
        return self.name  # never the card
