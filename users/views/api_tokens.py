"""Tokens for programs."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from users import api_tokens
from users.requests import signed_in_user


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
