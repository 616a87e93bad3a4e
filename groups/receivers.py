"""What groups do when something happens to a user."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from groups.models import Group, Membership, NicknameTaken, Role
from users.models import User
from users.signals import data_asked, deletion_asked, guest_signed_in, nickname_changed, user_gone

# What a role weighs when two seats of one person become one.
_WEIGHT = {Role.OBSERVER: 0, Role.VOTER: 1, Role.FACILITATOR: 2}


@receiver(nickname_changed)
def rename_in_each_group(sender: object, user: User, **_kwargs: Any) -> list[str]:
    """Take the nickname in each group; returns a sentence for each one where somebody else has it."""
    taken_in = []
    for seat in Membership.objects.filter(user=user).select_related("group").order_by("pk"):
        before = seat.nickname
        if before == user.nickname:
            continue
        try:
            seat.rename(user.nickname)
        except NicknameTaken:
            taken_in.append((seat.group, before))
    return [
        _("In “%(group)s” somebody else has that nickname, so you are still “%(nickname)s” there.")
        % {"group": group, "nickname": nickname}
        for group, nickname in taken_in
    ]


@receiver(guest_signed_in)
def move_to_account(sender: object, guest: User, account: User, **_kwargs: Any) -> bool:
    """Give the guest's groups and seats to the account; returns whether there were any.

    Where the account sits already, the guest's seat goes, and the stronger of the two roles stays.
    """
    owned = list(Group.objects.select_for_update().filter(user=guest).order_by("pk"))
    for group in owned:
        group.user = account
        group.save(update_fields=["user"])
    seats = list(Membership.objects.select_for_update().filter(user=guest).order_by("pk"))
    for seat in seats:
        _move_seat(seat, account)
    return bool(owned or seats)


def _move_seat(seat: Membership, account: User) -> None:
    other = Membership.objects.select_for_update().filter(group=seat.group_id, user=account).first()
    if other is None:
        seat.user = account
        seat.save(update_fields=["user"])
        return
    if _WEIGHT[Role(seat.role)] > _WEIGHT[Role(other.role)]:
        other.change_role(seat.role)
    seat.delete()


@receiver(data_asked)
def tell_groups(sender: object, user: User, **_kwargs: Any) -> dict[str, Any]:
    """The groups that the user owns, and the seats, those of the past too."""
    owned = Group.objects.filter(user=user).order_by("pk")
    past = Membership.history.filter(user_id=user.pk).order_by("history_date", "history_id")
    return {
        "groups_owned": [
            {"id": group.pk, "name": group.name, "created": group.created_at} for group in owned
        ],
        "seats": list(
            past.values("group_id", "nickname", "role", "history_type", "history_date", "joined_at")
        ),
    }


@receiver(deletion_asked)
def name_what_is_to_be_handed_over(sender: object, user: User, **_kwargs: Any) -> list[str]:
    """Groups where others sit need an owner."""
    owned = Group.objects.active().filter(user=user).order_by("pk")
    others = [group for group in owned if group.memberships.exclude(user=user).exists()]
    return [
        _("Hand over “%(group)s” to another member, or archive it.") % {"group": group} for group in others
    ]


@receiver(user_gone)
def leave_all_groups(sender: object, user: User, name: str, **_kwargs: Any) -> None:
    """Seats go, groups where nobody else sits are archived, and histories name nobody."""
    for group in Group.objects.active().filter(user=user):
        group.archive()
    for seat in Membership.objects.filter(user=user):
        seat.delete()
    Membership.history.filter(user_id=user.pk).update(nickname=name)
