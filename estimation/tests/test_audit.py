"""The daily question whether something that is installed has a known hole: the unit's command, asked of our own OSV."""

import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "deploy" / "systemd"
HOLE = "PYSEC-2999-1"


class Osv(ThreadingHTTPServer):
    """Knows holes, by the package's name, and what it was asked about."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/v1/query"
        self.holes: dict[str, str] = {}
        self.asked: dict[str, str] = {}


class Answer(BaseHTTPRequestHandler):
    server: Osv

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = question["package"]["name"]
        self.server.asked[name] = question["version"]
        told = json.dumps({"vulns": [hole(name)]} if name in self.server.holes else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def hole(name: str) -> dict[str, object]:
    """As OSV tells one that 999.0 closes."""
    events = [{"introduced": "0"}, {"fixed": "999.0"}]
    ranges = [{"type": "ECOSYSTEM", "events": events}]
    affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges}]
    return {"id": HOLE, "aliases": [], "summary": "Lets strangers in.", "affected": affected}


@pytest.fixture
def osv() -> Iterator[Osv]:
    server = Osv()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def audited(url: str) -> subprocess.CompletedProcess[str]:
    """What becomes of the unit's command, with the programs of the tests, and this address for OSV."""
    unit = (SYSTEMD / "estimation-audit.service").read_text()
    (command,) = re.findall("^ExecStart=(.+)$", unit, re.MULTILINE)
    program, *words = shlex.split(command)
    assert program.endswith("/pip-audit")
    environment = dict(
        word.split("=", 1)
        for line in re.findall("^Environment=(.+)$", unit, re.MULTILINE)
        for word in line.split()
    )
    here = Path(sys.executable)
    assert environment["PIPAPI_PYTHON_LOCATION"] == "/opt/estimation/.venv/bin/python"
    return subprocess.run(
        [here.with_name("pip-audit"), *words, "--osv-url", url],
        env=environment | {"PIPAPI_PYTHON_LOCATION": str(here), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_that_is_installed_is_asked_about(osv):
    done = audited(osv.url)
    assert done.returncode == 0, done.stderr
    served = re.findall(r"^([\w-]+)==(.+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert len(served) > 20
    assert {name: osv.asked.get(name.replace("_", "-")) for name, _number in served} == {
        name: version(name) for name, _number in served
    }


def test_a_known_hole_in_what_is_installed_fails_the_unit(osv):
    osv.holes["django"] = HOLE
    done = audited(osv.url)
    assert done.returncode == 1
    assert re.search(rf"^django +{re.escape(version('django'))} +{HOLE} +999\.0", done.stdout, re.MULTILINE)


def test_where_nobody_can_be_asked_it_fails_too(osv):
    osv.shutdown()
    osv.server_close()
    assert audited(osv.url).returncode != 0


def test_it_is_done_each_day():
    timer = (SYSTEMD / "estimation-audit.timer").read_text()
    assert re.search(r"^OnCalendar=\*-\*-\* \d\d:\d\d:\d\d$", timer, re.MULTILINE)
    assert re.search("^Persistent=yes$", timer, re.MULTILINE)
    assert re.search(
        r"^systemctl enable --now .*\bestimation-audit\.timer\b",
        (ROOT / "docs" / "deployment.md").read_text(),
        re.MULTILINE,
    )


def test_it_is_given_no_secret():
    assert "EnvironmentFile" not in (SYSTEMD / "estimation-audit.service").read_text()
