"""Groups: mine, one, its settings."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from groups.access import Access, Permission, group_view
from groups.forms import DeckForm, GroupForm, InviteLinkForm, MemberForm, SeatForm, StartForm
from groups.models import Group, Role
from groups.pagination import page_of
from users.rate_limits import RateLimit, limited
from users.requests import signed_in_user
from users.submissions import once

STARTS = RateLimit("start", "30/minute;300/hour")  # by address


@login_not_required
@limited(STARTS)
def start(request: HttpRequest) -> HttpResponse:
    """The front door: two fields, and a visitor sits in a group of their own."""
    if request.user.is_authenticated:
        return redirect("groups:group-list")
    form = StartForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        name = form.cleaned_data["name"]
        number = once(
            request,
            lambda guest: Group.objects.start(guest, name).pk,
            nickname=form.cleaned_data["nickname"],
        )
        return redirect(Group(pk=number))
    return render(request, "groups/start.html", {"form": form, "link_form": InviteLinkForm()})


def group_list(request: HttpRequest) -> HttpResponse:
    """The groups in which I sit or that I own."""
    user = signed_in_user(request)
    mine = Group.objects.of(user).select_related("user").with_member_count().with_seat_of(user)
    context = {
        "groups": page_of(request, mine.active().order_by("-pk")),
        "archived": page_of(request, mine.archived().order_by("-pk"), "archived-page"),
        "form": GroupForm(),
        "link_form": InviteLinkForm(),
    }
    return render(request, "groups/group_list.html", context)


@limited(STARTS)
def group_new(request: HttpRequest) -> HttpResponse:
    form = GroupForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        name = form.cleaned_data["name"]
        number = once(request, lambda owner: Group.objects.start(owner, name).pk)
        return redirect(Group(pk=number))
    return render(request, "groups/group_new.html", {"form": form})


@group_view(Permission.VIEW)
def group_detail(request: HttpRequest, access: Access) -> HttpResponse:
    return room(request, access)


def room(request: HttpRequest, access: Access, form: SeatForm | None = None) -> HttpResponse:
    """The page of a group; with `form`, the one about one's own nickname that was refused."""
    seat = access.membership
    members = page_of(request, access.group.memberships.order_by("joined_at", "pk"))
    context = {
        "here": reverse("groups:group-detail", args=[access.group.pk]),
        "access": access,
        "group": access.group,
        "members": members,
        "alone": members.paginator.count < 2,
        "form": form or SeatForm(initial={"nickname": seat.nickname if seat else ""}),
        "can_invite": access.may_facilitate and not access.group.is_archived,
        "invite_url": _invite_url(request, access.group) if access.may_facilitate else "",
    }
    return render(request, "groups/group_detail.html", context)


@group_view(Permission.ADMINISTER)
def group_settings(request: HttpRequest, access: Access) -> HttpResponse:
    return _settings(request, access)


@require_POST
@group_view(Permission.ADMINISTER)
def group_rename(request: HttpRequest, access: Access) -> HttpResponse:
    form = GroupForm(request.POST)
    if not form.is_valid():
        return _settings(request, access, form=form)
    access.group.rename(form.cleaned_data["name"])
    messages.success(request, _("The group is called “%(group)s” now.") % {"group": access.group})
    return redirect("groups:group-settings", access.group.pk)


@require_POST
@group_view(Permission.ADMINISTER)
def group_deck(request: HttpRequest, access: Access) -> HttpResponse:
    form = DeckForm(request.POST)
    if not form.is_valid():
        return _settings(request, access, deck_form=form)
    access.group.choose_deck(form.chosen)
    messages.success(request, _("From the next round on you estimate with these cards."))
    return redirect("groups:group-settings", access.group.pk)


def _settings(
    request: HttpRequest, access: Access, form: GroupForm | None = None, deck_form: DeckForm | None = None
) -> HttpResponse:
    members = access.group.memberships.select_related("user").order_by("joined_at", "pk")
    context = {
        "here": reverse("groups:group-settings", args=[access.group.pk]),
        "access": access,
        "group": access.group,
        "form": form or GroupForm(initial={"name": access.group.name}),
        "deck_form": deck_form or DeckForm.showing(access.group.deck),
        "members": page_of(request, members),
        "roles": Role.choices,
        "invite_url": _invite_url(request, access.group),
    }
    return render(request, "groups/group_settings.html", context)


@require_POST
@group_view(Permission.ADMINISTER)
def group_archive(request: HttpRequest, access: Access) -> HttpResponse:
    access.group.archive()
    messages.success(request, _("The group is archived. Nothing in it is lost."))
    return redirect(access.group)


@require_POST
@group_view(Permission.ADMINISTER)
def group_restore(request: HttpRequest, access: Access) -> HttpResponse:
    access.group.restore()
    messages.success(request, _("The group is back, with everything in it."))
    return redirect(access.group)


@require_POST
@group_view(Permission.ADMINISTER)
def group_hand_over(request: HttpRequest, access: Access) -> HttpResponse:
    """Make the member whose seat is `member` the owner."""
    form = MemberForm(request.POST)
    number = form.cleaned_data["member"] if form.is_valid() else 0
    # A user who may not sign in could do nothing with the group.
    seats = access.group.memberships.select_related("user").filter(user__is_active=True)
    seat = get_object_or_404(seats, pk=number)
    access.group.hand_over(seat.user)
    messages.success(request, _("The group is %(nickname)s’s now.") % {"nickname": seat.nickname})
    return redirect(access.group)


def _invite_url(request: HttpRequest, group: Group) -> str:
    return request.build_absolute_uri(reverse("groups:invite-join", args=[group.invite_token]))
