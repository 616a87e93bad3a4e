"""One's own page."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from users import identities
from users.forms import NicknameForm
from users.requests import signed_in_user


def account(request: HttpRequest) -> HttpResponse:
    """One's own nickname, and the ways to password and account."""
    user = signed_in_user(request)
    form = NicknameForm(
        request.POST if request.method == "POST" else None, initial={"nickname": user.nickname}
    )
    if form.is_valid():
        notes = user.change_nickname(form.cleaned_data["nickname"])
        messages.success(request, _("Your nickname is “%(nickname)s” now.") % {"nickname": user})
        for note in notes:
            messages.warning(request, note)
        return redirect("users:account")
    context = {"form": form, "openid_name": settings.OIDC_NAME}
    if settings.OIDC_ISSUER and not user.is_guest:
        context["identities"] = identities.of(user, settings.OIDC_ISSUER)
    return render(request, "users/account.html", context)
