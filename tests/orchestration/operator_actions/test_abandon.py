"""abandon: it ends as it stands, without another call, and says what it leaves behind."""

import pytest

from orchestration import queries
from orchestration.core.states import SagaStatus
from orchestration.operator_actions import Conflict, WrongAct
from tests.orchestration.operator_actions.stories import stuck_in_doubt
from tests.orchestration.scripted import World, act, again, define, run_until_quiet, start, steps_of


def test_a_stuck_saga_ends_with_its_open_effects(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    after = act("abandon", saga, details={"confirm": str(saga.pk)})
    assert after.status == SagaStatus.ABANDONED
    run_until_quiet()
    assert engine.calls == ["one", "two"]
    assert queries.open_effects(queries.saga_for_page(saga.pk)) == ["one", "two"]


def test_a_paused_saga_can_be_abandoned_and_a_running_one_cannot(engine: World) -> None:
    saga = start(define("one"))
    confirm = {"confirm": str(saga.pk)}
    with pytest.raises(Conflict, match="only a stuck or paused saga"):
        act("abandon", saga, details=confirm)
    act("pause", saga)
    act("abandon", saga, details=confirm)
    run_until_quiet()
    assert steps_of(saga) == {"one": "skipped"}
    assert engine.calls == []


@pytest.mark.parametrize("confirm", ["", "yes", None, 7])
def test_it_must_be_confirmed_by_the_sagas_id(engine: World, confirm: object) -> None:
    saga = stuck_in_doubt(engine)
    with pytest.raises(WrongAct) as wrong:
        act("abandon", saga, details={"confirm": confirm})
    assert wrong.value.field == "confirm"
    assert again(saga).status == SagaStatus.STUCK
