"""What the checker looks at: rows of the saga tables and of the participants' ledgers, as plain values."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Saga:
    """`owned`: by a drain whose lease is good."""

    id: str
    status: str
    business_key: str = ""
    epoch: int = 0
    journal_length: int = 0
    paused: bool = False
    parked_on: str | None = None
    due_at: datetime | None = None
    owned: bool = False
    stuck_reason: str = ""
    created_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    saga_id: str
    position: int
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the journal; `moves` as in `0:running>succeeded 1:pending>due>running`."""

    saga_id: str
    seq: int
    status: str
    epoch: int
    moves: str = ""
    kind: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    saga_id: str
    position: int
    direction: str
    number: int
    epoch: int
    outcome: str
    started_at: datetime
    finished_at: datetime
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """One entry of a participant's ledger: `amount` moved to `account` from `counter_account`."""

    participant: str
    saga_id: str
    step: str
    direction: str
    epoch: int
    account: str
    counter_account: str
    amount: int


Books = Mapping[str, Mapping[str, int]]  # participant -> account -> amount


class OfSaga(Protocol):
    @property
    def saga_id(self) -> str: ...


Row = TypeVar("Row", bound=OfSaga)


def by_saga(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by their saga, in the order given; a saga without rows has an empty list."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.saga_id].append(row)
    return found


@dataclass(frozen=True, slots=True)
class Facts:
    """All of a run. `acknowledged`: saga ids by idempotency key. `overdue`: what P6 counts, 60 s after the last fault.

    Events are in order of (saga, seq), attempts of (saga, position, direction, number).
    """

    acknowledged: Mapping[str, str] = field(default_factory=dict)
    sagas: Sequence[Saga] = ()
    steps: Sequence[Step] = ()
    events: Sequence[Event] = ()
    attempts: Sequence[Attempt] = ()
    effects: Sequence[Effect] = ()
    books_before: Books = field(default_factory=dict)
    books_after: Books = field(default_factory=dict)
    overdue: Sequence[Saga] = ()
