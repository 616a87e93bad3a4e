"""Where a group's events are sent, and what is still to be sent there."""

import secrets
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from groups.models import Group

MAX_URL = 500  # characters
MAX_ERROR = 200


def new_secret() -> str:
    """256 bits of chance, to sign with."""
    return secrets.token_hex(32)


class Event(models.TextChoices):
    PING = "ping", _("test")
    REVEALED = "round.revealed", _("round revealed")
    SETTLED = "estimate.settled", _("estimate settled")


class Webhook(models.Model):
    """An address that is told of what happens in a group."""

    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, related_name="webhooks", verbose_name=_("group")
    )
    url = models.URLField(
        _("address"), max_length=MAX_URL, validators=[URLValidator(schemes=["http", "https"])]
    )
    # As it is: who signs has to know it.
    secret = models.CharField(max_length=64, default=new_secret, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return self.url

    def send(self, event: str, body: str) -> "Delivery":
        """Let this be sent, once the present transaction is committed."""
        delivery: Delivery = Delivery.objects.create(webhook=self, event=event, body=body)
        return delivery

    def renew_secret(self) -> None:
        """Sign with another secret from now on."""
        self.secret = new_secret()
        self.save(update_fields=["secret"])


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> Self:
        """Those to be sent now, the longest due first."""
        return self.filter(next_attempt_at__lte=timezone.now(), webhook__is_active=True).order_by(
            "next_attempt_at"
        )


class Delivery(models.Model):
    """An event on its way to a webhook. It is kept until it is delivered or given up, and for a while after that."""

    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    # By which the receiver knows what it has had already.
    number = models.UUIDField(_("number"), default=uuid.uuid4, unique=True, editable=False)
    event = models.CharField(_("event"), max_length=32, choices=Event)
    body = models.TextField(_("body"))  # as it is signed
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    # None where nothing is to be done any more.
    next_attempt_at = models.DateTimeField(
        _("next attempt"), default=timezone.now, null=True, blank=True, db_index=True
    )
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=MAX_ERROR, blank=True)  # of the last attempt

    objects: ClassVar[Any] = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")

    def __str__(self) -> str:
        return f"{self.event} {self.number}"

    @property
    def is_given_up(self) -> bool:
        return self.delivered_at is None and self.next_attempt_at is None
