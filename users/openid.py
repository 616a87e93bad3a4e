"""The OpenID provider (OIDC_ISSUER), by Authlib: where to send people, and who they are when they come back.

Loaded by those sites alone that have one, and when somebody is sent there: Authlib and what it brings take memory.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from joserfc.errors import JoseError
from requests import RequestException, Response

from users import nicknames
from users.identities import Person
from users.models import normalized_email
from users.refusals import INVALID, UNREACHABLE, Refused
from users.validators import validate_nickname

TIMEOUT = 5  # seconds without a word, for each of the four calls that signing in makes at most
METADATA_VALID = 60 * 60  # seconds for which addresses and keys of the provider are believed
LEEWAY = 60  # seconds by which its clock may differ from ours

# By a key that the provider alone has: neither unsigned ("none"), nor by a secret that others may have (HMAC).
SIGNATURES = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL = {"userinfo_endpoint"}
MAX_SUBJECT = 255  # characters, by the standard


@dataclass(frozen=True)
class Authorization:
    """Where a browser has to go, and what has to be remembered until it comes back."""

    url: str
    state: str
    nonce: str
    code_verifier: str


class _Session(OAuth2Session):  # type: ignore[misc]  # Authlib has no types
    """Goes where it is sent and no further, and waits for so long only."""

    def request(self, method: str, url: str, **more: Any) -> Response:
        limits = {"timeout": TIMEOUT, "allow_redirects": False}
        return cast("Response", super().request(method, url, **more | limits))


class _Client(DjangoOAuth2App):  # type: ignore[misc]
    """Believes of what the provider publishes only what fits together."""

    client_cls = _Session

    def load_server_metadata(self) -> dict[str, Any]:
        metadata: dict[str, Any] = super().load_server_metadata()
        if metadata.get("issuer") != settings.OIDC_ISSUER:
            raise Refused(INVALID, "issuer of the metadata")
        scheme = settings.OIDC_ISSUER.partition("://")[0]
        for name in (*_ENDPOINTS, *(_OPTIONAL & metadata.keys())):
            if not str(metadata.get(name)).startswith(("https://", f"{scheme}://")):
                raise Refused(INVALID, name)
        told = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
        metadata["id_token_signing_alg_values_supported"] = sorted(SIGNATURES & set(told))
        if not SIGNATURES & set(told):
            raise Refused(INVALID, "signatures")
        return metadata


def begin(callback: str) -> Authorization:
    """An authorization of one's own, after which the provider sends the browser to `callback`. Raises Refused."""
    made = _asked(lambda client: client.create_authorization_url(callback))
    return Authorization(made["url"], made["state"], made["nonce"], made["code_verifier"])


def person(code: str, callback: str, *, nonce: str, code_verifier: str) -> Person:
    """Who came back with the code. Raises Refused."""
    claims = _asked(lambda client: _claims(client, code, callback, nonce, code_verifier))
    subject = claims["sub"]
    if not subject or len(subject) > MAX_SUBJECT:
        raise Refused(INVALID, "sub")
    return Person(settings.OIDC_ISSUER, subject, _confirmed_email(claims), _nickname(claims))


def _claims(client: _Client, code: str, callback: str, nonce: str, code_verifier: str) -> dict[str, Any]:
    """What the provider says, signed and to us alone; the e-mail also where it tells that only when asked."""
    token = client.fetch_access_token(redirect_uri=callback, code=code, code_verifier=code_verifier)
    expected = {
        "iss": {"essential": True, "value": settings.OIDC_ISSUER},
        "aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},
        "sub": {"essential": True},
    }
    claims = client.parse_id_token(token, nonce, claims_options=expected, leeway=LEEWAY)
    if claims is None:
        raise Refused(INVALID, "id_token")
    if {"email", "email_verified"} <= claims.keys() or "userinfo_endpoint" not in client.server_metadata:
        return dict(claims)
    more = client.userinfo(token=token)
    if more.get("sub") != claims["sub"]:
        raise Refused(INVALID, "sub of the userinfo")
    return {**claims, **more}


def _asked(ask: Callable[[_Client], dict[str, Any]]) -> dict[str, Any]:
    """What the client makes of the provider's answers. Raises Refused for whatever is wrong with them."""
    hour = int(time.time() // METADATA_VALID)
    try:
        return ask(_client(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET, hour))
    except RequestException as error:
        raise Refused(UNREACHABLE, type(error).__name__) from error
    except (Refused, AuthlibBaseError, JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        # Also what is no JSON, or another one than was expected. It may be mended at once, and is read anew.
        _client.cache_clear()
        raise error if isinstance(error, Refused) else Refused(INVALID, _named(error)) from error


@lru_cache(maxsize=1)
def _client(issuer: str, client_id: str, client_secret: str, _hour: int) -> _Client:
    """Another one each hour, which reads the provider's addresses and keys anew."""
    registered = OAuth().register(
        "openid",
        client_cls=_Client,
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
    )
    return cast("_Client", registered)


def _named(error: Exception) -> str:
    """What is wrong, by names alone: the error's, and that of the claim."""
    claim = getattr(error, "claim", "")
    return f"{type(error).__name__} {claim}".strip()


def _confirmed_email(claims: dict[str, Any]) -> str | None:
    email = claims.get("email")
    # Some providers write the word instead of the value.
    if not isinstance(email, str) or claims.get("email_verified") not in (True, "true"):
        return None
    try:
        validate_email(email)
    except ValidationError:
        return None
    return normalized_email(email) if len(email) <= 254 else None


def _nickname(claims: dict[str, Any]) -> str:
    """What the others may call the person; empty where nothing fits. Never an e-mail address: that is private."""
    for name in ("nickname", "given_name", "name", "preferred_username"):
        told = claims.get(name)
        if not isinstance(told, str) or "@" in told:
            continue
        nickname = nicknames.clean(nicknames.clean(told)[: nicknames.MAX_LENGTH])
        try:
            validate_nickname(nickname)
        except ValidationError:
            continue
        return nickname
    return ""
