"""Callback tokens: which step and direction a participant may answer for, of its own accord.

A token is signed with `SECRET_KEY` and not stored: it is the same for every try of a direction, it is fixed before the
first one goes out, and nothing that could leak holds a list of them. A key in `SECRET_KEY_FALLBACKS` still counts.
"""

import base64
import binascii
import hmac
import struct
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from orchestration.core.states import Direction

_FIELDS = struct.Struct(">16sHB")
_SIGNATURE_BYTES = 24


class Callback(NamedTuple):
    """What a token stands for."""

    saga_id: UUID
    position: int
    direction: Direction


def token_of(saga_id: UUID, position: int, direction: str) -> str:
    """The token of one direction of one step: 58 characters that are safe in a URL."""
    fields = _FIELDS.pack(saga_id.bytes, position, direction == Direction.COMPENSATION)
    return base64.urlsafe_b64encode(fields + _signature(fields, settings.SECRET_KEY)).decode().rstrip("=")


def read(token: str) -> Callback | None:
    """What `token` stands for; None when it is none of ours."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, binascii.Error):
        return None
    fields, signature = raw[: _FIELDS.size], raw[_FIELDS.size :]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if len(fields) != _FIELDS.size or not any(hmac.compare_digest(signature, _signature(fields, key)) for key in keys):
        return None
    saga_id, position, undoing = _FIELDS.unpack(fields)
    return Callback(UUID(bytes=saga_id), position, Direction.COMPENSATION if undoing else Direction.ACTION)


def _signature(fields: bytes, key: str | bytes) -> bytes:
    return salted_hmac("orchestration.callback", fields, secret=key, algorithm="sha256").digest()[:_SIGNATURE_BYTES]
