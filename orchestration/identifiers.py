"""UUIDv7 by RFC 9562: ids that sort by the time they were made."""

import os
import time
from uuid import UUID

_RANDOM_BITS = 74


def uuid7(milliseconds: int | None = None) -> UUID:
    """A new id: 48 bits of Unix milliseconds (by default of now), then 74 random bits around version and variant."""
    if milliseconds is None:
        milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big") >> (80 - _RANDOM_BITS)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)
