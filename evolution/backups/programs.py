"""The dump program and the client of MySQL and MariaDB: found, and run without a password that others can see."""

import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.backups.errors import BackupFailed
from evolution.backups.packing import CHUNK
from evolution.conf import configuration

PACKAGES = {"MariaDB": "mariadb-client", "MySQL": "mysql-client, or default-mysql-client"}
DUMPERS = {"MariaDB": ("mariadb-dump", "mysqldump"), "MySQL": ("mysqldump", "mariadb-dump")}
CLIENTS = {"MariaDB": ("mariadb", "mysql"), "MySQL": ("mysql", "mariadb")}
# The dump of a large row is one line.
LARGEST = "--max-allowed-packet=1G"
# MariaDB's dump begins with a line that its own client knows, and MySQL's does not.
SANDBOX = b"/*M!999999"


@dataclass(frozen=True)
class Program:
    """A command, and whose it is."""

    command: tuple[str, ...]
    is_mariadb: bool


def dump_program(engine: str) -> Program:
    """The dump program for `engine`. Raises BackupFailed, with the package to install, where there is none."""
    return _program(configuration().dump_program, DUMPERS[engine], engine, "DUMP_PROGRAM")


def client_program(engine: str) -> Program:
    """The client for `engine`. Raises BackupFailed, with the package to install, where there is none."""
    return _program(configuration().client_program, CLIENTS[engine], engine, "CLIENT_PROGRAM")


def _program(named: tuple[str, ...], names: tuple[str, ...], engine: str, key: str) -> Program:
    found = next(((path,) for path in map(shutil.which, names) if path), ())
    command = named or found
    if not command:
        raise BackupFailed(
            f"There is no {names[0]} on this machine. Install it (Debian: apt-get install {PACKAGES[engine]}), "
            f"or name its command as {key} in EVOLUTION."
        )
    try:
        answer = subprocess.run([*command, "--version"], capture_output=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise BackupFailed(f"{command[0]} ({key}) can't be run: {error}.") from None
    return Program(command, b"MariaDB" in answer.stdout)


def dumped(connection: BaseDatabaseWrapper, engine: str, ignored: str) -> Iterator[bytes]:
    """The dump of the database in pieces, without the table `ignored`.

    Raises BackupFailed where the program fails, or ends without its last line.
    """
    program = dump_program(engine)
    database = connection.settings_dict["NAME"]
    options = [
        "--single-transaction",
        "--quick",
        "--hex-blob",
        "--default-character-set=utf8mb4",
        "--routines",
        "--triggers",
        "--no-tablespaces",  # would need the global privilege PROCESS
        LARGEST,
        f"--ignore-table={database}.{ignored}",
    ]
    if not program.is_mariadb:
        # Restoring must not touch the server's own replication; statistics need another privilege.
        options += ["--set-gtid-purged=OFF", "--column-statistics=0"]
    end = b""
    with _running(connection, program, [*options, database], stdout=subprocess.PIPE) as process:
        assert process.stdout  # noqa: S101 - it has a pipe # nosec B101
        while True:
            if not select.select([process.stdout], [], [], 1)[0]:
                yield b""  # The caller may want to know that time goes by.
                continue
            if not (chunk := os.read(process.stdout.fileno(), CHUNK)):
                break
            end = (end + chunk)[-200:]
            yield chunk
    if b"-- Dump completed" not in end:
        raise BackupFailed(f"{program.command[-1]} ended before its last line. Nothing of it was kept.")


def load(connection: BaseDatabaseWrapper, engine: str, pieces: Iterable[bytes]) -> None:
    """Run a dump in the database of `connection`. Raises BackupFailed with what the client said."""
    program = client_program(engine)
    # Binary mode: nothing in a value is taken for a command of the client's.
    options = ["--binary-mode", "--default-character-set=utf8mb4", LARGEST]
    arguments = [*options, connection.settings_dict["NAME"]]
    with _running(connection, program, arguments, stdin=subprocess.PIPE) as process:
        assert process.stdin  # noqa: S101 - it has a pipe # nosec B101
        try:
            for number, piece in enumerate(pieces):
                process.stdin.write(_for_client(piece, program) if number == 0 else piece)
            process.stdin.close()
        except BrokenPipeError:
            return  # It says itself why it ended.


def _for_client(first: bytes, program: Program) -> bytes:
    if first.startswith(SANDBOX) and not program.is_mariadb:
        return first.partition(b"\n")[2]
    return first


@contextmanager
def _running(
    connection: BaseDatabaseWrapper,
    program: Program,
    arguments: list[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    options, environment = _address(connection, program)
    with tempfile.TemporaryFile() as errors:
        command = [*program.command, *options, *arguments]
        process = subprocess.Popen(  # noqa: S603
            command, stdin=stdin, stdout=stdout, stderr=errors, env=os.environ | environment
        )
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            for pipe in (process.stdin, process.stdout):
                _close(pipe)
            process.wait()
        if process.returncode:
            errors.seek(0)
            said = errors.read(2000).decode(errors="replace").strip().replace("\n", " ")
            raise BackupFailed(f"{program.command[-1]} failed with exit code {process.returncode}: {said}")


def _close(pipe: IO[bytes] | None) -> None:
    if pipe:
        try:
            pipe.close()
        except BrokenPipeError:
            return


def _address(connection: BaseDatabaseWrapper, program: Program) -> tuple[list[str], dict[str, str]]:
    """Options and environment for the same server and user as Django's.

    The password goes into the environment, which only the same user and root can read.
    """
    arguments, environment = connection.client.settings_to_cmd_args_env(
        connection.settings_dict | {"NAME": ""}, []
    )
    options = list(arguments[1:])
    if not any(option.startswith("--defaults-file") for option in options):
        # Like Django, which reads no option files unless told to.
        options = ["--no-defaults", *options]
    return [*options, *_identity(connection, program)], environment or {}


def _identity(connection: BaseDatabaseWrapper, program: Program) -> list[str]:
    """To check who answers, where Django's connection does: Django itself passes on whose certificates are good."""
    if connection.settings_dict["OPTIONS"].get("ssl_mode") != "VERIFY_IDENTITY":
        return []
    return ["--ssl", "--ssl-verify-server-cert"] if program.is_mariadb else ["--ssl-mode=VERIFY_IDENTITY"]
