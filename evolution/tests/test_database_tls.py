"""A server of MySQL or MariaDB that is reached by TLS: what goes there, backups too, goes to that server alone."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from evolution.backups import programs
from evolution.backups.errors import BackupFailed
from evolution.backups.mysql import engine as server_of
from evolution.tests.own_server import address, elsewhere, servers

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="a file is reached by nobody")


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def authority(folder: Path, name: str) -> Path:
    """A certificate that signs others; beside it its key, NAME.key."""
    made = folder / f"{name}.pem"
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-keyout", folder / f"{name}.key", "-out", made),
    )
    return made


def certificate(folder: Path, signed_by: Path, place: str) -> tuple[Path, Path]:
    """A server's certificate for this place, such as IP:127.0.0.1, and its key."""
    key, request, made, more = (folder / f"server.{end}" for end in ("key", "csr", "pem", "ext"))
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", key, "-out", request)
    more.write_text(f"subjectAltName={place}\n")
    openssl(
        *("x509", "-req", "-in", request, "-CA", signed_by, "-CAkey", signed_by.with_suffix(".key")),
        *("-CAcreateserial", "-days", "2", "-extfile", more, "-out", made),
    )
    return made, key


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Path:
    return authority(folder, "ours")


@pytest.fixture(params=["IP:127.0.0.1"])
def there(
    folder: Path, ours: Path, request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[str, Any]]:
    """The address of a server whose certificate, for the place that the test names, is signed by ours."""
    made, key = certificate(folder, ours, request.param)
    with django_db_blocker.unblock(), servers() as start:
        server = start(f"--ssl-ca={ours}", f"--ssl-cert={made}", f"--ssl-key={key}")
        yield address(server.url)


def by_tls(there: dict[str, Any], authority_file: Path) -> dict[str, Any]:
    """The settings of a connection that checks who answers."""
    options = connection.settings_dict["OPTIONS"] | {
        "ssl": {"ca": str(authority_file)},
        "ssl_mode": "VERIFY_IDENTITY",
    }
    return there | {"OPTIONS": options}


def asked(other: BaseDatabaseWrapper, sql: str) -> Any:
    with other.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def test_the_connection_is_encrypted(there, ours):
    with elsewhere(by_tls(there, ours)) as other:
        assert asked(other, "SHOW STATUS LIKE 'Ssl_version'")[1] in {"TLSv1.2", "TLSv1.3"}


def test_a_server_with_a_certificate_of_somebody_else_is_not_spoken_to(there, folder):
    with elsewhere(by_tls(there, authority(folder, "theirs"))) as other, pytest.raises(OperationalError):
        other.ensure_connection()


@pytest.mark.parametrize("there", ["DNS:database.example"], indirect=True)
def test_a_server_with_a_certificate_for_another_name_is_not_spoken_to(there, ours):
    with elsewhere(by_tls(there, ours)) as other, pytest.raises(OperationalError):
        other.ensure_connection()


def test_the_dump_program_and_the_client_go_the_same_way(there, ours):
    with elsewhere(by_tls(there, ours)) as other:
        asked(other, "CREATE TABLE thing (id int PRIMARY KEY)")
        dump = b"".join(programs.dumped(other, server_of(other), "nothing"))
        assert b"CREATE TABLE `thing`" in dump
        asked(other, "DROP TABLE thing")
        programs.load(other, server_of(other), [dump])
        assert asked(other, "SELECT COUNT(*) FROM thing") == (0,)


@pytest.mark.parametrize(
    ("there", "signed_by"),
    [("IP:127.0.0.1", "theirs"), ("DNS:database.example", "ours")],
    ids=["another authority", "another name"],
    indirect=["there"],
)
def test_the_dump_program_says_nothing_to_anybody_else(there, folder, signed_by):
    good = authority(folder, "theirs") if signed_by == "theirs" else folder / "ours.pem"
    with elsewhere(there) as other:
        server = server_of(other)
    with (
        elsewhere(by_tls(there, good)) as other,
        pytest.raises(BackupFailed, match=r"(?i)certificate|tls|ssl"),
    ):
        list(programs.dumped(other, server, "nothing"))
