"""What happens at the table when something happens to its members."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from groups.models import Group, Membership
from issues import rounds
from issues.models import Issue, Transition, Vote
from users.models import User
from users.signals import data_asked, guest_signed_in, user_renamed_for_good


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


@receiver(data_asked)
def tell_votes(sender: object, user: User, **_kwargs: Any) -> dict[str, Any]:
    """One's own votes, those of open rounds too; what one did with rounds, and which estimates one settled."""
    votes = Vote.objects.filter(voter=user).order_by("pk")
    steps = Transition.objects.filter(by=user).order_by("pk")
    settled = Issue.objects.filter(estimated_by=user).order_by("pk")
    return {
        "votes": list(votes.values("round__group_id", "round_id", "name", "card", "reason", "cast_at")),
        "rounds": list(steps.values("round__group_id", "round_id", "state", "at", "name")),
        "estimates": list(settled.values("group_id", "id", "title", "estimate", "estimated_at")),
    }


@receiver(user_renamed_for_good)
def name_nobody_in_rounds(sender: object, user: User, name: str, **_kwargs: Any) -> None:
    """Votes and the audit stay, with the name of nobody."""
    Vote.objects.filter(voter=user).update(name=name)
    Transition.objects.filter(by=user).update(name=name)
    seats = Membership.history.filter(user_id=user.pk).values_list("group_id", "nickname").distinct()
    for group_id, nickname in seats:
        # The databases do not agree on how to look into JSON: all lines of the group are looked at.
        for line in Transition.objects.filter(round__group=group_id).exclude(missing=[]).iterator():
            if nickname in line.missing:
                line.missing = [name if missing == nickname else missing for missing in line.missing]
                line.save(update_fields=["missing"])
