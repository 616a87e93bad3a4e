"""visit.py URL LOG PID: wait until ./scripts/run serves at URL, then look at what a newcomer looks at.

The start page has to answer 200, and so has the demo group after signing in as LOG, the output of ./scripts/run,
says. Exit code 1 otherwise, and when the process PID ends before it serves or needs more than ten minutes.
"""

from __future__ import annotations

import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

PATIENCE = 600  # seconds; a first start installs everything


class Visitor:
    """A browser without a screen: follows redirects and keeps cookies."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """The status and the page at `path`, after sending `form` if there is one; OSError if nobody listens."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with self.opener.open(self.site + path, data, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    def sign_in(self, email: str, password: str) -> int:
        """Send the sign-in form; the status of where it leads."""
        _, page = self.open("/me/sign-in/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        form = {"username": email, "password": password, "next": "/groups/"}
        return self.open("/me/sign-in/", form | {"csrfmiddlewaretoken": token[1] if token else ""})[0]


def wait(visitor: Visitor, process: str) -> None:
    """Return when the site answers; SystemExit when that can't be waited for any longer."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            visitor.open("/healthz")
        except OSError:
            if not Path("/proc", process).exists():
                sys.exit("the server ended before it answered")
            time.sleep(0.1)
        else:
            return
    sys.exit(f"no answer within {PATIENCE} s")


def look(visitor: Visitor, log: str) -> Iterator[tuple[str, int]]:
    """What was opened, and the status of each."""
    yield "/healthz", visitor.open("/healthz")[0]
    yield "/", visitor.open("/")[0]
    account = re.search(r"Demo sign-in: (\S+) +password: (\S+)", log)
    group = re.search(r"Demo group: +(\S+)", log)
    if not account or not group:
        sys.exit("no demo sign-in was printed")
    yield "sign-in", visitor.sign_in(account[1], account[2])
    yield group[1], visitor.open(group[1])[0]


def main(site: str, log: str, process: str) -> int:
    """0 if every page is there."""
    visitor = Visitor(site)
    wait(visitor, process)
    seen = dict(look(visitor, Path(log).read_text(encoding="utf-8")))
    print("    " + ", ".join(f"{page} {status}" for page, status in seen.items()))
    return 0 if set(seen.values()) == {200} else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
