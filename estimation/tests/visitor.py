"""Somebody who visits a site in a process of its own: by HTTP, with cookies and forms, as a browser does."""

import http.client
import re
from contextlib import closing
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

FIELD = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass
class Visitor:
    """Sends requests to the site at `url`, keeps its cookies, and follows no redirects by itself."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)  # every CSRF token and cookie's value that was ever seen

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, headers)

    def post(self, path: str, form: dict[str, str], page: str = "", **headers: str) -> Answer:
        """Send a form that stands on `page`; on the page that it is sent to where none is named."""
        found = FIELD.search(self.get(page or path).text)
        assert found, f"There is no form on {page or path}"
        self.tokens.add(found[1])
        return self.ask("POST", path, urlencode(form | {"csrfmiddlewaretoken": found[1]}), headers)

    def ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        """One request. Underscores in the names of headers stand for hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        with closing(http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)) as connection:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read().decode())
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                self.tokens |= {morsel.value} - {""}
        return answer
