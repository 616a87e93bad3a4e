"""Where one is signed in, and out of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from users import open_sessions, sessions
from users.forms import EndSessionsForm
from users.requests import signed_in_user
from users.views.passwords import PASSWORDS


@sensitive_post_parameters()
def session_list(request: HttpRequest) -> HttpResponse:
    """The browsers, and by POST the end of those that were chosen."""
    return _page(request, all_of_them=False)


@require_POST
@sensitive_post_parameters()
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End one's sessions in all other browsers, listed or not; this one stays, under another key."""
    return _page(request, all_of_them=True)


def _page(request: HttpRequest, *, all_of_them: bool) -> HttpResponse:
    user = signed_in_user(request)
    if user.is_guest:
        return redirect("users:sign-up")  # only one browser knows a guest
    if request.method == "POST":
        PASSWORDS.take(user.pk)
    found = open_sessions.of(user)
    this_one = next((one for one in found if one.key == request.session.session_key), None)
    others = [one for one in found if one is not this_one]
    data = request.POST if request.method == "POST" else None
    form = EndSessionsForm(user, others, data, all_of_them=all_of_them)
    if form.is_valid() and all_of_them:
        sessions.end_elsewhere(request, user)
        messages.success(request, _("All other browsers are signed out."))
        return redirect("users:session-list")
    if form.is_valid():
        ended = open_sessions.end(user, form.cleaned_data["sessions"])
        told = ngettext("%(count)d browser is signed out.", "%(count)d browsers are signed out.", ended)
        messages.success(request, told % {"count": ended})
        return redirect("users:session-list")
    return render(request, "users/session_list.html", {"form": form, "this_one": this_one, "others": others})
