"""Whether the settings of sign-in by OpenID Connect fit together. Pure functions."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

MAX_ISSUER = 255  # characters, which a column has


def fault(issuer: str, client_id: str, client_secret: str, *, debug: bool) -> str:
    """What is wrong, in a sentence that says what to do; empty where it is on or off."""
    given = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": client_id, "OIDC_CLIENT_SECRET": client_secret}
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given):
        return ""
    if missing:
        return (
            f"{' and '.join(missing)} not set: sign-in by OpenID Connect needs OIDC_ISSUER, OIDC_CLIENT_ID and "
            "OIDC_CLIENT_SECRET. Set all three, or none."
        )
    return _fault_of_issuer(issuer, debug=debug)


def host(issuer: str) -> str:
    """The host of the provider."""
    return urlsplit(issuer).hostname or ""


def _fault_of_issuer(issuer: str, *, debug: bool) -> str:
    try:
        parts = urlsplit(issuer)
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        return "OIDC_ISSUER must look like https://HOST or https://HOST/PATH, as the provider tells it."
    if len(issuer) > MAX_ISSUER:
        return f"OIDC_ISSUER has {len(issuer)} characters and may have {MAX_ISSUER}."
    if parts.scheme == "http" and not debug and not _is_loopback(parts.hostname):
        return "OIDC_ISSUER must begin with https://, or everybody on the way could sign in as anybody."
    return ""


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
