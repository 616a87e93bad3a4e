"""A throw-away nginx or Caddy in front of the application, with the configuration that is shipped in `deploy`.

From Debian's packages, unpacked and not installed; NotAvailable when they can't be had. Of the shipped files only
name, ports, paths and certificate are replaced, in the way that docs/deployment.md tells an operator to.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from database_servers import CACHE, free_port
from debian_packages import unpacked

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
START_SECONDS = 20
NAME = "estimation.example.org"

# Debian's OpenSSL alone would refuse what is old. The tests are about what the shipped configuration refuses.
LAX_OPENSSL = """\
openssl_conf = lax
[lax]
ssl_conf = ssl
[ssl]
system_default = system
[system]
MinProtocol = TLSv1
CipherString = DEFAULT:@SECLEVEL=0
"""


class ProxyServer(ABC):
    """A reverse proxy for the processes of the application at these ports of 127.0.0.1; its files are below `folder`.

    It listens at `http_port` and `https_port` under the name NAME, with a certificate of its own (`certificate`).
    """

    def __init__(self, folder: Path, *applications: int) -> None:
        self.folder = folder
        self.applications = [f"127.0.0.1:{port}" for port in applications]
        self.http_port, self.https_port = free_port(), free_port()
        self.certificate = folder / "certificate.pem"
        self.key = folder / "key.pem"
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it, and stop it at the end. Raises TimeoutError when it does not answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._certify()
        self._configure()
        with self._output().open("wb") as output:
            self._process = subprocess.Popen(
                [*(["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []), *self._command()],
                env=os.environ | self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            self._wait()
            yield
        finally:
            self._process.terminate()
            self._process.wait()

    def logged(self) -> str:
        """All that it has written into its logs."""
        return "".join(path.read_text(errors="replace") for path in self.folder.rglob("*.log"))

    @abstractmethod
    def effective(self, **environment: str) -> str:
        """The configuration that it runs with, as it understands it, with these variables."""

    @abstractmethod
    def _configure(self) -> None:
        """Write its configuration."""

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _environment(self) -> dict[str, str]: ...

    def _output(self) -> Path:
        return self.folder / "output.log"

    def _certify(self) -> None:
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
        subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        files = ["-keyout", str(self.key), "-out", str(self.certificate)]
        subprocess.run([*command, *subject, *files], check=True, capture_output=True)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        for port in (self.http_port, self.https_port):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise TimeoutError(self._output().read_text(errors="replace")) from None
                    time.sleep(0.02)


class Nginx(ProxyServer):
    """nginx, with Debian's own nginx.conf around the shipped site."""

    def __init__(self, folder: Path, *applications: int) -> None:
        super().__init__(folder, *applications)
        self._programs = unpacked("nginx", "bookworm", ("nginx",), CACHE)
        self.configuration = folder / "nginx" / "nginx.conf"

    def _configure(self) -> None:
        etc = self.configuration.parent
        shutil.copytree(self._programs.root / "etc" / "nginx", etc, symlinks=True)
        temporary = [
            f"{kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ]
        main = (
            self.configuration.read_text()
            .replace("user www-data;", "user root;")
            .replace("/run/nginx.pid", f"{self.folder}/nginx.pid")
            .replace("http {", "http {\n" + "\n".join(temporary), 1)
        )
        self.configuration.write_text(self._moved(main))
        site = (
            (DEPLOY / "nginx" / "estimation.conf")
            .read_text()
            .replace(f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(self.certificate))
            .replace(f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(self.key))
            .replace("listen 80;", f"listen {self.http_port};")
            .replace("listen [::]:80;", "")
            .replace("listen 443 ssl", f"listen {self.https_port} ssl")
            .replace("listen [::]:443 ssl http2;", "")
            .replace("http://127.0.0.1:8000", f"http://{self._application()}")
            .replace("/opt/estimation/deploy", str(DEPLOY))
        )
        (etc / "sites-enabled" / "default").unlink(missing_ok=True)
        (etc / "sites-enabled" / "estimation").write_text(self._moved(site))

    def _application(self) -> str:
        """Its address; of several processes the name by which docs/scaling.md names them together."""
        if len(self.applications) == 1:
            return self.applications[0]
        servers = " ".join(f"server {address};" for address in self.applications)
        together = self.configuration.parent / "conf.d" / "estimation.conf"
        together.write_text(f"upstream estimation {{ {servers} }}\n")
        return "estimation"

    def _moved(self, text: str) -> str:
        return text.replace("/etc/nginx", str(self.configuration.parent)).replace(
            "/var/log/nginx", str(self.folder)
        )

    def effective(self, **environment: str) -> str:
        """Every file that it has read."""
        options = ["-T", "-q", "-e", str(self.folder / "start.log"), "-c", str(self.configuration)]
        command = [*self._programs.command("nginx"), *options]
        variables = os.environ | self._environment() | environment
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout

    def _command(self) -> list[str]:
        options = ["-e", str(self.folder / "start.log"), "-c", str(self.configuration), "-g", "daemon off;"]
        return [*self._programs.command("nginx"), *options]

    def _environment(self) -> dict[str, str]:
        lax = self.folder / "openssl.cnf"
        lax.write_text(LAX_OPENSSL)
        return {"OPENSSL_CONF": str(lax)}


class NginxByTLS(Nginx):
    """The same, by TLS to an application whose authority stands in `application-ca.pem` of the folder."""

    def _configure(self) -> None:
        super()._configure()
        etc = self.configuration.parent
        site = etc / "sites-enabled" / "estimation"
        site.write_text(site.read_text().replace("proxy_pass http://", "proxy_pass https://"))
        by_tls = (DEPLOY / "nginx" / "application-by-tls.conf").read_text()
        by_tls = by_tls.replace("/etc/estimation/application-ca.pem", str(self.folder / "application-ca.pem"))
        (etc / "conf.d" / "application-by-tls.conf").write_text(by_tls)


class Caddy(ProxyServer):
    """Caddy, told name, ports and certificate by its environment."""

    def __init__(self, folder: Path, *applications: int) -> None:
        super().__init__(folder, *applications)
        self._programs = unpacked("caddy", "bookworm", ("caddy",), CACHE)

    def _configure(self) -> None:
        """All that differs stands in the environment."""

    def effective(self, **environment: str) -> str:
        """JSON, in which Caddy's own names stand."""
        files = ["--config", str(DEPLOY / "caddy" / "Caddyfile")]
        command = [*self._programs.command("caddy"), "adapt", "--adapter", "caddyfile", *files]
        variables = os.environ | self._environment() | environment
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout

    def _command(self) -> list[str]:
        configuration = str(DEPLOY / "caddy" / "Caddyfile")
        return [*self._programs.command("caddy"), "run", "--adapter", "caddyfile", "--config", configuration]

    def _environment(self) -> dict[str, str]:
        return {
            "SITE": NAME,
            "APPLICATION": " ".join(self.applications),
            "PAGES": str(DEPLOY / "pages"),
            "CERTIFICATE": f"{self.certificate} {self.key}",
            "HTTP_PORT": str(self.http_port),
            "HTTPS_PORT": str(self.https_port),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }
