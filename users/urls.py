"""Addresses about people."""

from django.contrib.auth.views import PasswordResetCompleteView, PasswordResetDoneView
from django.urls import path

from users.views import (
    account,
    api_tokens,
    guests,
    open_sessions,
    openid,
    passwords,
    personal_data,
    sign_in,
    sign_up,
    two_factor,
)

app_name = "users"

urlpatterns = [
    path("", account.account, name="account"),
    path("guest/", guests.guest_enter, name="guest-enter"),
    path("sign-up/", sign_up.sign_up, name="sign-up"),
    path("sign-up/sent/", sign_up.sign_up_sent, name="sign-up-sent"),
    path("sign-up/<str:token>/", sign_up.sign_up_confirm, name="sign-up-confirm"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/code/", sign_in.second_factor, name="second-factor"),
    path("openid/", openid.openid_begin, name="openid-begin"),
    path("openid/callback/", openid.openid_callback, name="openid-callback"),
    path("openid/link/", openid.openid_link, name="openid-link"),
    path("openid/unlink/", openid.openid_unlink, name="openid-unlink"),
    path("two-factor/", two_factor.two_factor_page, name="two-factor"),
    path("two-factor/codes/", two_factor.two_factor_codes, name="two-factor-codes"),
    path("two-factor/off/", two_factor.two_factor_off, name="two-factor-off"),
    path("sessions/", open_sessions.session_list, name="session-list"),
    path("sign-out/elsewhere/", open_sessions.sign_out_elsewhere, name="sign-out-elsewhere"),
    path("data/", personal_data.data_page, name="data"),
    path("data/export/", personal_data.data_export, name="data-export"),
    path("data/delete/", personal_data.data_delete, name="data-delete"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("password/", passwords.password_change, name="password-change"),
    path("token/", api_tokens.api_token_make, name="api-token-make"),
    path("token/remove/", api_tokens.api_token_remove, name="api-token-remove"),
    path("password/reset/", passwords.PasswordReset.as_view(), name="password-reset"),
    path(
        "password/reset/sent/",
        PasswordResetDoneView.as_view(template_name="users/password_reset_done.html"),
        name="password-reset-done",
    ),
    path(
        "password/reset/<uidb64>/<token>/",
        passwords.PasswordResetConfirm.as_view(),
        name="password-reset-confirm",
    ),
    path(
        "password/reset/done/",
        PasswordResetCompleteView.as_view(template_name="users/password_reset_complete.html"),
        name="password-reset-complete",
    ),
]
