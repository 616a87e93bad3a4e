"""Sign up, sign in, sign out; be a guest; change nickname and password."""

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from users import api_tokens
from users.forms import ChangePasswordForm, GuestForm, NicknameForm, SignInForm, SignUpForm
from users.models import User
from users.requests import next_url, signed_in_user, user_or_none
from users.submissions import once

HOME = "groups:group-list"


@login_not_required
def guest_enter(request: HttpRequest) -> HttpResponse:
    """Only a nickname, for now: a visitor becomes a guest."""
    if request.user.is_authenticated:
        return redirect(next_url(request, HOME))
    form = GuestForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        once(request, lambda guest: guest.pk, nickname=form.cleaned_data["nickname"])
        return redirect(next_url(request, HOME))
    return render(request, "users/guest_enter.html", {"form": form, "next": next_url(request, HOME)})


@sensitive_post_parameters("password")
@login_not_required
def sign_up(request: HttpRequest) -> HttpResponse:
    """A visitor gets an account; a guest's becomes one, and everything in it stays."""
    guest = user_or_none(request)
    if guest and not guest.is_guest:
        return redirect("users:account")
    # A guest of its own for the form, which writes into it even what it then refuses.
    instance = User.objects.get(pk=guest.pk) if guest else None
    form = SignUpForm(request.POST if request.method == "POST" else None, instance=instance)
    if form.is_valid() and form.saved():
        _open_session(request, form, is_claim=guest is not None)
        return redirect(next_url(request, HOME))
    return render(request, "users/sign_up.html", {"form": form, "next": next_url(request, HOME)})


def _open_session(request: HttpRequest, form: SignUpForm, *, is_claim: bool) -> None:
    """A session for the new account under a key of its own, and a word of welcome."""
    if is_claim:
        request.user = form.instance
        update_session_auth_hash(request, form.instance)
        messages.success(request, _("This is your account now. Everything you had as a guest is in it."))
    else:
        login(request, form.instance)
        messages.success(request, _("Welcome, %(nickname)s.") % {"nickname": form.instance})
    _tell(request, form.notes)


@sensitive_post_parameters("password")
@login_not_required
def sign_in(request: HttpRequest) -> HttpResponse:
    """With e-mail and password. What somebody has as a guest goes to the account."""
    guest = user_or_none(request)
    if guest and not guest.is_guest:
        return redirect(next_url(request, HOME))
    form = SignInForm(request, request.POST if request.method == "POST" else None)
    if form.is_valid():
        account = form.get_user()
        if guest and guest.sign_in_to(account):
            messages.success(
                request, _("What you had as the guest “%(nickname)s” is here now.") % {"nickname": guest}
            )
        login(request, account)
        return redirect(next_url(request, HOME))
    return render(request, "users/sign_in.html", {"form": form, "next": next_url(request, HOME)})


@login_not_required
def sign_out(request: HttpRequest) -> HttpResponse:
    """By POST. Opened as a page it asks first, and tells guests what they lose."""
    if request.method != "POST" and request.user.is_authenticated:
        return render(request, "users/sign_out.html")
    if request.user.is_authenticated:
        logout(request)
        messages.success(request, _("You are signed out."))
    return redirect("start")


def account(request: HttpRequest) -> HttpResponse:
    """One's own nickname, and the ways to password and account."""
    user = signed_in_user(request)
    form = NicknameForm(
        request.POST if request.method == "POST" else None, initial={"nickname": user.nickname}
    )
    if form.is_valid():
        notes = user.change_nickname(form.cleaned_data["nickname"])
        messages.success(request, _("Your nickname is “%(nickname)s” now.") % {"nickname": user})
        _tell(request, notes)
        return redirect("users:account")
    return render(request, "users/account.html", {"form": form})


@sensitive_post_parameters()
def password_change(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    if user.is_guest:
        return redirect("users:sign-up")
    form = ChangePasswordForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        with transaction.atomic():
            form.save()
            update_session_auth_hash(request, user)
        messages.success(request, _("Your password is changed. Other browsers are signed out."))
        return redirect("users:account")
    return render(request, "users/password_change.html", {"form": form})


def _tell(request: HttpRequest, notes: list[str]) -> None:
    for note in notes:
        messages.warning(request, note)


# --- Tokens for programs


@never_cache
@require_POST
def api_token_make(request: HttpRequest) -> HttpResponse:
    """A new token, shown this once. Guests have none: only their browser knows them."""
    user = signed_in_user(request)
    if user.is_guest:
        return redirect("users:account")
    return render(request, "users/api_token.html", {"token": api_tokens.make(user)})


@require_POST
def api_token_remove(request: HttpRequest) -> HttpResponse:
    api_tokens.remove(signed_in_user(request))
    messages.success(request, _("Your token is good no more."))
    return redirect("users:account")
