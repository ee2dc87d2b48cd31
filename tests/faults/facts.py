"""What the checker looks at: rows of the saga tables and of the participants' ledgers, as plain values."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from tests.faults.schedule import Kind


@dataclass(frozen=True, slots=True)
class Saga:
    """`owned`: by a drain whose lease is good. `parent_id`: of a sub-saga. `restarted_from`, `restarted_as`: sagas."""

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
    parent_id: str | None = None
    restarted_from: str | None = None
    restarted_as: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """`origin`: the saga that did it, where a restart has kept it. `child`: the sub-saga that it is."""

    saga_id: str
    position: int
    name: str
    status: str
    kind: str = "call"
    origin: str | None = None
    child: str | None = None


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


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that was really made. `held`: the sagas whose worker it took.

    After PostgreSQL was killed: `back_at`, when it took connections again, `answered_at`, when the console answered.
    """

    at: datetime
    kind: Kind
    what: str
    held: tuple[str, ...] = ()
    back_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One request of an operator and the status of its answer; 0: none came. `twin`: the reason of the first of two."""

    saga_id: str
    act: str
    reason: str
    status: int
    twin: str = ""


@dataclass(frozen=True, slots=True)
class Audited:
    """An audit row."""

    saga_id: str
    act: str
    reason: str
    granted: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """The audit's chain: how many rows there are, and what `manage.py audit verify` answered and said."""

    rows: int = 0
    status: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the console answered to a request, bad or good; 0: nothing."""

    what: str
    status: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a process weighed, `at_seconds` of the calm stretch. `kind`: as System.processes calls it."""

    at_seconds: float
    kind: str
    kilobytes: int


@dataclass(frozen=True, slots=True)
class Piled:
    """Sagas (their ids by key) that were due, none of them begun, when Valkey was emptied `at` that moment."""

    at: datetime
    acknowledged: Mapping[str, str]


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
class Outage:
    """One participant was dead. `healthy_before`, `healthy_during`: keys of sagas that do not need it; `waiting`: ids
    of those that do. `calls`: when it was called. `opened_at`: its circuit. `revived_at`: it answers from then on.
    """

    healthy_before: Sequence[str]
    healthy_during: Sequence[str]
    waiting: Sequence[str]
    opened_at: datetime
    revived_at: datetime
    calls: Sequence[datetime]
    effects: Sequence[Effect] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All of a run. `acknowledged`: saga ids by idempotency key. `overdue`: what P6 counts, 60 s after the last fault.

    `nonsense`: answers to bad requests; `broken`: to good ones, when the console failed by itself.
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
    damage: Sequence[Done] = ()
    acts: Sequence[Act] = ()
    audited: Sequence[Audited] = ()
    chain: Chain = Chain()
    nonsense: Sequence[Answered] = ()
    broken: Sequence[Answered] = ()
    memory: Sequence[Weighed] = ()
    piled: Piled | None = None
    outage: Outage | None = None
