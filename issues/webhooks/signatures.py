"""How a delivery proves where it comes from: as the Standard Webhooks specification has it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac

PREFIX = "whsec_"


def shown(secret: str) -> str:
    """The secret, hexadecimal digits, as receivers' libraries take it."""
    return PREFIX + base64.b64encode(bytes.fromhex(secret)).decode()


def headers(secret: str, number: str, timestamp: int, body: str) -> dict[str, str]:
    """Those that go with a delivery; `timestamp` in seconds since 1970."""
    signed = f"{number}.{timestamp}.{body}".encode()
    signature = base64.b64encode(hmac.new(bytes.fromhex(secret), signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": number,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
