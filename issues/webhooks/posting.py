"""Sends one request to an address that somebody else has chosen, and trusts neither the address nor the answer.

The name is resolved once, what it stands for is checked, and that very address is connected to: a name that stands for
another address a moment later is of no use. No redirect is followed, and of the answer only the status is read.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

TIMEOUT = 10  # seconds for all of it
PORTS = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotSent(Exception):
    """Why: one sentence."""


class NotAllowed(NotSent):
    """Nothing is sent to this host (WEBHOOK_HOSTS)."""


class NotTold(NotSent):
    """The address would have everybody on the way read what is sent."""


def post(url: str, body: str, headers: Mapping[str, str]) -> int:
    """The status of the answer. Raises NotSent."""
    parts = urlsplit(url)
    address = _address(parts)
    connection = _connection(parts, address)
    watch = threading.Timer(TIMEOUT, lambda: _cut(connection))
    watch.start()
    try:
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        connection.request("POST", target, body.encode(), {"Host": parts.netloc, **headers})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotSent(f"There was no answer ({type(error).__name__}: {error}).") from error
    finally:
        watch.cancel()
        connection.close()


def check(url: str) -> None:
    """Raises NotSent, NotAllowed or NotTold where nothing may be sent to this address."""
    _address(urlsplit(url))


def _address(parts: SplitResult) -> Address:
    """What the host stands for. Raises NotSent where there is nothing, or where we do not go."""
    if parts.username or parts.password:
        raise NotSent("An address with a name and a password in it is not used.")
    host = parts.hostname or ""
    is_private = host in settings.WEBHOOK_PRIVATE_HOSTS
    if not is_private and not _is_allowed(host):
        raise NotAllowed(f"Nothing is sent to {host}. WEBHOOK_HOSTS allows it.")
    try:
        found = socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotSent(f"There is no host {host}.") from error
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    if not is_private:
        for address in addresses:
            if not _is_public(address):
                raise NotSent(f"{host} stands in a private network. WEBHOOK_PRIVATE_HOSTS allows it.")
        if parts.scheme != "https":
            raise NotTold(f"{host} is told nothing without https: everybody on the way could read it.")
    return addresses[0]


def _is_allowed(host: str) -> bool:
    """Whether WEBHOOK_HOSTS has the host, or, after a dot, a domain above it; `*` is every host."""
    return any(
        allowed in {"*", host} or (allowed.startswith(".") and f".{host}".endswith(allowed))
        for allowed in settings.WEBHOOK_HOSTS
    )


def _is_public(address: Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_global and not (mapped or address).is_multicast


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _connection(parts: SplitResult, address: Address) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", _port(parts)
    if parts.scheme == "https":
        return _PinnedTLS(host, port, str(address))
    return http.client.HTTPConnection(str(address), port, timeout=TIMEOUT)


class _PinnedTLS(http.client.HTTPSConnection):
    """TLS to a known address, whose certificate is that of the name."""

    def __init__(self, host: str, port: int, address: str) -> None:
        context = ssl.create_default_context(cafile=settings.WEBHOOK_CA_FILE or None)
        super().__init__(host, port, timeout=TIMEOUT, context=context)
        self._pinned = address
        self._tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self._pinned, self.port), TIMEOUT)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def _cut(connection: http.client.HTTPConnection) -> None:
    """An answer that comes drop by drop is none."""
    if connection.sock is not None:
        with contextlib.suppress(OSError):  # it has just ended by itself
            connection.sock.shutdown(socket.SHUT_RDWR)
