"""The patrol: the dispatcher verifies the chain bit by bit, round and round; the Audit page says what it found."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models.functions import Now

from orchestration.audit_chain.sealing import BEGINNING
from orchestration.audit_chain.verifying import Verified, check, outside
from orchestration.models import AuditLink, AuditWaiting, EngineState
from orchestration.queries.sagas import CappedCount, capped_count

REST = timedelta(minutes=1)
REACHED, WHOLE, BROKEN = "audit_reached", "audit_whole", "audit_broken"
OUTSIDE_OF_THE_CHAIN = -1


@dataclass(frozen=True, slots=True)
class State:
    """How the audit stands. `sealed`, `digest`: its end. `verified_at` None: no patrol has come to the end yet.

    `broken_at`: the first bad place; OUTSIDE_OF_THE_CHAIN: a row without one.
    """

    sealed: int
    digest: str
    waiting: CappedCount
    verified: int
    verified_at: datetime | None
    broken_at: int | None

    @property
    def end(self) -> str:
        """What `manage.py audit verify --noted` takes."""
        return f"{self.sealed}:{self.digest}"


def state() -> State:
    """What the last patrol found, and the chain's end."""
    known = EngineState.objects.in_bulk([WHOLE, BROKEN])
    end = AuditLink.objects.order_by("-position").first()
    whole, broken = known.get(WHOLE), known.get(BROKEN)
    return State(
        sealed=end.position if end else 0,
        digest=end.digest if end else "",
        waiting=capped_count(AuditWaiting.objects.all()),
        verified=whole.value if whole else 0,
        verified_at=whole.at if whole else None,
        broken_at=broken.value if broken and broken.value else None,
    )


def patrol(*, rest: timedelta = REST) -> Verified | None:
    """One bit of the way. None while it rests: it came to the end less than `rest` ago."""
    ended = EngineState.objects.filter(name__in=[WHOLE, BROKEN], at__gt=Now() - rest)
    place = EngineState.objects.filter(name=REACHED).values_list("value", flat=True).first() or 0
    if place == 0 and ended.exists():
        return None
    found = check(place, _digest_at(place))
    if found.broken is None and found.position > place:
        _note(REACHED, found.position)
        return found
    broken = found.broken or outside()
    if broken is None:
        _note(WHOLE, found.position)
    _note(BROKEN, (broken.position or OUTSIDE_OF_THE_CHAIN) if broken else 0)
    _note(REACHED, 0)
    return Verified(found.position, found.digest, broken)


def _digest_at(position: int) -> str:
    found = AuditLink.objects.filter(position=position).values_list("digest", flat=True).first()
    return found or BEGINNING


def _note(name: str, value: int) -> None:
    EngineState.objects.update_or_create(name=name, defaults={"value": value, "at": Now()})
