"""What goes beside a call's body, whatever the transport: key, epoch, where to call back, trace, signature."""

import base64
import hashlib
import hmac
import secrets
import time

from orchestration.callback_tokens import token_of
from orchestration.participants.messages import Command


class Headers:
    """Makes the headers of calls; `public_url` is where participants find this console."""

    def __init__(self, public_url: str) -> None:
        self._callbacks = f"{public_url}/api/v1/callbacks/"

    def of(self, command: Command, secret: str, body: bytes) -> dict[str, str]:
        """The headers of one try. `secret` "" signs nothing; else the signature covers `body`."""
        headers = {
            "Idempotency-Key": command.key,
            "Saga-Epoch": str(command.epoch),
            "Saga-Callback": self._callbacks + token_of(command.waiting_saga, command.position, command.direction),
            "traceparent": f"00-{command.saga_id.hex}-{secrets.token_hex(8)}-01",
        }
        return headers | signature(command.key, secret, body) if secret else headers


def signature(key: str, secret: str, body: bytes) -> dict[str, str]:
    """Standard Webhooks: HMAC-SHA256 over id, timestamp and body; a `whsec_` secret is base64."""
    material = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    stamp = str(int(time.time()))
    signed = hmac.new(material, f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": key,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }
