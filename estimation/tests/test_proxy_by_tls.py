"""nginx and the application on two machines: by TLS, to an application that proves who it is, or not at all."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from estimation.tests.proxies import PATIENCE, Visitor, running
from estimation.tests.site import Site
from issues.tests.receiver import certificate

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]

NAME = "estimation.example.org"
APPLICATION = "application.lan"


class SiteByTLS(Site):
    """The site behind this certificate, as docs/scaling.md has uvicorn started."""

    def __init__(self, certificate: Path) -> None:
        super().__init__(HTTPS="on", TRUSTED_PROXIES="127.0.0.1", ALLOWED_HOSTS=NAME)
        self._certificate = str(certificate)

    def command(self) -> list[str]:
        proofs = ["--ssl-certfile", self._certificate, "--ssl-keyfile", self._certificate]
        return [*super().command(), *proofs]

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not taken(self.port):
            assert time.monotonic() < deadline, "The server does not answer."
            time.sleep(0.05)


def taken(port: int) -> bool:
    """Whether somebody listens there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where nginx finds whom to trust: whoever shows this very certificate for `application.lan`."""
    certificate(tmp_path, APPLICATION).rename(tmp_path / "application-ca.pem")
    return tmp_path


def status(site: Site, folder: Path) -> int:
    """What nginx answers, with this application behind it."""
    site.start()
    try:
        with running("NginxByTLS", folder, site.port) as proxy:
            return Visitor(proxy, NAME).status("/")
    finally:
        site.kill()


def test_a_page_comes_from_the_application_by_tls(folder):
    assert status(SiteByTLS(folder / "application-ca.pem"), folder) == 200


@pytest.fixture(params=["another certificate for the name", "the name of somebody else", "no TLS"])
def impostor(request, folder: Path) -> Iterator[Site]:
    other = folder / "other"
    other.mkdir()
    if request.param == "no TLS":
        yield Site(HTTPS="on", TRUSTED_PROXIES="127.0.0.1", ALLOWED_HOSTS=f"{NAME},127.0.0.1")
    elif request.param == "the name of somebody else":
        made = certificate(folder, "somebody.lan")
        made.with_name("application-ca.pem").write_text(made.read_text())
        yield SiteByTLS(made)
    else:
        yield SiteByTLS(certificate(other, APPLICATION))


def test_nothing_is_asked_of_an_application_that_proves_not_who_it_is(impostor, folder):
    assert status(impostor, folder) == 503
