"""The settings of mails. None is sent."""

from collections.abc import Iterator

from django.conf import settings

from estimation.doctor.configuration import is_elsewhere, is_local
from estimation.doctor.findings import Finding, ok, warning

PRINTED = "django.core.mail.backends.console.EmailBackend"
SENT = "django.core.mail.backends.smtp.EmailBackend"


def look() -> Iterator[Finding]:
    """Where mails go, and from whom."""
    if settings.EMAIL_BACKEND == PRINTED:
        yield _printed()
        return
    yield ok(
        "mail", f"Sent by {settings.EMAIL_HOST}:{settings.EMAIL_PORT}." if _is_smtp() else "Not by SMTP."
    )
    if (
        _is_smtp()
        and (settings.EMAIL_HOST_PASSWORD or is_elsewhere(settings.EMAIL_HOST))
        and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL)
    ):
        yield warning(
            "mail",
            "Links in mails, and the mail server's password, go there readable.",
            "Set EMAIL_URL to smtp+tls://… or smtp+ssl://…",
        )
    if settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost"):
        yield warning(
            "mail",
            "Mails come from an address at localhost, and are taken for spam.",
            "Set DEFAULT_FROM_EMAIL.",
        )


def _printed() -> Finding:
    if is_local():
        return ok("mail", "Printed, and not sent.")
    return warning(
        "mail", "Mails are printed, and not sent: nobody gets a link for a new password.", "Set EMAIL_URL."
    )


def _is_smtp() -> bool:
    return bool(settings.EMAIL_BACKEND == SENT)
