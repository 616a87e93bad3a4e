"""The webhooks of a group: a few, changed by those who administer it."""

from groups.models import Group
from issues.backlog import GroupArchived
from issues.models.webhook import Webhook
from issues.rooms import changing
from users.models import User

MAX_WEBHOOKS = 5  # of a group


class TooMany(Exception):
    """The group has MAX_WEBHOOKS already. Nothing was changed."""


def add(group: Group, url: str, by: User) -> Webhook:
    """Tell this address too from now on. Raises TooMany, GroupArchived."""
    with changing(group):
        if Group.objects.archived().filter(pk=group.pk).exists():
            raise GroupArchived
        if group.webhooks.count() >= MAX_WEBHOOKS:
            raise TooMany
        webhook: Webhook = Webhook.objects.create(group=group, url=url, made_by=by)
    return webhook


def switch(webhook: Webhook, *, on: bool) -> None:
    """Tell it no more, or again. What was not sent until then is not sent later."""
    if on:
        webhook.deliveries.filter(delivered_at=None).update(next_attempt_at=None)
    Webhook.objects.filter(pk=webhook.pk).update(is_active=on)
