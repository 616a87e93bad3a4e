"""Be a guest: known by a nickname and this browser."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from users.forms import GuestForm
from users.rate_limits import RateLimit, limited
from users.requests import HOME, next_url
from users.submissions import once

GUESTS = RateLimit("guest", "60/minute;600/hour")  # by address: a whole office may come from one


@login_not_required
@limited(GUESTS)
def guest_enter(request: HttpRequest) -> HttpResponse:
    """Only a nickname, for now: a visitor becomes a guest."""
    if request.user.is_authenticated:
        return redirect(next_url(request, HOME))
    form = GuestForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        once(request, lambda guest: guest.pk, nickname=form.cleaned_data["nickname"])
        return redirect(next_url(request, HOME))
    return render(request, "users/guest_enter.html", {"form": form, "next": next_url(request, HOME)})
