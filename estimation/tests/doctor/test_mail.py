"""What the doctor says of how mails are sent."""

import pytest

from estimation.tests.doctor.examining import OK, OTHERS_REACH_IT, WARNING, told

pytestmark = pytest.mark.django_db


SMTP = "django.core.mail.backends.smtp.EmailBackend"


def test_mails_that_are_only_printed_are_noticed_where_others_reach_the_site(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert told("mail")[0] is OK
    settings.ALLOWED_HOSTS = OTHERS_REACH_IT
    assert told("mail")[0] is WARNING


def test_a_password_that_goes_to_the_mail_server_without_tls_is_noticed(settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "mail.example", 25
    settings.DEFAULT_FROM_EMAIL = "Estimation <estimation@example.org>"
    settings.EMAIL_HOST_PASSWORD = "SECRET-OF-MAIL"
    level, message = told("mail")
    assert (level, "SECRET-OF-MAIL" in message) == (WARNING, False)
    settings.EMAIL_USE_TLS = True
    assert told("mail") == (OK, "Sent by mail.example:25.")


def test_links_that_go_to_a_mail_server_elsewhere_without_tls_are_noticed(settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "mail.example", 25
    settings.DEFAULT_FROM_EMAIL = "Estimation <estimation@example.org>"
    assert told("mail")[0] is WARNING
    settings.EMAIL_HOST = "127.0.0.1"
    assert told("mail")[0] is OK


def test_mails_from_nowhere_are_noticed(settings):
    settings.EMAIL_BACKEND, settings.DEFAULT_FROM_EMAIL = SMTP, "Estimation <estimation@localhost>"
    settings.EMAIL_HOST = "localhost"
    assert told("mail")[0] is WARNING
