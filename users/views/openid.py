"""Sign in by OpenID Connect, where the site has a provider (OIDC_ISSUER); link it with an account, and unlink it."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from users import identities, mails, pending_authorizations, sessions
from users.forms import PasswordAgainForm
from users.models import User
from users.pending_authorizations import PendingAuthorization
from users.rate_limits import limited
from users.refusals import CLOSED, DENIED, STATE, Refused
from users.requests import HOME, client_network, next_url, user_or_none
from users.signals import openid_refused
from users.views.passwords import PASSWORDS
from users.views.sign_in import SIGN_INS, enter
from users.views.sign_up import SIGN_UPS

View = Callable[[HttpRequest], HttpResponse]


def offered(view: View) -> View:
    """There is no such page on a site without a provider. What is refused is told by one page, and noted."""

    @wraps(view)
    def told(request: HttpRequest) -> HttpResponse:
        if not settings.OIDC_ISSUER:
            raise Http404
        try:
            return view(request)
        except Refused as refused:
            openid_refused.send(User, reason=refused.reason.word, detail=refused.detail)
            sentence = refused.reason.sentence % {"name": settings.OIDC_NAME}
            return render(
                request, "users/openid_refused.html", {"sentence": sentence}, status=refused.reason.status
            )

    return told


@login_not_required
@offered
@require_POST
@limited(SIGN_INS)
def openid_begin(request: HttpRequest) -> HttpResponse:
    """Go to the provider, to sign in; guests take with them what they have."""
    user = user_or_none(request)
    if user and not user.is_guest:
        return redirect(next_url(request, HOME))
    return _go(request, next_url(request, HOME))


@never_cache
@login_not_required
@offered
@require_GET
def openid_callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the browser back to. By GET, as the protocol has it: the state shows who asked."""
    pending = pending_authorizations.take(request)
    if pending is None:
        raise Refused(STATE)
    if "error" in request.GET:
        raise Refused(DENIED)
    user = user_or_none(request)
    account_id = user.pk if user and not user.is_guest else None
    if pending.account_id != account_id:  # who began twice, and has come in by the other one
        raise Refused(STATE)
    person = _person(request, pending)
    if user and account_id:
        return _link(request, user, person)
    account = identities.account_of(person)
    if account is None:
        return _sign_up(request, user, person, pending.next_url)
    if not account.is_active:
        raise Refused(CLOSED)
    return enter(request, account, pending.next_url)


@sensitive_post_parameters()
@login_not_required
@offered
def openid_link(request: HttpRequest) -> HttpResponse:
    """Have another way into one's account: with the password, since it stays open for whoever makes it."""
    user = user_or_none(request)
    if user is None or user.is_guest:
        return redirect("users:sign-in")
    if identities.of(user, settings.OIDC_ISSUER):
        return redirect("users:account")
    if request.method == "POST":
        PASSWORDS.take(user.pk)
    form = PasswordAgainForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _go(request, resolve_url("users:account"), account_id=user.pk)
    return render(request, "users/openid_link.html", {"form": form, "name": settings.OIDC_NAME})


@login_not_required
@offered
@require_POST
def openid_unlink(request: HttpRequest) -> HttpResponse:
    """Take that way back, as long as there is another one."""
    user = user_or_none(request)
    if user is None:
        return redirect("users:sign-in")
    if not user.has_usable_password():
        messages.error(
            request, _("This is your only way in. Choose a password first, then you can take it back.")
        )
    elif identities.unlink(user, settings.OIDC_ISSUER):
        mails.tell(user, "openid_unlinked")
        messages.success(
            request, _("%(name)s does not open your account any more.") % {"name": settings.OIDC_NAME}
        )
    return redirect("users:account")


def _go(request: HttpRequest, then: str, *, account_id: int | None = None) -> HttpResponse:
    """A page that goes on to the provider by itself.

    Not a redirect: browsers hold the policy that forms are sent to this site alone (`form-action`) against wherever
    the answer to a form leads, and against wherever the provider leads on to.
    """
    from users import openid  # see there

    authorization = openid.begin(_callback(request))
    pending = PendingAuthorization(authorization.nonce, authorization.code_verifier, then, account_id)
    pending_authorizations.remember(request, authorization.state, pending)
    return render(request, "users/openid_go.html", {"address": authorization.url, "name": settings.OIDC_NAME})


def _person(request: HttpRequest, pending: PendingAuthorization) -> identities.Person:
    from users import openid  # see there

    code, nonce, verifier = request.GET.get("code", ""), pending.nonce, pending.code_verifier
    return openid.person(code, _callback(request), nonce=nonce, code_verifier=verifier)


def _callback(request: HttpRequest) -> str:
    return request.build_absolute_uri(resolve_url("users:openid-callback"))


def _link(request: HttpRequest, account: User, person: identities.Person) -> HttpResponse:
    if identities.link(account, person):
        mails.tell(account, "openid_linked")
    messages.success(request, _("%(name)s opens your account from now on.") % {"name": settings.OIDC_NAME})
    return redirect("users:account")


def _sign_up(request: HttpRequest, guest: User | None, person: identities.Person, then: str) -> HttpResponse:
    SIGN_UPS.take(client_network(request))
    account = identities.open_account(person, guest)
    if guest:
        sessions.claim(request, account)
        messages.success(request, _("This is your account now. Everything you had as a guest is in it."))
    else:
        sessions.begin(request, account)
        messages.success(request, _("Welcome, %(nickname)s.") % {"nickname": account})
    return redirect(then)
