"""Exit code 0 when the application on this machine answers /healthz with 200, else 1: the image's health check."""

from __future__ import annotations

import http.client
import os
import sys


def allowed_host(allowed: str) -> str:
    """A host name that the application accepts, from its ALLOWED_HOSTS (comma-separated)."""
    first = allowed.split(",", maxsplit=1)[0].strip().lstrip(".")
    return first if first not in {"", "*"} else "localhost"


def main() -> int:
    """Ask once; what went wrong goes to standard error."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
    try:
        connection.request(
            "GET", "/healthz", headers={"Host": allowed_host(os.environ.get("ALLOWED_HOSTS", ""))}
        )
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {error}", file=sys.stderr)
        return 1
    if status != http.client.OK:
        print(f"/healthz answered {status}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
