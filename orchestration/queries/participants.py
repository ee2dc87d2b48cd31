"""How each participant stands: its circuit, the calls that are out, the sagas that wait for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from orchestration.core import parking
from orchestration.core.breaker import is_recovering
from orchestration.models import Flow, Participant, Saga
from orchestration.queries.sagas import CappedCount, capped_count

CLOSED, OPEN, RECOVERING = "closed", "open", "recovering"

# Only what a drain holds has calls out; of the live sagas few do.
OUT = """
SELECT participant.name, count(*)
FROM orchestration_saga saga
JOIN orchestration_step step ON step.saga_id = saga.id AND step.status IN ('running', 'compensating')
JOIN orchestration_definitionstep planned
    ON planned.definition_id = saga.definition_id AND planned.position = step.position
JOIN orchestration_participant participant ON participant.id = planned.participant_id
WHERE saga.status IN ('running', 'compensating') AND saga.drain_id IS NOT NULL
GROUP BY participant.name
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """`circuit`: closed, open or recovering, since `changed_at`. `waiting`: sagas that are parked on it."""

    participant: Participant
    in_flight: int
    waiting: CappedCount
    circuit: str = CLOSED
    changed_at: datetime | None = None
    probe_at: datetime | None = None
    last_error: str = ""

    @property
    def queue(self) -> str:
        return parking.participant(self.participant.name)


def standings(participants: Iterable[Participant]) -> list[Standing]:
    """Each participant with how it stands now."""
    with connection.cursor() as cursor:
        cursor.execute(OUT)
        out = dict(cursor.fetchall())
        cursor.execute("SELECT clock_timestamp()")
        [(now,)] = cursor.fetchall()
    flows = {flow.participant: flow for flow in Flow.objects.all()}
    return [_standing(one, out.get(one.name, 0), flows.get(one.name), now) for one in participants]


def held_up() -> list[Participant]:
    """Participants to which no call goes out: paused ones, and those with an open circuit."""
    open_ones = Flow.objects.filter(is_open=True).values("participant")
    found = Participant.objects.filter(paused=True) | Participant.objects.filter(name__in=open_ones)
    return list(found.order_by("name"))


def _standing(participant: Participant, out: int, flow: Flow | None, now: datetime) -> Standing:
    waiting = capped_count(Saga.objects.filter(parked_on=parking.participant(participant.name)))
    if flow is None or flow.changed_at is None:
        return Standing(participant, out, waiting)
    closed_for: timedelta = now - flow.changed_at
    circuit = OPEN if flow.is_open else RECOVERING if is_recovering(closed_for) else CLOSED
    return Standing(participant, out, waiting, circuit, flow.changed_at, flow.probe_at, flow.last_error)
