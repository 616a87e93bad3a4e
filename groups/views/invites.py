"""Invite links: opened, pasted, renewed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from groups.access import Access, Invitation, InviteWithdrawn, Permission, group_view, invitation
from groups.forms import InviteLinkForm, JoinForm
from groups.models import NicknameTaken
from users.rate_limits import RateLimit, limited
from users.requests import client_network, user_or_none
from users.submissions import once

# By address. Whoever has a link may come with a whole office; whoever tries links may not.
JOINS = RateLimit("join", "120/minute;2000/hour")
WRONG_LINKS = RateLimit("wrong-invite", "20/minute;200/hour")


@login_not_required
def invite_open(request: HttpRequest) -> HttpResponse:
    """For those who were given a link and want to paste it."""
    form = InviteLinkForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return redirect("groups:invite-join", form.cleaned_data["link"])
    return render(request, "groups/invite_open.html", {"form": form})


@login_not_required
@limited(JOINS)
def invite_join(request: HttpRequest, token: str) -> HttpResponse:
    """Sit down in a group by its link, as who one is or as a new guest."""
    invite = invitation(token)
    user = user_or_none(request)
    if invite is None:
        WRONG_LINKS.take(client_network(request))
        return render(request, "groups/invite_unknown.html", {"form": InviteLinkForm()}, status=404)
    if user and invite.group.memberships.filter(user=user).exists():
        return redirect(invite.group)
    if not invite.is_current:
        return render(request, "groups/invite_renewed.html", status=404)
    if invite.group.is_archived:
        return render(request, "groups/invite_archived.html", {"group": invite.group})
    form = JoinForm(
        request.POST if request.method == "POST" else None,
        initial={"nickname": user.nickname if user else ""},
    )
    if form.is_valid():
        return _join(request, invite, form)
    return _form(request, invite, form)


def _join(request: HttpRequest, invite: Invitation, form: JoinForm) -> HttpResponse:
    nickname, role = form.cleaned_data["nickname"], form.cleaned_data["role"]
    try:
        once(request, lambda user: invite.accept(user, nickname, role).pk, nickname=nickname)
    except NicknameTaken as taken:
        form.offer(taken)
        return _form(request, invite, form)
    except InviteWithdrawn:  # in this very moment: opened again, the page says so
        return redirect(request.path)
    messages.success(request, _("Welcome to “%(group)s”.") % {"group": invite.group})
    return redirect(invite.group)


def _form(request: HttpRequest, invite: Invitation, form: JoinForm) -> HttpResponse:
    return render(request, "groups/invite_join.html", {"group": invite.group, "form": form})


@require_POST
@group_view(Permission.ADMINISTER)
def invite_renew(request: HttpRequest, access: Access) -> HttpResponse:
    access.group.renew_invite()
    messages.success(request, _("There is a new invite link. Earlier ones no longer work."))
    return redirect("groups:group-settings", access.group.pk)
