"""Change a password, or replace a forgotten one."""

from typing import Any
from urllib.parse import urljoin

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView, PasswordResetView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from users import mails, sign_in_attempts
from users.forms import ChangePasswordForm, NewPasswordForm
from users.models import User, normalized_email
from users.rate_limits import RateLimit, limited
from users.requests import signed_in_user

# By account: whoever found a browser open may not guess the password at leisure.
PASSWORDS = RateLimit("password", "10/minute;30/hour")
RESETS = RateLimit("password-reset", "20/minute;100/hour")  # by address


@sensitive_post_parameters()
def password_change(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    if user.is_guest:
        return redirect("users:sign-up")
    if not user.has_usable_password():
        return redirect("users:password-reset")
    if request.method == "POST":
        PASSWORDS.take(user.pk)
    form = ChangePasswordForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        with transaction.atomic():
            form.save()
            update_session_auth_hash(request, user)
        mails.tell(user, "password_changed")
        messages.success(request, _("Your password is changed. Other browsers are signed out."))
        return redirect("users:account")
    return render(request, "users/password_change.html", {"form": form})


@method_decorator(limited(RESETS), name="dispatch")
class PasswordReset(PasswordResetView):
    """Asks for the e-mail, and answers alike whether there is such an account."""

    template_name = "users/password_reset.html"
    success_url = reverse_lazy("users:password-reset-done")

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        email, site = normalized_email(form.cleaned_data["email"]), self.request.build_absolute_uri("/")
        mails.later(lambda: _send_link(email or "", site))
        return redirect(self.success_url)


def _send_link(email: str, site: str) -> None:
    user = User.objects.filter(email=email, is_active=True).first()
    # Who comes by OpenID Connect alone has none yet, and may choose one; from others it was taken away.
    if user is None or not (user.has_usable_password() or user.identities.exists()):
        return
    arguments = {
        "uidb64": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
    }
    link = urljoin(site, reverse("users:password-reset-confirm", kwargs=arguments))
    mails.send("password_reset", email, nickname=user.nickname, url=link)


class PasswordResetConfirm(PasswordResetConfirmView):
    """Takes the new password of whoever followed the link."""

    template_name = "users/password_reset_confirm.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("users:password-reset-complete")

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        sign_in_attempts.forget(form.user)
        mails.tell(form.user, "password_changed")
        return answer
