"""Two operators act at the same moment: exactly one wins, and the other is told who did what."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple

from django.db import connections

from orchestration.core.states import SagaStatus
from orchestration.models import AuditEntry, Flow, Saga
from orchestration.operator_actions import Conflict, perform
from tests.cast import Cast, Person
from tests.orchestration.operator_actions.stories import ONCE
from tests.orchestration.scripted import NOTHING, World, again, define, run_until_quiet, start

ROUNDS = 100
ENDS = {"retry": SagaStatus.COMPLETED, "compensate": SagaStatus.COMPENSATED}


class Told(NamedTuple):
    """What a person heard: nothing when they won, else who did what, and how the saga stood then."""

    act: str
    person: str
    changed_by: str = ""
    last_act: str = ""
    status: str = ""


def press(act: str, person: Person, saga: Saga, together: Barrier) -> Told:
    """Both have looked at the same revision, and press at the same moment."""
    name = person.actor.name
    together.wait()
    try:
        perform(act, saga_id=saga.pk, actor=person.actor, reason="it is stuck", revision=saga.revision)
    except Conflict as conflict:
        return Told(act, name, conflict.changed_by, conflict.last_act, conflict.saga.status)
    finally:
        connections.close_all()
    return Told(act, name)


def race(pool: ThreadPoolExecutor, cast: Cast, saga: Saga) -> tuple[Told, Told]:
    """(winner, loser). Raises ValueError unless there is one of each."""
    together = Barrier(2)
    pressed = [pool.submit(press, "retry", cast.operator, saga, together),
               pool.submit(press, "compensate", cast.admin, saga, together)]  # fmt: skip
    told = [one.result() for one in pressed]
    [winner] = [one for one in told if not one.last_act]
    [loser] = [one for one in told if one.last_act]
    return winner, loser


def test_retry_and_compensate_at_the_same_moment_a_hundred_times(engine: World, cast: Cast) -> None:
    engine.will("one", *[NOTHING] * ROUNDS)
    name = define({"name": "one", "on_exhausted": "hold", "retry": ONCE})
    sagas = [start(name) for _round in range(ROUNDS)]
    run_until_quiet()
    Flow.objects.update(is_open=False, changed_at=None)  # so many failures have opened the circuit: it is repaired
    with ThreadPoolExecutor(2) as pool:
        races = [race(pool, cast, again(saga)) for saga in sagas]
    for saga, (winner, loser) in zip(sagas, races, strict=True):
        assert (loser.changed_by, loser.last_act) == (winner.person, winner.act)
        assert loser.status == (SagaStatus.RUNNING if winner.act == "retry" else SagaStatus.COMPENSATING)
        rows = AuditEntry.objects.filter(saga_id=saga.pk).values_list("actor", "act", "granted")
        assert set(rows) == {(winner.person, winner.act, True), (loser.person, loser.act, False)}
    run_until_quiet()
    assert [again(saga).status for saga in sagas] == [ENDS[winner.act] for winner, _loser in races]
