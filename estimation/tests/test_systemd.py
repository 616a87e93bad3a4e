"""The units in `deploy/systemd`: systemd understands them, they are shut in, and a stop cuts off nobody."""

import ast
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from estimation.tests.person import PATIENCE, Person
from estimation.tests.site import Site
from users.models import User

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.[st]*er*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
MOST_EXPOSED = 20  # in tenths, as systemd counts: from 0, shut in, to 100
SHUT_IN = {
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectHome": "yes",
    "ProtectSystem": "strict",
    "ReadWritePaths": "/var/lib/estimation",
    "CapabilityBoundingSet": "",
    "MemoryDenyWriteExecute": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "UMask": "0077",
    "User": "estimation",
}
CSRF = "c" * 32
BEGUN = 8  # requests; as many as one address may make guests at once, and there are threads


def lines(unit: Path) -> dict[str, list[str]]:
    """What a unit says, by key. A key can stand there more than once."""
    said = defaultdict(list)
    for key, value in re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE):
        said[key].append(value)
    return said


def by_systemd(*arguments: object) -> subprocess.CompletedProcess[str]:
    if not shutil.which("systemd-analyze"):
        pytest.skip("There is no systemd-analyze here.")
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# --- What they say


def test_systemd_has_nothing_to_say_against_them(tmp_path):
    here = []
    for unit in UNITS:
        here.append(tmp_path / unit.name)
        here[-1].write_text(
            re.sub(r"/opt/estimation/\.venv(-audit)?/bin/[\w-]+", "/bin/true", unit.read_text()).replace(
                "file:/opt/estimation", f"file:{ROOT}"
            )
        )
    done = by_systemd("verify", "--man=no", *here)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_systemd_finds_them_well_shut_in(unit):
    done = by_systemd("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", unit)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_they_run_as_a_user_of_their_own_that_may_do_and_write_little(unit):
    said = lines(unit)
    assert {key: said[key] for key in SHUT_IN} == {key: [value] for key, value in SHUT_IN.items()}
    assert said["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


def test_the_site_is_served_as_the_image_serves_it():
    command = re.search(r"^CMD (\[.*?\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE | re.DOTALL)
    assert command
    image = ast.literal_eval(command[1].replace("\\\n", ""))
    _program, *unit = shlex.split(lines(SERVICES[-1])["ExecStart"][0])
    assert unit == [word.replace("0.0.0.0", "127.0.0.1") for word in image[1:]]


def test_a_new_server_sends_webhooks_to_nobody():
    """By its own settings, as they are shipped."""
    settings_file = (ROOT / "deploy" / "systemd" / "environment.example").read_text()
    shipped = dict(re.findall(r"^(\w+)=(.*)$", settings_file, re.MULTILINE))
    assert shipped["WEBHOOK_HOSTS"] == ""
    asked = "from django.conf import settings; print(settings.WEBHOOK_HOSTS)"
    environment = os.environ | shipped | {"SECRET_KEY": secrets.token_urlsafe(50)}
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "--command", asked],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


# --- A stop


class Service(Site):
    """The site by the command of the unit, at another port."""

    def command(self) -> list[str]:
        _program, *words = shlex.split(
            lines(ROOT / "deploy" / "systemd" / "estimation.service")["ExecStart"][0]
        )
        return [
            sys.executable,
            "-m",
            "uvicorn",
            *(str(self.port) if word == "8000" else word for word in words),
        ]


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    service.start()
    yield service
    service.kill()


def begun(port: int, nickname: str) -> tuple[socket.socket, bytes]:
    """A form of which the server has told that it waits for the body; and the body."""
    body = f"csrfmiddlewaretoken={CSRF}&nickname={nickname}".encode()
    head = [
        "POST /me/guest/ HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Cookie: csrftoken={CSRF}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "Expect: 100-continue",
    ]
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 100")
    return connection, body


def ended(connection: socket.socket, body: bytes) -> bytes:
    """Send the rest; the whole answer."""
    with connection:
        connection.sendall(body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class Reader(threading.Thread):
    """Opens pages, each by a connection of its own as a proxy does, until none is taken any more."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.read = 0
        self.cut: list[str] = []

    def run(self) -> None:
        while self._page():
            self.read += 1

    def _page(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.connect()
        except OSError:
            return False
        try:
            connection.request("GET", "/me/guest/")
            with connection.getresponse() as answer:
                if answer.status != 200 or b"</html>" not in answer.read():
                    self.cut.append(f"{answer.status}")
        except ConnectionError:
            # Nothing was answered: it was still in the queue of those whom the server had not taken.
            return False
        except (HTTPException, OSError) as error:
            self.cut.append(repr(error))
        finally:
            connection.close()
        return True


@pytest.mark.django_db(transaction=True)
def test_a_stop_under_load_cuts_off_no_request_that_was_begun(service):
    readers = [Reader(service.port) for _ in range(4)]
    for reader in readers:
        reader.start()
    waiting = [begun(service.port, f"Nina{number}") for number in range(BEGUN)]
    service.terminate()
    while taken(service.port):
        time.sleep(0.01)
    with ThreadPoolExecutor(BEGUN) as threads:
        answers = list(threads.map(lambda each: ended(*each), waiting))
    for reader in readers:
        reader.join()
    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 302 Found"] * BEGUN
    assert User.objects.filter(nickname__startswith="Nina").count() == BEGUN
    assert [reader.cut for reader in readers] == [[]] * len(readers)
    assert min(reader.read for reader in readers) > 0
    assert service.wait() == -signal.SIGTERM


@pytest.mark.django_db(transaction=True)
def test_screens_that_listen_do_not_hold_up_a_stop(service, payments, bob):
    person = Person(service.url)
    browser = Client()
    browser.force_login(bob)
    person.take_session(browser.cookies[settings.SESSION_COOKIE_NAME].value)
    with person.listening(payments.pk) as stream:
        assert stream.readline()
        began = time.monotonic()
        service.terminate()
        service.wait()
    allowed = int(lines(ROOT / "deploy" / "systemd" / "estimation.service")["TimeoutStopSec"][0])
    assert time.monotonic() - began < allowed


def taken(port: int) -> bool:
    """Whether the server still takes connections."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
