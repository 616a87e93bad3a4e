"""Get an account; a guest's becomes one, and everything in it stays.

Where the site can send mails, the first step is a mail: so nobody signs up with somebody else's e-mail, and nobody
learns from the page who has an account.
"""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from users import mails, sessions, sign_up_links
from users.forms import EmailForm, SignUpForm
from users.models import User, normalized_email
from users.rate_limits import RateLimit, limited
from users.requests import HOME, next_url, user_or_none
from users.sign_up_links import SignUpLink

SIGN_UPS = RateLimit("sign-up", "20/minute;100/hour")  # by address


@sensitive_post_parameters("password")
@login_not_required
@limited(SIGN_UPS)
def sign_up(request: HttpRequest) -> HttpResponse:
    """All in one step, or the first of two: the e-mail, to which a link is sent."""
    guest = user_or_none(request)
    if guest and not guest.is_guest:
        return redirect("users:account")
    if settings.SIGN_UP_BY_MAIL:
        return _ask_for_email(request, guest)
    return _sign_up(request, guest, next_url(request, HOME))


@login_not_required
@require_safe
def sign_up_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "users/sign_up_sent.html")


@never_cache
@sensitive_post_parameters("password")
@login_not_required
@limited(SIGN_UPS)
def sign_up_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The second step, by the link in the mail: nickname and password."""
    link = sign_up_links.read(token)
    if link is None:
        return render(request, "users/sign_up_expired.html", status=404)
    user = user_or_none(request)
    if user and not user.is_guest:
        return redirect("users:account")
    if User.objects.filter(email=link.email).exists():
        messages.info(request, _("There is an account with this e-mail already. Sign in to it here."))
        return redirect("users:sign-in")
    if user and user.pk != link.guest_id:
        # What this guest has must not come into the hands of whoever sent them the link.
        return render(request, "users/sign_up_elsewhere.html", {"link": link})
    return _sign_up(request, user, link.next_url, email=link.email)


def _ask_for_email(request: HttpRequest, guest: User | None) -> HttpResponse:
    form = EmailForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        email = normalized_email(form.cleaned_data["email"]) or ""
        link = SignUpLink(email, guest.pk if guest else None, next_url(request, HOME))
        go_on = request.build_absolute_uri(reverse("users:sign-up-confirm", args=[sign_up_links.token(link)]))
        sign_in = request.build_absolute_uri(reverse("users:sign-in"))
        mails.later(lambda: _send(email, go_on, sign_in))
        return redirect("users:sign-up-sent")
    context = {"form": form, "next": next_url(request, HOME), "openid_name": settings.OIDC_NAME}
    return render(request, "users/sign_up.html", context)


def _send(email: str, go_on: str, sign_in: str) -> None:
    """The link; or, to who has an account, where to sign in."""
    user = User.objects.filter(email=email).first()
    if user is None:
        mails.send("sign_up", email, url=go_on)
    elif user.is_active:
        mails.send("has_account", email, url=sign_in, nickname=user.nickname)


def _sign_up(request: HttpRequest, guest: User | None, then: str, *, email: str = "") -> HttpResponse:
    """The form for nickname and password; and for the e-mail, where it is not known to be theirs."""
    # A guest of its own for the form, which writes into it even what it then refuses.
    instance = User.objects.get(pk=guest.pk) if guest else None
    form = SignUpForm(request.POST if request.method == "POST" else None, instance=instance, email=email)
    if form.is_valid() and form.saved():
        _open_session(request, form, is_claim=guest is not None)
        return redirect(then)
    context = {"form": form, "next": then, "email": email, "openid_name": settings.OIDC_NAME}
    return render(request, "users/sign_up.html", context)


def _open_session(request: HttpRequest, form: SignUpForm, *, is_claim: bool) -> None:
    """A session for the new account under a key of its own, and a word of welcome."""
    if is_claim:
        sessions.claim(request, form.instance)
        messages.success(request, _("This is your account now. Everything you had as a guest is in it."))
    else:
        sessions.begin(request, form.instance)
        messages.success(request, _("Welcome, %(nickname)s.") % {"nickname": form.instance})
    for note in form.notes:
        messages.warning(request, note)
