"""Checks that a request comes from the orchestrator (Standard Webhooks, www.standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping

from participants_demo.protocol import AnswerError

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"


class BadSignatureError(AnswerError):
    """The signature is missing, wrong, or too old."""

    status, code = 401, "bad_signature"


def check(*, secret: str, headers: Mapping[str, str], body: bytes, now_seconds: float | None = None) -> None:
    """Compare the signature headers with the body. `now_seconds` is Unix time. Raises BadSignatureError."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    now = time.time() if now_seconds is None else now_seconds
    if not stamp.isascii() or not stamp.isdecimal() or abs(now - int(stamp[:15])) > TOLERANCE_SECONDS:
        raise BadSignatureError("webhook-timestamp is missing or too far from this machine's clock")
    expected = sign(secret=secret, message_id=message_id, stamp=stamp, body=body).encode()
    given = headers.get("webhook-signature", "").encode().split()
    # Several signatures may stand there while a secret is being changed.
    if not any(hmac.compare_digest(expected, one) for one in given):
        raise BadSignatureError("webhook-signature does not fit the body")


def sign(*, secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """The signature `v1,<base64>` of a message."""
    signed = f"{message_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    """The bytes of a secret: Base64 after `whsec_`, as the standard writes it; any other text as it is."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret that starts with whsec_ must go on in Base64") from error
