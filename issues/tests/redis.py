"""A Redis of the tests' own, to be stopped, frozen and started again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings


@contextmanager
def running(certificate: Path | None = None) -> Iterator[Any]:
    """A `redis_server.RedisServer`, by TLS where there is a certificate.

    Skips the test where the program can't be had; on a build server it fails.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(settings.BASE_DIR / "scripts")
        import debian_packages
        import redis_server

        try:
            server = redis_server.RedisServer(certificate)
        except debian_packages.NotAvailable as reason:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"There is no Redis here: {reason}.")
        with server.running():
            yield server
