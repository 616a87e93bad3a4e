"""The settings, by the deployment checks of Django and of the libraries, in plain words where they belong together.

A SECRET_KEY that is refused at the start never comes so far: `manage.py` says so itself.
"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core.checks import ERROR, CheckMessage, run_checks

from estimation.doctor.findings import Finding, ok, problem, warning

_KEYS = {"security.W009", "security.W025"}
_DEBUG = {"security.W018"}
_HOSTS = {"security.W020"}
# What follows from HTTPS=off, one by one.
_HTTPS = {"security.W004", "security.W008", "security.W012", "security.W016"}
_ON_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")


def look() -> Iterator[Finding]:
    """The settings as this process has read them."""
    messages = [one for one in run_checks(include_deployment_checks=True) if not one.is_silenced()]
    found = {message.id for message in messages}
    yield from _secret_key(found)
    yield from _debug(found)
    yield from _hosts(found)
    yield from _https()
    yield from _proxies()
    told = _KEYS | _DEBUG | _HOSTS | (set() if settings.HTTPS else _HTTPS)
    yield from _others([message for message in messages if message.id not in told])


def is_local() -> bool:
    """Whether the site has no name but those of the machine itself."""
    return all(host in _ON_THIS_MACHINE or host.endswith(".localhost") for host in settings.ALLOWED_HOSTS)


def is_elsewhere(host: str) -> bool:
    """Whether a service at this host (a name, an address, a socket's path, or nothing) is on another machine."""
    if not host or host.startswith("/") or host == "localhost":
        return False
    try:
        return not ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return True


def _secret_key(found: set[str | None]) -> Iterator[Finding]:
    if "security.W009" in found:
        yield warning(
            "secret key",
            "SECRET_KEY can be guessed, which is good enough for developing alone.",
            "Without DEBUG nothing starts with it: ./scripts/secrets or ./scripts/run makes one.",
        )
    else:
        yield ok("secret key", f"{len(settings.SECRET_KEY)} characters.")
    if "security.W025" in found:
        yield warning(
            "secret key",
            "SECRET_KEY_FALLBACKS has an earlier key that can be guessed, and what it signs is still believed.",
            "Take it out as soon as people may be asked to sign in again.",
        )


def _debug(found: set[str | None]) -> Iterator[Finding]:
    if not found & _DEBUG:
        yield ok("debug", "Off.")
    elif is_local():
        yield warning(
            "debug", "DEBUG is on: whoever gets an error page reads the settings.", "Set DEBUG=off."
        )
    else:
        yield problem(
            "debug",
            "DEBUG is on, and others reach the site: whoever gets an error page reads the settings.",
            "Set DEBUG=off.",
        )


def _hosts(found: set[str | None]) -> Iterator[Finding]:
    if found & _HOSTS:
        yield problem(
            "hosts", "ALLOWED_HOSTS is empty, so every request is refused.", "Set it to the site's name."
        )
    elif {"*", "."} & set(settings.ALLOWED_HOSTS):
        yield problem(
            "hosts",
            "ALLOWED_HOSTS takes every name: links in mails can be made to lead to somebody else's site.",
            "Set it to the site's own name.",
        )
    else:
        yield ok("hosts", f"Reached as {', '.join(settings.ALLOWED_HOSTS)}.")


def _https() -> Iterator[Finding]:
    if settings.HTTPS:
        yield ok("https", "On: cookies by TLS alone.")
    elif is_local():
        yield ok("https", "Off, for a site that only this machine reaches.")
    else:
        yield problem(
            "https",
            "HTTPS is off, and others reach the site: passwords and sessions can be read on the way.",
            "Set HTTPS=on, behind a proxy with a certificate: docs/deployment.md.",
        )


def _proxies() -> Iterator[Finding]:
    if any(ip_network(proxy).prefixlen == 0 for proxy in settings.TRUSTED_PROXIES):
        yield problem(
            "proxies",
            "TRUSTED_PROXIES believes everybody where they come from: whoever lies about it meets no limit.",
            "Name the proxy's own address.",
        )
    elif settings.TRUSTED_PROXIES:
        yield ok("proxies", f"Believed: {', '.join(settings.TRUSTED_PROXIES)}.")
    elif settings.HTTPS:
        yield warning(
            "proxies",
            "HTTPS is on and no proxy is believed: behind one, each page would lead to itself for ever.",
            "Set TRUSTED_PROXIES to the proxy's address, such as 127.0.0.1.",
        )
    else:
        yield ok("proxies", "None.")


def _others(messages: Sequence[CheckMessage]) -> Iterator[Finding]:
    for message in messages:
        found = problem if message.level >= ERROR else warning
        yield found(
            "checks", f"{_line(message.msg)} ({message.id})", _line(message.hint or "See the documentation.")
        )
    if not messages:
        yield ok("checks", "Django's own checks for deployment find nothing else.")


def _line(text: object) -> str:
    return " ".join(str(text).split())
