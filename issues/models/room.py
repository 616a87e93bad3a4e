"""Where a group meets: what it votes on at the moment, and who is there."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from groups.models import Group, Membership


class Room(models.Model):
    """One for each group. Whatever changes in it counts up `version`, which every screen compares with its own."""

    group = models.OneToOneField(
        Group, on_delete=models.PROTECT, primary_key=True, related_name="room", verbose_name=_("group")
    )
    version = models.PositiveBigIntegerField(_("version"), default=0, editable=False)
    # What the table votes on or talks about; None while there is nothing.
    round = models.ForeignKey(
        "issues.Round", on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    reveals_by_itself = models.BooleanField(
        _("reveals by itself"), default=False, help_text=_("As soon as everyone at the table has voted.")
    )

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")

    def __str__(self) -> str:
        return str(self.group)


class Presence(models.Model):
    """When somebody was last seen at the table."""

    membership = models.OneToOneField(
        Membership, on_delete=models.CASCADE, primary_key=True, related_name="presence"
    )
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")

    def __str__(self) -> str:
        return str(self.membership)
