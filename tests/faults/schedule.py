"""What is broken when: follows from the seed alone, so that a run can be repeated."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any


class Kind(StrEnum):
    WORKER = "worker killed"
    CHILD = "drain killed"
    FREEZE = "drain frozen"
    SEGFAULT = "drain segfaulted"
    WORKER_FREEZE = "worker frozen"
    DISPATCHER = "dispatcher killed"
    WEB = "web killed"
    VALKEY = "Valkey killed"
    FLUSH = "Valkey flushed"
    WIPE = "Valkey flushed, all drains killed"
    VALKEY_AWAY = "Valkey away"
    VALKEY_FULL = "Valkey out of memory"
    POSTGRES = "PostgreSQL killed"
    DISK_FULL = "disk full under PostgreSQL"
    RULE = "fault rule"


FREEZES = {Kind.FREEZE, Kind.WORKER_FREEZE}
_FREEZE_SECONDS = 12.0  # longer than a drain's lease
_POSTGRES_SECONDS = 20.0  # so that there is something to go on with
_PER_MINUTE = {
    Kind.WORKER: 4, Kind.CHILD: 6, Kind.FREEZE: 2, Kind.SEGFAULT: 2, Kind.WORKER_FREEZE: 1, Kind.DISPATCHER: 3,
    Kind.WEB: 2, Kind.VALKEY: 2, Kind.FLUSH: 2, Kind.WIPE: 1, Kind.VALKEY_AWAY: 0.2, Kind.VALKEY_FULL: 0.5,
    Kind.POSTGRES: 1, Kind.DISK_FULL: 0.3, Kind.RULE: 14,
}  # fmt: skip
# What lasts, in seconds, and the share of a short run that it may take.
_LASTS = {Kind.VALKEY_AWAY: (60.0, 0.25), Kind.VALKEY_FULL: (20.0, 0.2), Kind.DISK_FULL: (10.0, 0.1)}
_RULES = (
    "lost_reply",
    "timeout",
    "duplicate",
    "error_after",
    "error_before",
    "invalid_reply",
    "crash_before",
    "crash_after",
    "refuse",
)
_TIMES = {"crash_before": 2, "crash_after": 2, "refuse": 8}
_DEFINITIONS = ("", "place-order", "place-order", "transfer-with-pivot", "order-with-approval", "order-with-delivery")
_STEPS = ("", "", "create-order", "reserve-stock", "charge-card", "book-carrier")


@dataclass(frozen=True, slots=True)
class Fault:
    """`at_seconds` after the start. `pick` in [0, 1) chooses among the processes there are; `rule` is a REST body.

    `lasts_seconds`: of what is not over at once.
    """

    at_seconds: float
    kind: Kind
    pick: float
    rule: dict[str, Any] | None = None
    lasts_seconds: float = 0.0


def plan(seed: int, seconds: float) -> list[Fault]:
    """Every kind at least once, at random times, in order of time."""
    choice = Random(f"{seed} faults")
    faults = [
        _fault(choice, kind, seconds)
        for kind, per_minute in _PER_MINUTE.items()
        for _number in range(max(1, round(per_minute * seconds / 60)))
    ]
    return sorted(faults, key=lambda fault: fault.at_seconds)


def _fault(choice: Random, kind: Kind, seconds: float) -> Fault:
    lasts = _lasting(kind, seconds)
    to_go_on = _POSTGRES_SECONDS if kind in {Kind.POSTGRES, Kind.DISK_FULL} else 0.0
    longest = seconds - lasts - to_go_on
    at_seconds = choice.uniform(min(1.0, seconds / 2), max(longest, seconds / 2))
    return Fault(at_seconds, kind, choice.random(), _rule(choice) if kind is Kind.RULE else None, lasts)


def _lasting(kind: Kind, seconds: float) -> float:
    if kind in FREEZES:
        return _FREEZE_SECONDS
    longest, share = _LASTS.get(kind, (0.0, 0.0))
    return min(longest, share * seconds)


def _rule(choice: Random) -> dict[str, Any]:
    kind = choice.choice(_RULES)
    rule = {
        "kind": kind,
        "definition": choice.choice(_DEFINITIONS),
        "step": choice.choice(_STEPS),
        "direction": choice.choice(["", "action", "compensation"]) if kind != "refuse" else "compensation",
        "times": choice.randint(1, _TIMES.get(kind, 20)),
        "expires_in": 30,
    }
    return rule | ({"delay": round(choice.uniform(0.1, 1.0), 2)} if kind == "timeout" else {})
