"""What a group estimates."""

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from groups import decks
from groups.models import Group, Membership

if TYPE_CHECKING:
    from users.models import User

MAX_DESCRIPTION = 20_000  # characters
GAP = 1024  # between the positions of neighbours, so that another fits in without moving all


class IssueQuerySet(models.QuerySet["Issue"]):
    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)

    def to_estimate(self) -> Self:
        return self.active().filter(estimated_at=None)

    def estimated(self) -> Self:
        return self.active().exclude(estimated_at=None)

    def matching(self, text: str) -> Self:
        """Those with every word of the text in key, title or sprint."""
        found = self
        for word in text.split():
            found = found.filter(
                models.Q(key__icontains=word)
                | models.Q(title__icontains=word)
                | models.Q(sprint__icontains=word)
            )
        return found

    def in_order(self) -> Self:
        return self.order_by("position", "pk")

    def with_estimator(self) -> Self:
        """Adds `estimated_by_name`: how the group calls who settled the estimate; None where nobody is known."""
        seat = Membership.objects.filter(group=models.OuterRef("group"), user=models.OuterRef("estimated_by"))
        name = Coalesce(models.Subquery(seat.values("nickname")[:1]), "estimated_by__nickname")
        return self.annotate(estimated_by_name=name)


class Issue(models.Model):
    """Something to estimate, in the order in which the group wants to take it up."""

    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="issues", verbose_name=_("group"))
    key = models.CharField(
        _("key"), max_length=32, blank=True, db_column="issue_key", help_text=_("Its name elsewhere: PAY-12.")
    )
    title = models.CharField(_("title"), max_length=200)
    url = models.URLField(
        _("link"), max_length=500, blank=True, validators=[URLValidator(schemes=["http", "https"])]
    )
    description = models.TextField(_("description"), max_length=MAX_DESCRIPTION, blank=True)
    sprint = models.CharField(_("sprint"), max_length=32, blank=True)
    position = models.IntegerField(_("position"), editable=False)

    estimate = models.CharField(_("estimate"), max_length=decks.MAX_LABEL, blank=True, editable=False)
    # Only where the card stood for a number.
    estimate_value = models.DecimalField(
        _("estimate as a number"), max_digits=8, decimal_places=2, null=True, blank=True, editable=False
    )
    estimated_at = models.DateTimeField(_("estimated"), null=True, blank=True, editable=False)
    estimated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("estimated by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = _("issue")
        verbose_name_plural = _("issues")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["group", "position"], name="issue_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}".strip()

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_estimated(self) -> bool:
        return self.estimated_at is not None

    @property
    def edition(self) -> str:
        """16 hexadecimal digits that stand for what the issue says, and are others once it was edited."""
        said = repr((self.title, self.key, self.url, self.description, self.sprint))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def settle(self, card: decks.Card, by: "User | None") -> None:
        """Take the card for the estimate."""
        self.estimate, self.estimate_value = card.label, card.value
        self.estimated_at, self.estimated_by = timezone.now(), by
        self._save_estimate()

    def clear_estimate(self) -> None:
        """Back to those that wait for one. Its rounds stay."""
        self.estimate, self.estimate_value = "", None
        self.estimated_at, self.estimated_by = None, None
        self._save_estimate()

    def archive(self) -> None:
        """Put the issue away; its rounds stay, and `restore` brings it back."""
        if not self.is_archived:
            self.archived_at = timezone.now()
            self.save(update_fields=["archived_at"])

    def restore(self) -> None:
        self.archived_at = None
        self.save(update_fields=["archived_at"])

    def _save_estimate(self) -> None:
        self.save(update_fields=["estimate", "estimate_value", "estimated_at", "estimated_by"])
