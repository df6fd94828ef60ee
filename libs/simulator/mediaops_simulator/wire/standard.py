"""Standard Webhooks: HMAC-SHA256 over id, timestamp and body."""

import base64
import hashlib
import hmac

from mediaops_simulator.wire.requests import Request

__all__ = ["sign_standard"]


def sign_standard(secret: str, delivery: str, now: int, body: bytes) -> Request:
    """The request that carries `body` under the id `delivery`, signed at `now`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{delivery}.{now}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return Request(
        body,
        {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{signature}",
        },
    )
