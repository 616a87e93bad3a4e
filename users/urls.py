"""Addresses about people."""

from django.contrib.auth.views import (
    PasswordResetCompleteView,
    PasswordResetConfirmView,
    PasswordResetDoneView,
    PasswordResetView,
)
from django.urls import path, reverse_lazy

from users import views
from users.forms import NewPasswordForm

app_name = "users"

urlpatterns = [
    path("", views.account, name="account"),
    path("guest/", views.guest_enter, name="guest-enter"),
    path("sign-up/", views.sign_up, name="sign-up"),
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("password/", views.password_change, name="password-change"),
    path("token/", views.api_token_make, name="api-token-make"),
    path("token/remove/", views.api_token_remove, name="api-token-remove"),
    path(
        "password/reset/",
        PasswordResetView.as_view(
            template_name="users/password_reset.html",
            email_template_name="users/password_reset_mail.txt",
            subject_template_name="users/password_reset_subject.txt",
            success_url=reverse_lazy("users:password-reset-done"),
        ),
        name="password-reset",
    ),
    path(
        "password/reset/sent/",
        PasswordResetDoneView.as_view(template_name="users/password_reset_done.html"),
        name="password-reset-done",
    ),
    path(
        "password/reset/<uidb64>/<token>/",
        PasswordResetConfirmView.as_view(
            template_name="users/password_reset_confirm.html",
            form_class=NewPasswordForm,
            success_url=reverse_lazy("users:password-reset-complete"),
        ),
        name="password-reset-confirm",
    ),
    path(
        "password/reset/done/",
        PasswordResetCompleteView.as_view(template_name="users/password_reset_complete.html"),
        name="password-reset-complete",
    ),
]
