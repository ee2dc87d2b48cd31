"""Bulk acts: one act over a frozen set of sagas, item by item, each with the rights and the rules of a single act."""

from orchestration.bulk.foresight import Foreseen, foreseen
from orchestration.bulk.making import BULK_ACTS, MAX_ITEMS, TooMany, WrongBulk, draft, make, start
from orchestration.bulk.running import work
from orchestration.bulk.steering import STEERS, OutOfPlace, steer

__all__ = [
    "BULK_ACTS", "MAX_ITEMS", "STEERS", "Foreseen", "OutOfPlace", "TooMany", "WrongBulk", "draft", "foreseen", "make",
    "start", "steer", "work",
]  # fmt: skip
