"""What happens at the table when something happens to its members."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from groups.models import Group, Membership
from issues import rounds
from issues.models import Vote
from users.models import User
from users.signals import guest_signed_in


@receiver([post_save, post_delete], sender=Membership)
def tell_the_room(sender: object, instance: Membership, **_kwargs: Any) -> None:
    """Somebody sat down, left, or has another name or role: after the commit, since it locks the room."""
    transaction.on_commit(partial(rounds.touch, instance.group))


@receiver(post_save, sender=Group)
def tell_the_room_of_its_group(sender: object, instance: Group, created: bool, **_kwargs: Any) -> None:  # noqa: FBT001
    """The group is archived, back, or somebody else's."""
    if not created:
        transaction.on_commit(partial(rounds.touch, instance))


@receiver(guest_signed_in)
def move_votes_to_account(sender: object, guest: User, account: User, **_kwargs: Any) -> bool:
    """Give the guest's votes to the account; returns whether there were any.

    Where both have voted in a round both votes stay, the guest's under its name alone.
    """
    of_guest = Vote.objects.filter(voter=guest)
    rounds_of_account = list(Vote.objects.filter(voter=account).values_list("round", flat=True))
    without_voter = of_guest.filter(round__in=rounds_of_account).update(voter=None)
    return bool(of_guest.update(voter=account) + without_voter)
