"""A round: open until it is revealed, revealed until it is settled; or cancelled."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from groups import decks
from groups.models import Group
from issues.models.issue import Issue
from users import nicknames


class State(models.TextChoices):
    OPEN = "open", _("open")
    REVEALED = "revealed", _("revealed")
    SETTLED = "settled", _("settled")
    CANCELLED = "cancelled", _("cancelled")


# In which the votes may be told: nobody is told one before the reveal, and never one of a round without any.
UNSEALED = (State.REVEALED, State.SETTLED)


class RoundQuerySet(models.QuerySet["Round"]):
    def unsealed(self) -> Self:
        """Those whose votes may be told."""
        return self.filter(state__in=UNSEALED)

    def open(self) -> Self:
        return self.filter(state=State.OPEN)

    def asynchronous(self) -> Self:
        """Those in which everybody votes in their own time."""
        return self.filter(deadline__isnull=False)

    def on_agenda(self) -> Self:
        """Asynchronous ones that are open, or revealed and nothing has come after: no estimate, no newer round."""
        newer = Round.objects.filter(issue=models.OuterRef("issue"), pk__gt=models.OuterRef("pk"))
        unsettled = models.Q(issue__estimated_at=None) | models.Q(
            issue__estimated_at__lt=models.F("opened_at")
        )
        revealed = models.Q(state=State.REVEALED, issue__archived_at=None) & unsettled & ~models.Exists(newer)
        return self.asynchronous().filter(models.Q(state=State.OPEN) | revealed)

    def past_deadline(self) -> Self:
        """Open ones whose time is over, of groups that are not archived."""
        return self.open().filter(deadline__lte=timezone.now(), group__archived_at=None)

    def in_order(self) -> Self:
        return self.order_by("opened_at", "pk")

    def with_transitions(self) -> Self:
        """With each round's transitions in the order in which they came."""
        return self.prefetch_related(models.Prefetch("transitions", Transition.objects.order_by("at", "pk")))


class Round(models.Model):
    """One vote on an issue, or on nothing in particular. Kept for ever."""

    State = State

    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="rounds", verbose_name=_("group"))
    issue = models.ForeignKey(
        Issue,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="rounds",
        verbose_name=_("issue"),
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.OPEN)
    # As it was when the round began.
    deck = models.CharField(_("deck"), max_length=decks.MAX_TEXT)
    reveals_by_itself = models.BooleanField(_("reveals by itself"), default=False)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    # Of an asynchronous round: until then everybody votes in their own time.
    deadline = models.DateTimeField(_("deadline"), null=True, blank=True)
    timer_ends_at = models.DateTimeField(_("timer ends"), null=True, blank=True)
    # When those who had not voted were last asked to.
    nudged_at = models.DateTimeField(_("nudged"), null=True, blank=True)
    estimate = models.CharField(_("estimate"), max_length=decks.MAX_LABEL, blank=True)

    objects: ClassVar[Any] = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("round")
        verbose_name_plural = _("rounds")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="round_known_state"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["state", "deadline"], name="round_past_deadline"),
        ]

    def __str__(self) -> str:
        return f"{self.issue or self.group} ({self.get_state_display()})"

    @property
    def cards(self) -> decks.Deck:
        """The deck that the round began with."""
        return decks.parse(self.deck)

    @property
    def is_open(self) -> bool:
        return self.state == State.OPEN

    @property
    def is_async(self) -> bool:
        """Whether everybody votes in their own time, and not at the table."""
        return self.deadline is not None

    @property
    def is_past_deadline(self) -> bool:
        """Whether it had a deadline that has come."""
        return self.deadline is not None and self.deadline <= timezone.now()

    @property
    def is_out_of_time(self) -> bool:
        """Whether it had a timer that has ended."""
        return self.timer_ends_at is not None and self.timer_ends_at <= timezone.now()

    @property
    def is_sealed(self) -> bool:
        """Whether nobody may be told a vote of another: before the reveal, and for ever if there was none."""
        return self.state not in UNSEALED


class Transition(models.Model):
    """A line of the audit: what happened to a round, when, by whom, and with how many votes of how many."""

    round = models.ForeignKey(
        Round, on_delete=models.CASCADE, related_name="transitions", verbose_name=_("round")
    )
    state = models.CharField(_("state"), max_length=16, choices=State)
    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # The name at that time; empty where it happened by itself.
    name = models.CharField(_("by"), max_length=nicknames.MAX_LENGTH, blank=True)
    votes = models.PositiveIntegerField(_("votes"))
    voters = models.PositiveIntegerField(_("voters"), help_text=_("Who was at the table and could vote."))
    # The names of those at the table who had not voted; who sits there later says nothing about it.
    missing = models.JSONField(_("without a vote"), default=list, blank=True)

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="transition_known_state"),
            # Two who reveal at once reveal once.
            models.UniqueConstraint(fields=["round", "state"], name="transition_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.at:%Y-%m-%d %H:%M}"
