"""The log on another machine: what the site writes is sent there by TLS, by Debian's programs.

Here no systemd runs, so the lines are put into a journal by `systemd-journal-remote`, in journald's place.
"""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import pytest
from django.conf import settings

from estimation.tests.proxies import PATIENCE
from estimation.tests.site import Site

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]

ROOT = Path(settings.BASE_DIR)
Programs = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def programs() -> Programs:
    """How to run a program of systemd's packages. Without them the test is skipped; on a build server it fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        import database_servers
        import debian_packages

        packages = ("systemd-journal-remote", "systemd")
        try:
            found = debian_packages.unpacked("journal", "bookworm", packages, database_servers.CACHE)
        except debian_packages.NotAvailable as reason:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"There is no journal here: {reason}.")
    return found.command


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def certify(folder: Path, name: str) -> Path:
    """A certificate for `localhost` by an authority of this name, NAME-ca.pem; beside it its key, NAME.key."""
    made, authority, request = (folder / f"{name}{end}" for end in (".pem", "-ca.pem", ".csr"))
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout"]
    openssl(
        "req",
        "-x509",
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
        *key,
        folder / f"{name}-ca.key",
        "-out",
        authority,
    )
    openssl("req", "-subj", "/CN=localhost", *key, folder / f"{name}.key", "-out", request)
    more = folder / "more"
    more.write_text("subjectAltName=DNS:localhost\n")
    signer = ["-CA", authority, "-CAkey", folder / f"{name}-ca.key", "-CAcreateserial"]
    openssl("x509", "-req", "-in", request, *signer, "-days", "2", "-extfile", more, "-out", made)
    return made


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> list[str]:
    """The lines that the site writes while somebody looks at a page."""
    site = Site(LOG_FORMAT="json")
    site.output = tmp_path_factory.mktemp("site") / "log"
    site.start()
    try:
        urlopen(f"{site.url}/me/sign-in/").close()
    finally:
        site.stop()
    return [line for line in site.output.read_text().splitlines() if "estimation.access" in line]


@pytest.fixture
def journal(tmp_path: Path, programs: Programs, written: list[str]) -> Path:
    """A folder with a journal that holds those lines."""
    folder = tmp_path / "journal"
    folder.mkdir()
    here = f"_BOOT_ID={uuid4().hex}\n_MACHINE_ID={uuid4().hex}\n"
    entries = (
        f"__REALTIME_TIMESTAMP={time.time_ns() // 1000}\n{here}_SYSTEMD_UNIT=estimation.service\nMESSAGE={line}\n\n"
        for line in written
    )
    command = [*programs("systemd-journal-remote"), f"--output={folder}/system.journal", "-"]
    subprocess.run(command, input="".join(entries), text=True, check=True, capture_output=True)
    return folder


@contextmanager
def receiver(programs: Programs, certificate: Path, folder: Path) -> Iterator[int]:
    """Takes journals by TLS at the port that is given, into the folder."""
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = int(ear.getsockname()[1])
    proof = [f"--cert={certificate}", f"--key={certificate.with_suffix('.key')}"]
    where = [f"--listen-https=127.0.0.1:{port}", f"--split-mode={documented('Remote')['SplitMode']}"]
    command = [*programs("systemd-journal-remote"), *where, *proof, f"--output={folder}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        try:
            until(lambda: taken(port))
            yield port
        finally:
            running.terminate()


def documented(section: str) -> dict[str, str]:
    """The settings in docs/operations.md that stand below [section]."""
    page = (ROOT / "docs" / "operations.md").read_text()
    (lines,) = re.findall(rf"^\[{section}\]\n(.*?)^TEXT$", page, re.MULTILINE | re.DOTALL)
    return dict(line.split("=", 1) for line in lines.splitlines())


@contextmanager
def sender(
    programs: Programs, journal: Path, port: int, authority: Path
) -> Iterator["subprocess.Popen[str]"]:
    """Sends the journal, with the documented settings; of them the place, the files and the port are ours."""
    told = documented("Upload")
    assert told.keys() == {"URL", "ServerKeyFile", "ServerCertificateFile", "TrustedCertificateFile"}
    scheme = told["URL"].partition(":")[0]
    own = authority.with_name("receiver.pem")
    options = [
        f"--url={scheme}://localhost:{port}",
        f"--key={own.with_suffix('.key')}",
        f"--cert={own}",
        f"--trust={authority}",
        f"--directory={journal}",
        f"--save-state={journal.parent}/state",
    ]
    command = [*programs("systemd-journal-upload"), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def received(programs: Programs, folder: Path) -> list[str]:
    command = [*programs("journalctl"), f"--directory={folder}", "--output=cat", "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def taken(port: int) -> bool:
    """Whether somebody listens there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "It does not happen."
        time.sleep(0.05)


def test_the_log_arrives_whole_on_another_machine(tmp_path, programs, journal, written):
    certificate, there = certify(tmp_path, "receiver"), tmp_path / "there"
    with (
        receiver(programs, certificate, there) as port,
        sender(programs, journal, port, tmp_path / "receiver-ca.pem"),
    ):
        until(lambda: len(received(programs, there)) == len(written))
    assert received(programs, there) == written
    assert "/me/sign-in/" in [json.loads(line)["route"] for line in received(programs, there)]


def test_nothing_is_sent_to_a_receiver_that_proves_not_who_it_is(tmp_path, programs, journal):
    certify(tmp_path, "receiver")
    impostor, there = certify(tmp_path, "impostor"), tmp_path / "there"
    with (
        receiver(programs, impostor, there) as port,
        sender(programs, journal, port, tmp_path / "receiver-ca.pem") as sending,
    ):
        _out, said = sending.communicate(timeout=PATIENCE)
    assert sending.returncode != 0
    assert "certificate" in said
    assert received(programs, there) == []
