"""Standard Webhooks: HMAC-SHA256 over id, timestamp and body, once for each live secret."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(*, message_id: str, stamp: int, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The three headers. The receiver is content when one of the signatures fits."""
    signatures = " ".join(_signature(key, f"{message_id}.{stamp}.".encode() + body) for key in keys)
    return {"webhook-id": message_id, "webhook-timestamp": str(stamp), "webhook-signature": signatures}


def _signature(key: str, signed: bytes) -> str:
    digest = hmac.new(base64.b64decode(key.removeprefix(PREFIX)), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
