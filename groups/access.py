"""The one permission gate: who may do what in a group.

Every view of a group goes through `group_view`; no view looks a group up by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache, wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase

from groups import invitations
from groups.models import Group, Membership, Role
from groups.signals import access_refused
from users.compiled_queries import CompiledQuery
from users.models import User


class Permission(Enum):
    """What a member may be asked for. Each role's share stands in `_GRANTED`; the owner has all."""

    VIEW = "view"  # see the group and its members, leave it, choose one's own nickname
    VOTE = "vote"
    FACILITATE = "facilitate"  # run the estimation, show the invite link
    ADMINISTER = "administer"  # rename, archive, hand over, renew the link, members and roles


_GRANTED = {
    Role.OBSERVER: {Permission.VIEW},
    Role.VOTER: {Permission.VIEW, Permission.VOTE},
    Role.FACILITATOR: {Permission.VIEW, Permission.VOTE, Permission.FACILITATE},
}


@dataclass(frozen=True)
class Access:
    """A user in a group. `membership` is None for an owner without a seat."""

    user: User
    group: Group
    membership: Membership | None

    @property
    def is_owner(self) -> bool:
        return self.group.user_id == self.user.pk

    def may(self, permission: Permission) -> bool:
        if self.is_owner:
            return True
        return self.membership is not None and permission in _GRANTED[Role(self.membership.role)]

    @property
    def may_vote(self) -> bool:
        return self.may(Permission.VOTE)

    @property
    def may_facilitate(self) -> bool:
        return self.may(Permission.FACILITATE)

    @property
    def may_administer(self) -> bool:
        return self.may(Permission.ADMINISTER)


def access(user: User, group_id: int, permission: Permission, *related: str) -> Access:
    """The user's access to a group. `related` are relations of the membership to read in the same query.

    Raises Http404 for a group that does not exist or has nothing to do with the user (alike, so that
    nobody can find out which groups there are), PermissionDenied for a member without `permission`.
    """
    found = _of_member(user, group_id, related) or _of_owner(user, group_id)
    if found is not None and found.may(permission):
        return found
    access_refused.send(
        Group, user=user, group_id=group_id, permission=permission, is_member=found is not None
    )
    raise Http404 if found is None else PermissionDenied


def _of_member(user: User, group_id: int, related: tuple[str, ...]) -> Access | None:
    membership = _seat(related).find(group_id, user.pk)
    return Access(user, membership.group, membership) if membership else None


@cache
def _seat(related: tuple[str, ...]) -> CompiledQuery[Membership]:
    """A membership by the numbers of its group and its user. `related` as for `access`."""
    seats = Membership.objects.select_related("group", *related)
    return CompiledQuery(lambda group, user: seats.filter(group=group, user=user), 1, 2)


def _of_owner(user: User, group_id: int) -> Access | None:
    """For an owner without a seat."""
    group = Group.objects.filter(pk=group_id, user_id=user.pk).first()
    return Access(user, group, None) if group else None


def group_view(
    permission: Permission, *related: str
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Decorates a view of one group: it takes `(request, access, …)` where its URL has `group_id`.

    `related` as for `access`.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def gated(request: HttpRequest, group_id: int, **kwargs: Any) -> HttpResponseBase:
            if not isinstance(request.user, User):
                raise PermissionDenied  # LoginRequiredMiddleware sends visitors to sign in before this
            return view(request, access(request.user, group_id, permission, *related), **kwargs)

        return gated

    return decorate


class InviteWithdrawn(Exception):
    """The invite link was renewed, or its group archived, since it was looked at."""


@dataclass(frozen=True)
class Invitation:
    """A group, as reached by one of its invite links. `generation` is that of the link."""

    group: Group
    generation: int

    @property
    def is_current(self) -> bool:
        """Whether the link still works; the owner can renew it."""
        return self.generation == self.group.invite_generation

    def accept(self, user: User, nickname: str, role: str) -> Membership:
        """Give the user a seat. Safe to call twice.

        Raises NicknameTaken, with a free one, and InviteWithdrawn when the link has stopped working.
        """
        with transaction.atomic():
            # Locked, so that nobody gets in by a link that is being renewed.
            present = Group.objects.select_for_update().get(pk=self.group.pk)
            if present.is_archived or present.invite_generation != self.generation:
                raise InviteWithdrawn
            membership: Membership = present.join(user, nickname=nickname, role=role)
            return membership


def invitation(token: str) -> Invitation | None:
    """What an invite link's token leads to, or None when no group ever had it."""
    found = invitations.read(token)
    if found is None:
        return None
    group_id, generation = found
    group = Group.objects.select_related("user").filter(pk=group_id).first()
    return Invitation(group, generation) if group else None
