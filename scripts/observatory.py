"""The grade that the MDN HTTP Observatory gives the site behind the shipped nginx and Caddy: `make observatory`.

The site runs as it does for people, with HTTPS on, and its database is thrown away. The scanner is an npm package, put
into .observatory/; it asks nothing but 127.0.0.1.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from database_servers import free_port
from debian_packages import NotAvailable
from proxy_servers import NAME, Caddy, Nginx, ProxyServer

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = "@mdn/mdn-http-observatory"
VERSION = "1.4.8"
FOLDER = PROJECT / ".observatory"
BEST = "A+"
NODE = 20  # the oldest that the package runs on
START_SECONDS = 60


class Absent(Exception):
    """What is not here, and what would bring it."""


def installed() -> Path:
    """The folder with the scanner. Raises Absent where there is no node, or the package can't be had."""
    _look_for_node()
    package = FOLDER / "node_modules" / PACKAGE
    manifest = package / "package.json"
    if not manifest.is_file() or json.loads(manifest.read_text())["version"] != VERSION:
        # Its own script after the installation would download lists.
        command = [
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--omit=dev",
            "--loglevel=error",
        ]
        where = ["--prefix", str(FOLDER), f"{PACKAGE}@{VERSION}"]
        if subprocess.run([*command, *where], check=False, stdout=subprocess.DEVNULL).returncode:
            raise Absent(f"npm could not install {PACKAGE} {VERSION}, see above; check the network.")
    # The names that browsers know to come by HTTPS alone: none, so that the site's own headers have to say it.
    (package / "conf" / "hsts-preload.json").write_text("{}")
    return FOLDER


def _look_for_node() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise Absent(
            f"The scanner needs node {NODE} or newer, and npm. On Debian: apt-get install nodejs npm"
        )
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(re.findall(r"\d+", version)[0]) < NODE:
        raise Absent(f"The scanner needs node {NODE} or newer; this is {version}.")


@contextmanager
def site(folder: Path) -> Iterator[int]:
    """The site, as docs/deployment.md has it, on a new database below the folder; its port."""
    port = free_port()
    environment = os.environ | {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEBUG": "off",
        "HTTPS": "on",
        "ALLOWED_HOSTS": f"{NAME},127.0.0.1",
        "TRUSTED_PROXIES": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
    }
    for task in (["migrate", "--verbosity=0"], ["collectstatic", "--no-input", "--verbosity=0"]):
        subprocess.run([sys.executable, "manage.py", *task], cwd=PROJECT, env=environment, check=True)
    where = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--no-proxy-headers"]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "estimation.asgi:application", *where, "--log-level", "warning"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield port
    finally:
        server.terminate()
        server.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz"):  # this machine # nosec B310
                return
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"The site did not answer within {START_SECONDS} seconds.") from None
            time.sleep(0.1)


def scanned(proxy: ProxyServer, scanner: Path) -> dict[str, Any]:
    """What the scanner finds behind the proxy, which runs."""
    script = str(Path(__file__).with_suffix(".mjs"))
    command = ["node", script, str(scanner), NAME, str(proxy.http_port), str(proxy.https_port)]
    environment = os.environ | {"NODE_EXTRA_CA_CERTS": str(proxy.certificate)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def told(name: str, found: dict[str, Any]) -> str:
    """A line about the site behind the proxy of this name, and one for each test that it has not passed."""
    line = f"{name}: {found['grade']}, {found['score']} points, {found['passed']} of {found['tests']} tests"
    failed = (re.sub(r"(<[^>]*>|\s)+", " ", text).strip() for text in found["failed"])
    return "\n    ".join([line, *failed])


def main() -> int:
    """1 where the grade is not the best one behind each proxy, 2 where nothing could be looked at."""
    worst = 0
    try:
        scanner = installed()
        with tempfile.TemporaryDirectory(prefix="observatory-") as folder, site(Path(folder)) as port:
            for kind in (Nginx, Caddy):
                proxy = kind(Path(folder) / kind.__name__, port)
                with proxy.running():
                    found = scanned(proxy, scanner)
                print(told(kind.__name__, found))
                worst = max(worst, int(found["grade"] != BEST))
    except (Absent, NotAvailable) as reason:
        print(reason, file=sys.stderr)
        return 2
    return worst


if __name__ == "__main__":
    sys.exit(main())
