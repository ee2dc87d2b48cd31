"""Why a saga waits for its turn, in words; who holds a lock, and who waits for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from orchestration import queries
from orchestration.core import parking
from orchestration.definitions import compiled_definition
from orchestration.models import Participant, Saga
from orchestration.queries import CappedCount
from orchestration.queries.participants import OPEN

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Parked:
    """`what` it waits for, and what is known about that. `participant`: whom its page is about."""

    what: str
    more: str = ""
    participant: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """`holder`: the saga that holds it, None while nobody has begun. `first`: those that wait longest, in order."""

    value: str
    holder: Saga | None
    waiting: CappedCount
    first: list[Saga]


def explain(saga: Saga) -> Parked | None:
    """What a parked saga waits for; None: it is not parked."""
    queue = saga.parked_on
    if queue is None:
        return None
    if queue.startswith(parking.PARTICIPANT):
        return _participant(queue.removeprefix(parking.PARTICIPANT))
    if queue.startswith(parking.CONCURRENCY):
        limit = compiled_definition(saga.definition_id).concurrency
        return Parked(_("All %(limit)s places of its definition are taken") % {"limit": limit},
                      _("It begins when one of the sagas in flight has ended or is stuck."))  # fmt: skip
    if queue.startswith(parking.LOCK):
        return Parked(_("Another saga holds the lock %(value)s") % {"value": saga.lock_key},
                      _("It begins when those that were launched before it have ended."))  # fmt: skip
    return Parked(_("Its last worker died during the call"),
                  _("It is called again apart from others, in case this call kills workers."))  # fmt: skip


def held_up(called: Iterable[str]) -> list[Participant]:
    """Those of the participants that are called, by name, to which no call goes out now."""
    names = set(called)
    return [one for one in queries.held_up() if one.name in names]


def lock_of(saga: Saga) -> Lock | None:
    """The lock that the saga holds or waits for; None where there is none, or where nobody else wants it."""
    if saga.lock_key is None or saga.finished_at is not None:
        return None
    same = Saga.objects.live().filter(definition_name=saga.definition_name, lock_key=saga.lock_key)
    begun = same.exclude(status="pending").order_by("created_at", "id").first()
    waiting = same.filter(status="pending")
    lock = Lock(saga.lock_key, begun, queries.capped_count(waiting), list(waiting.order_by("created_at", "id")[:SHOWN]))
    return lock if lock.waiting.number or begun != saga else None


def _participant(name: str) -> Parked:
    known = Participant.objects.filter(name=name).first()
    if known is None:
        return Parked(_("There is no participant %(name)s") % {"name": name})
    [standing] = queries.standings([known])
    about: dict[str, Any] = {"name": name, "by": known.paused_by, "limit": known.max_in_flight}
    if known.paused:
        what = _("Calls to %(name)s are paused") % about
        return Parked(what, _("By %(by)s: ") % about + known.pause_reason if known.paused_by else "", name)
    if standing.circuit == OPEN:
        what = _("%(name)s does not answer: its circuit is open") % about
        return Parked(what, standing.last_error, name)
    return Parked(_("%(name)s is busy: it takes %(limit)s calls at once") % about, "", name)
