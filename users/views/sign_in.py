"""Sign in and out."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django_otp.plugins.otp_totp.models import TOTPDevice

from users import pending_sign_ins, sessions, two_factor
from users.forms import CodeForm, SignInForm
from users.models import User
from users.rate_limits import RateLimit, limited
from users.requests import HOME, next_url, user_or_none

# By address. For one account the wrong passwords count, much sooner: see AXES_FAILURE_LIMIT.
SIGN_INS = RateLimit("sign-in", "30/minute;300/hour")


@sensitive_post_parameters("password")
@login_not_required
@limited(SIGN_INS)
def sign_in(request: HttpRequest) -> HttpResponse:
    """With e-mail and password. What somebody has as a guest goes to the account."""
    guest = user_or_none(request)
    if guest and not guest.is_guest:
        return redirect(next_url(request, HOME))
    form = SignInForm(request, request.POST if request.method == "POST" else None)
    if form.is_valid():
        return enter(request, form.get_user(), next_url(request, HOME))
    context = {"form": form, "next": next_url(request, HOME), "openid_name": settings.OIDC_NAME}
    return render(request, "users/sign_in.html", context)


def enter(request: HttpRequest, account: User, then: str) -> HttpResponse:
    """Let in who has shown to be the owner of the account; where it has a second factor, ask for that first."""
    if two_factor.device_of(account):
        pending_sign_ins.remember(request, account, then)
        return redirect("users:second-factor")
    return _come_in(request, account, then)


@never_cache
@login_not_required
def second_factor(request: HttpRequest) -> HttpResponse:
    """The code, after the password; or in a session that was begun without one."""
    pending = pending_sign_ins.read(request)
    user = pending.account if pending else user_or_none(request)
    if user is None or not two_factor.device_of(user):
        return redirect("users:sign-in")
    then = pending.next_url if pending else next_url(request, HOME)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        device = two_factor.accepted(user, form.cleaned_data["code"])
        if device and pending:
            pending_sign_ins.forget(request)
            return _come_in(request, user, then, device)
        if device:
            sessions.verify(request, device)
            return redirect(then)
        form.add_error("code", _("This code is not good. Wait for the next one that the app shows."))
    return render(request, "users/second_factor.html", {"form": form, "next": then})


def _come_in(
    request: HttpRequest, account: User, then: str, device: TOTPDevice | None = None
) -> HttpResponse:
    guest = user_or_none(request)
    if guest and guest.sign_in_to(account):
        messages.success(
            request, _("What you had as the guest “%(nickname)s” is here now.") % {"nickname": guest}
        )
    sessions.begin(request, account, device)
    return redirect(then)


@login_not_required
def sign_out(request: HttpRequest) -> HttpResponse:
    """By POST. Opened as a page it asks first, and tells guests what they lose."""
    if request.method != "POST" and request.user.is_authenticated:
        return render(request, "users/sign_out.html")
    if request.user.is_authenticated:
        logout(request)
        messages.success(request, _("You are signed out."))
        request.session.set_expiry(sessions.NOBODY)
    answer = redirect("start")
    # Not "cookies": the language stays, and the word that they are signed out.
    answer["Clear-Site-Data"] = '"cache", "storage"'
    return answer
