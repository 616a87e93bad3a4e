"""The provider of this site."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from users.tests.openid.coming import ADA
from users.tests.openid.provider import Provider, provider


@pytest.fixture(scope="module")
def _started() -> Iterator[Provider]:
    with provider() as started:
        yield started


@pytest.fixture
def there(_started: Provider, settings: Any) -> Provider:
    """The provider of this site, where Ada has an account."""
    _started.__dict__.update(
        asked=[], spoil=None, algorithm="RS256", head={}, signs_with=None, tells={}, answers={}
    )
    settings.OIDC_ISSUER, settings.OIDC_NAME = _started.issuer, "Example"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "estimation", f"of this test {time.time()}"
    _started.knows("ada", **ADA)
    return _started
