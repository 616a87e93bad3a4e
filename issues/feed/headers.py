"""Headers of what is answered in front of the pages: Django's middleware, which sets theirs, does not see it."""

from django.conf import settings

Headers = list[tuple[bytes, bytes]]

NOTHING = "default-src 'none'; frame-ancestors 'none'"


def guarded(*headers: tuple[bytes, bytes], policy: str = NOTHING) -> Headers:
    """These headers, with what every answer says to browsers; under TLS that they come by TLS alone.

    `policy` is the answer's Content-Security-Policy: by default it loads nothing.
    """
    guards = [
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"content-security-policy", policy.encode()),
        (b"referrer-policy", b"same-origin"),
    ]
    if seconds := settings.SECURE_HSTS_SECONDS:
        value = f"max-age={seconds}; includeSubDomains; preload"
        guards.append((b"strict-transport-security", value.encode()))
    return [*headers, *guards]
