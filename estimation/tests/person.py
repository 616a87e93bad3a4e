"""Somebody with a browser that has cookies and no scripts, for tests that ask a server of its own."""

import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.cookiejar import Cookie, CookieJar
from urllib.parse import urlsplit

PATIENCE = 20  # seconds


class Person:
    """Opens pages of the server at `url`, sends forms, and listens to a room."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.jar = CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar), urllib.request.HTTPRedirectHandler()
        )
        self.address = ""  # of the page that was opened last, after all redirects

    def get(self, path: str) -> str:
        """The page at the path. Raises HTTPError for an answer of 400 or more."""
        return self._opened(urllib.request.Request(self.url + path))

    def send(self, path: str, **fields: str) -> str:
        """Open the page at the path, and send its form with these fields; the page that comes after it."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path))
        assert token, f"{path} has no form"
        return self.post(path, token[1], **fields)

    def post(self, path: str, token: str, **fields: str) -> str:
        """Send these fields with a token that stood in a form."""
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token} | fields).encode()
        return self._opened(urllib.request.Request(self.url + path, data))

    def cookie(self, name: str) -> str:
        """The value of the cookie; empty where there is none."""
        return next((cookie.value or "" for cookie in self.jar if cookie.name == name), "")

    def take_session(self, key: str) -> None:
        """Let the browser show this session, as if somebody else had put it there."""
        domain = urlsplit(self.url).hostname or ""
        self.jar.set_cookie(
            Cookie(0, "sessionid", key, None, False, domain, True, False, "/", True, False, None, False, None, None, {})
        )  # fmt: skip

    @contextmanager
    def listening(self, group_id: int, *, looks: bool = True) -> Iterator[HTTPResponse]:
        """Look into the room, and open its stream; or open it with the cookies of an earlier look."""
        if looks:
            self.get(f"/groups/{group_id}/")
        where = urlsplit(self.url)
        with closing(HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)) as connection:
            cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)
            connection.request("GET", f"/groups/{group_id}/feed/?have=", headers={"Cookie": cookies})
            with connection.getresponse() as stream:
                yield stream

    def _opened(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=PATIENCE) as answer:
            self.address = urlsplit(answer.url).path
            return str(answer.read().decode())
