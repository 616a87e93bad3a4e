"""Members: others' seats, for the owner, and one's own."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from groups.access import Access, Permission, group_view
from groups.forms import MemberRoleForm, OwnRoleForm, SeatForm
from groups.models import Membership, NicknameTaken, OwnerMustStay
from groups.views.groups import room


@require_POST
@group_view(Permission.ADMINISTER)
def member_role(request: HttpRequest, access: Access, membership_id: int) -> HttpResponse:
    member = get_object_or_404(access.group.memberships, pk=membership_id)
    form = MemberRoleForm(request.POST)
    if form.is_valid():
        member.change_role(form.cleaned_data["role"])
        messages.success(
            request,
            _("%(nickname)s: %(role)s from now on.")
            % {"nickname": member.nickname, "role": member.get_role_display()},
        )
    else:
        messages.error(request, _("There is no such role. Nothing was changed."))
    return redirect("groups:group-settings", access.group.pk)


@require_POST
@group_view(Permission.ADMINISTER)
def member_remove(request: HttpRequest, access: Access, membership_id: int) -> HttpResponse:
    member = get_object_or_404(access.group.memberships, pk=membership_id)
    try:
        access.group.remove(member)
    except OwnerMustStay:
        messages.error(request, owner_must_stay())
    else:
        messages.warning(
            request,
            _("%(nickname)s is removed, but still knows the invite link.") % {"nickname": member.nickname},
            extra_tags="offer-renewal",
        )
    return redirect("groups:group-settings", access.group.pk)


@require_POST
@group_view(Permission.VIEW)
def membership_leave(request: HttpRequest, access: Access) -> HttpResponse:
    try:
        access.group.remove(own_seat(access))
    except OwnerMustStay:
        messages.error(request, owner_must_stay())
        return redirect("groups:group-settings", access.group.pk)
    messages.success(request, _("You have left “%(group)s”.") % {"group": access.group})
    return redirect("groups:group-list")


@require_POST
@group_view(Permission.VIEW)
def membership_rename(request: HttpRequest, access: Access) -> HttpResponse:
    """Another nickname for me in this group alone."""
    seat = own_seat(access)
    form = SeatForm(request.POST)
    if form.is_valid():
        try:
            seat.rename(form.cleaned_data["nickname"])
        except NicknameTaken as taken:
            form.offer(taken)
        else:
            messages.success(request, _("Here you are “%(nickname)s” now.") % {"nickname": seat.nickname})
            return redirect("groups:group-detail", access.group.pk)
    return room(request, access, form)


@require_POST
@group_view(Permission.VIEW)
def membership_role(request: HttpRequest, access: Access) -> HttpResponse:
    """Vote or observe from now on."""
    seat = own_seat(access)
    form = OwnRoleForm(request.POST)
    if form.is_valid():
        seat.change_role(form.cleaned_data["role"])
        messages.success(request, _("Your role here is now: %(role)s.") % {"role": seat.get_role_display()})
    else:
        messages.error(request, _("Choose whether you vote or observe."))
    return redirect("groups:group-detail", access.group.pk)


def own_seat(access: Access) -> Membership:
    """The seat of the user. Raises Http404 for an owner who does not sit in the group."""
    if access.membership is None:
        raise Http404
    return access.membership


def owner_must_stay() -> str:
    return _("The owner can’t leave. First hand the group over to a member, or archive it.")
