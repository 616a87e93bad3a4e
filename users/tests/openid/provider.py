"""A real OpenID provider (oidc-provider-mock) on this machine, whose answers can be spoilt on the way."""

import hmac
import json
import threading
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from io import BytesIO
from typing import Any

import requests
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request

with warnings.catch_warnings(record=True):  # it uses what its libraries have renamed since
    import flask
    import oidc_provider_mock

DISCOVERY, TOKEN, KEYS, USERINFO = (
    "/.well-known/openid-configuration",
    "/oauth2/token",
    "/jwks",
    "/userinfo",
)
ELSEWHERE = "/elsewhere"  # where redirects lead

Claims = dict[str, Any]


class Provider:
    """The provider at `issuer`, and what is done to its answers. What it was asked stands in `asked`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []  # the path, and what was sent
        # The claims of ID tokens, before they are signed.
        self.spoil: Callable[[Claims], Claims] | None = None
        self.algorithm = "RS256"
        self.head: Claims = {}  # of ID tokens, beside their algorithm
        self.signs_with: RSAKey | None = None  # another key than its own
        self.tells: dict[str, Claims] = {}  # instead of the same in its answers, by path
        self.answers: dict[str, tuple[int, str]] = {}  # instead of its own, by path: status and text
        self._app = oidc_provider_mock.app(require_nonce=True)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Silent)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """From now on nobody answers there."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    @property
    def key(self) -> RSAKey:
        """With which it signs."""
        with self._app.test_request_context():
            self._app.preprocess_request()
            return RSAKey.import_key(flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True))

    def knows(self, subject: str, **claims: Any) -> None:
        """Somebody has an account at the provider."""
        requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=5).raise_for_status()

    def asked_for(self, path: str) -> dict[str, str]:
        """What was sent with the latest request for the path."""
        return next(sent for asked, sent in reversed(self.asked) if asked == path)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, body = environ["PATH_INFO"], environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.asked.append((path, Request(environ | {"wsgi.input": BytesIO(body)}).values.to_dict()))
        if path in self.answers:
            status, text = self.answers[path]
            where = [("Location", f"{self.issuer}{ELSEWHERE}")] if 300 <= status < 400 else []
            start_response(f"{status} {HTTPStatus(status).phrase}", where)
            return [text.encode()]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts, line, headers = run_wsgi_app(self._app, environ | {"wsgi.input": BytesIO(body)})
        told = b"".join(parts)
        if line.startswith("200"):
            told = self._spoilt(path, told)
        headers["Content-Length"] = str(len(told))
        # It forgets the state of who says no, which the standard wants there too.
        if "error=" in headers.get("Location", ""):
            headers["Location"] += f"&state={self.asked[-1][1]['state']}"
        start_response(line, list(headers))
        return [told]

    def _spoilt(self, path: str, body: bytes) -> bytes:
        if path in self.tells:
            return json.dumps(json.loads(body) | self.tells[path]).encode()
        if path == TOKEN and self.spoil:
            told = json.loads(body)
            token = self._signed(self.spoil(_claims(told["id_token"])))
            return json.dumps(told | {"id_token": token}).encode()
        return body

    def _signed(self, claims: Claims) -> str:
        if self.algorithm == "RS256":
            return jwt.encode({"alg": "RS256"} | self.head, claims, self.signs_with or self.key)
        # What no library would sign: with nothing, or with the public key as if it were a secret.
        head = {"alg": self.algorithm, "typ": "JWT"}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
        public = self.key.as_pem(private=False)
        signature = b"" if self.algorithm == "none" else hmac.digest(public, signed.encode(), "sha256")
        return f"{signed}.{_encoded(signature)}"


class _Silent(WSGIRequestHandler):
    def log(self, *_args: Any) -> None:
        pass


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


def _claims(id_token: str) -> Claims:
    payload = id_token.split(".")[1]
    claims: Claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider for a while."""
    started = Provider()
    started.start()
    yield started
    started.stop()
