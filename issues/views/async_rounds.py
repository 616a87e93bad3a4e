"""What facilitators do with rounds in which everybody votes in their own time. How it is answered: see `answers`."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from groups.access import Access, Permission, group_view
from issues import async_rounds, backlog, rounds
from issues.round_forms import AsyncForm, DeadlineForm
from issues.views.answers import REFUSALS, refused, room_view


@group_view(Permission.FACILITATE)
def async_begin(request: HttpRequest, access: Access) -> HttpResponse:
    """Choose issues and a deadline."""
    form = AsyncForm(
        request.POST if request.method == "POST" else None, issues=backlog.not_voted_on(access.group)
    )
    if form.is_valid() and _begun(form, access):
        number = len(form.cleaned_data["issues"])
        said = ngettext(
            "%(number)d issue is open for votes.", "%(number)d issues are open for votes.", number
        )
        messages.success(request, said % {"number": number})
        return redirect("issues:async", access.group.pk)
    context = {"access": access, "group": access.group, "form": form}
    return render(request, "issues/async_begin.html", context, status=409 if form.has_come_too_late else 200)


def _begun(form: AsyncForm, access: Access) -> bool:
    """Whether the rounds are open now. What keeps them from it is told on the form."""
    if access.group.is_archived:
        form.refuse(_("This group is archived. Nothing was changed."))
        return False
    try:
        async_rounds.begin(
            access.group,
            access.user,
            form.cleaned_data["issues"],
            form.deadline,
            reveals_by_itself=form.cleaned_data["reveals_by_itself"],
        )
    except (async_rounds.TooMany, rounds.IssueArchived, rounds.IssueVotedOn) as refusal:
        form.refuse(REFUSALS[type(refusal)][1])
        return False
    return True


@room_view(Permission.FACILITATE)
def async_deadline(request: HttpRequest, access: Access) -> HttpResponse | None:
    """Let all open ones end at another time from now on."""
    form = DeadlineForm(request.POST)
    if not form.is_valid():
        return refused(request, access, 400, form.problem)
    async_rounds.move_deadline(access.group, form.deadline)
    return None


@room_view(Permission.FACILITATE)
def async_end(request: HttpRequest, access: Access) -> HttpResponse | None:
    """Reveal all open ones. It is asked first, and `early` says yes."""
    if request.POST.get("early") == "yes":
        async_rounds.end(access.group, access.user)
        return None
    context = {"access": access, "group": access.group}
    return render(request, "issues/async_end.html", context)


@room_view(Permission.FACILITATE)
def async_settle_agreed(request: HttpRequest, access: Access) -> HttpResponse | None:
    number = async_rounds.settle_agreed(access.group, access.user)
    said = ngettext("%(number)d estimate is saved.", "%(number)d estimates are saved.", number)
    messages.success(request, said % {"number": number})
    return None


@room_view(Permission.FACILITATE)
def round_discuss(_request: HttpRequest, access: Access, round_id: int) -> HttpResponse | None:
    """Put a disputed one on the table."""
    async_rounds.discuss(access.group, round_id)
    return None
