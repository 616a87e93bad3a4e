"""Throw-away MariaDB and MySQL servers: a free port, data in a temporary folder, gone afterwards.

Nothing that is installed or running on the machine is used or touched, so several may run beside each other
and beside the machine's own.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from debian_packages import Unpacked, unpacked

CACHE = Path(__file__).resolve().parent.parent / ".databases"
DATABASE = "estimation"
USER = "estimation"
START_SECONDS = 90
STOP_SECONDS = 30


class ServerFailed(Exception):
    """The server did not start. The message ends with what it wrote last."""


@dataclass(frozen=True)
class Engine:
    """What differs between the servers: where they come from, and their words for the same things."""

    name: str
    title: str
    suite: str
    series: str
    packages: tuple[str, ...]
    server: str
    client: str
    dumper: str
    options: tuple[str, ...]

    def programs(self) -> Unpacked:
        """The engine's programs, downloaded when they are not there; NotAvailable when they can't be had."""
        return unpacked(self.name, self.suite, self.packages, CACHE)


# The data is thrown away, so nothing waits for the disk. All else is as these servers come.
FAST = ("--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0")

MARIADB = Engine(
    name="mariadb",
    title="MariaDB",
    suite="bookworm",
    series="10.11",
    packages=("mariadb-server-core", "mariadb-client-core", "mariadb-client"),
    server="mariadbd",
    client="mariadb",
    dumper="mariadb-dump",
    options=FAST,
)
MYSQL = Engine(
    name="mysql",
    title="MySQL",
    suite="sid",
    series="9.7",
    packages=("mysql-server-core", "mysql-client-core"),
    server="mysqld",
    client="mysql",
    dumper="mysqldump",
    options=(*FAST, "--mysqlx=OFF", "--skip-log-bin", "--secure-file-priv=NULL"),
)
ENGINES = {engine.name: engine for engine in (MARIADB, MYSQL)}


@dataclass(frozen=True)
class Server:
    """A running server. `url` is what DATABASE_URL takes; `version` is what the server itself answered."""

    engine: Engine
    url: str
    version: str


@contextmanager
def running(engine: Engine) -> Iterator[Server]:
    """Start a server of `engine`, give it once it answers its user's query, stop and remove it at the end.

    NotAvailable when its programs can't be had; ServerFailed when it doesn't start.
    """
    programs = engine.programs()
    # Not below TMPDIR: a socket's path must stay short.
    with tempfile.TemporaryDirectory(prefix="estimation-", dir="/tmp") as folder:  # sockets need short paths # nosec B108
        start = Start(engine, programs, Path(folder))
        start.initialise()
        process = start.launch()
        try:
            yield start.wait(process)
        finally:
            stop(process)


class Start:
    """The steps from an empty folder to a server that answers."""

    def __init__(self, engine: Engine, programs: Unpacked, folder: Path) -> None:
        self.engine = engine
        self.programs = programs
        self.folder = folder
        self.log = folder / "log"
        self.password = secrets.token_urlsafe(12)
        self.port = free_port()
        self.data = folder / "data"
        self.data.mkdir()

    def _server(self, *options: str) -> list[str]:
        share = self.programs.root / "usr" / "share" / "mysql"
        return [
            *self.programs.command(self.engine.server),
            "--no-defaults",
            f"--basedir={self.programs.root / 'usr'}",
            f"--datadir={self.data}",
            f"--tmpdir={self.folder}",
            f"--lc-messages-dir={share}",
            f"--character-sets-dir={share / 'charsets'}",
            f"--plugin-dir={self.programs.root / 'usr' / 'lib' / 'mysql' / 'plugin'}",
            *(["--user=root"] if os.geteuid() == 0 else []),
            *self.engine.options,
            *options,
        ]

    def initialise(self) -> None:
        """Write the server's own tables into the empty data folder."""
        with self.log.open("w") as log:
            if self.engine.name == MYSQL.name:
                command, statements = self._server("--initialize-insecure"), b""
            else:
                command, statements = self._server("--bootstrap"), self._mariadb_system_tables()
            answer = subprocess.run(command, check=False, input=statements, stdout=log, stderr=log)
        if answer.returncode:
            raise self._failed("could not make its system tables")

    def _mariadb_system_tables(self) -> bytes:
        """What mariadb-install-db feeds the server; that script itself can't be told about another loader."""
        names = (
            "mysql_system_tables.sql",
            "mysql_performance_tables.sql",
            "mysql_system_tables_data.sql",
            "maria_add_gis_sp_bootstrap.sql",
            "mysql_sys_schema.sql",
        )
        share = self.programs.root / "usr" / "share" / "mysql"
        first = b"create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n"
        return first + b"\n".join((share / name).read_bytes() for name in names)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server for the first time, with its user, its password and the database."""
        first_statements = self.folder / "first.sql"
        first_statements.touch(mode=0o600)
        first_statements.write_text(
            f"create database {DATABASE} character set utf8mb4 collate utf8mb4_unicode_ci;\n"
            f"create user '{USER}'@'%' identified by '{self.password}';\n"
            f"grant all privileges on *.* to '{USER}'@'%' with grant option;\n",
            encoding="ascii",
        )
        return self.launch_again(f"--init-file={first_statements}")

    def launch_again(self, *more: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start the server on the data that it has, with more options and variables if need be."""
        # If this script is killed outright, the server goes with it.
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        options = (
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self.folder / 's'}",
            f"--pid-file={self.folder / 'pid'}",
            *more,
        )
        with self.log.open("a") as log:
            # A session of its own: Ctrl-C is for the command, which still needs the server while it ends.
            return subprocess.Popen(
                [*guard, *self._server(*options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | environment,
            )

    def wait(self, process: subprocess.Popen[bytes]) -> Server:
        """Ask until the server answers its user over TCP; ServerFailed when it ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise self._failed("ended while it started")
            if version := self.ask("select version()"):
                url = f"mysql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"
                return Server(self.engine, url, version)
            time.sleep(0.05)
        raise self._failed(f"did not answer within {START_SECONDS} seconds")

    def ask(self, query: str) -> str:
        """The answer to `query`, empty when there is none yet."""
        command = [
            *self.programs.command(self.engine.client),
            "--no-defaults",
            "--protocol=tcp",
            "--host=127.0.0.1",
            f"--port={self.port}",
            f"--user={USER}",
            "--batch",
            "--skip-column-names",
            f"--execute={query}",
            DATABASE,
        ]
        environment = {**os.environ, "MYSQL_PWD": self.password}
        answer = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        return answer.stdout.strip() if answer.returncode == 0 else ""

    def _failed(self, what: str) -> ServerFailed:
        last = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        return ServerFailed(f"{self.engine.title} {what}. Its last lines:\n" + "\n".join(last))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, and make it after STOP_SECONDS."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
