"""The second factor: set it up, turn it off, have new recovery codes."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from users import mails, qr_codes, sessions, two_factor
from users.forms import PasswordAgainForm, SetUpForm
from users.models import User
from users.requests import signed_in_user
from users.views.passwords import PASSWORDS

_KEY = "two_factor_key"


@never_cache
@sensitive_post_parameters()
def two_factor_page(request: HttpRequest) -> HttpResponse:
    """How it is; where it is off, the way to turn it on."""
    user = signed_in_user(request)
    if user.is_guest:
        return redirect("users:sign-up")
    if two_factor.device_of(user):
        return _on(request, user, PasswordAgainForm(user))
    if request.method == "POST":
        PASSWORDS.take(user.pk)
    form = SetUpForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        codes = two_factor.confirm(user, _key(request), form.cleaned_data["code"])
        if codes:
            _confirmed(request, user)
            return _show(request, codes)
        form.add_error("code", _("This is not the code that the app shows now. Wait for the next one."))
    key = _key(request)
    context = {
        "form": form,
        "secret": two_factor.secret(key),
        "qr_code": qr_codes.svg(two_factor.link(key, user)),
    }
    return render(request, "users/two_factor_set_up.html", context)


@never_cache
@require_POST
@sensitive_post_parameters()
def two_factor_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, shown this once."""
    return _with_password(request, lambda user: _show(request, two_factor.new_recovery_codes(user)))


@require_POST
@sensitive_post_parameters()
def two_factor_off(request: HttpRequest) -> HttpResponse:
    return _with_password(request, lambda user: _turn_off(request, user))


def _turn_off(request: HttpRequest, user: User) -> HttpResponse:
    two_factor.turn_off(user)
    mails.tell(user, "two_factor_off")
    messages.success(request, _("From now on your password is enough to sign in."))
    return redirect("users:account")


def _key(request: HttpRequest) -> str:
    """The key that is shown to the app: the same one in this session until it is used."""
    key: str = request.session.setdefault(_KEY, two_factor.new_key())
    return key


def _with_password(request: HttpRequest, change: Callable[[User], HttpResponse]) -> HttpResponse:
    """Make the change for somebody who has a second factor, and has given the password again."""
    user = signed_in_user(request)
    if not two_factor.device_of(user):
        return redirect("users:two-factor")
    PASSWORDS.take(user.pk)
    form = PasswordAgainForm(user, request.POST)
    return change(user) if form.is_valid() else _on(request, user, form)


def _confirmed(request: HttpRequest, user: User) -> None:
    """This browser has shown the code; the mail is for whoever did not."""
    request.session.pop(_KEY, None)
    device = two_factor.device_of(user)
    if device is not None:
        sessions.verify(request, device)
    mails.tell(user, "two_factor_on")


def _on(request: HttpRequest, user: User, form: PasswordAgainForm) -> HttpResponse:
    context = {"form": form, "codes_left": user.recovery_codes.count()}
    return render(request, "users/two_factor_on.html", context)


def _show(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return render(request, "users/two_factor_codes.html", {"codes": codes})
