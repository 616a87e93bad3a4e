"""The shipped configurations of nginx and Caddy, as real servers in front of the site; and clients that come by TLS."""

import http.client
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

PATIENCE = 20  # seconds


@contextmanager
def running(kind: str, folder: Path, *applications: int) -> Iterator[Any]:
    """A `proxy_servers.ProxyServer` of the kind, in front of the application's processes at these ports.

    Skips the test where the program can't be had; on a build server it fails.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(settings.BASE_DIR / "scripts")
        import debian_packages
        import proxy_servers

        try:
            server = getattr(proxy_servers, kind)(folder, *applications)
        except debian_packages.NotAvailable as reason:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"There is no {kind} here: {reason}.")
        with server.running():
            yield server


class Visitor:
    """Comes to a proxy by TLS, from an address of its own, with cookies and without scripts."""

    def __init__(self, proxy: Any, name: str, address: str = "127.0.0.1") -> None:
        self.proxy = proxy
        self.name = name
        self.address = address
        self.cookies: dict[str, str] = {}

    def context(self) -> ssl.SSLContext:
        """Trusts the proxy's certificate."""
        return ssl.create_default_context(cafile=self.proxy.certificate)

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> http.client.HTTPResponse:
        """The answer, of which nothing but the head is read yet."""
        plain = socket.create_connection(("127.0.0.1", self.proxy.https_port), PATIENCE, (self.address, 0))
        connection = http.client.HTTPConnection(self.name, 443, timeout=PATIENCE)
        connection.sock = (context or self.context()).wrap_socket(plain, server_hostname=self.name)
        own = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        connection.request(
            method, path, body, {"Host": self.name, "Connection": "close", **own, **(headers or {})}
        )
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: cookie.value for name, cookie in SimpleCookie(line).items()}
        return answer

    def status(self, path: str, **more: Any) -> int:
        """The status of the answer, all of which is read."""
        with self.ask(path, **more) as answer:
            answer.read()
            return int(answer.status)


def offered(proxy: Any, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What becomes of a handshake by OpenSSL's own client with these options. It fails where none comes about."""
    command = [
        "openssl",
        "s_client",
        "-connect",
        f"127.0.0.1:{proxy.https_port}",
        "-servername",
        name,
        *options,
    ]
    return subprocess.run(command, input="", capture_output=True, text=True, check=False, timeout=PATIENCE)
