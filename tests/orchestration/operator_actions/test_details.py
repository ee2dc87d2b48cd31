"""What an act takes beside reason, revision and step: checked before anything is looked at."""

from typing import Any

import pytest

from orchestration.models import AuditEntry
from orchestration.operator_actions import ACTS, WrongAct, preview
from tests.orchestration.operator_actions.stories import stuck_in_doubt
from tests.orchestration.scripted import World, act, admin, define, start

DEEP: Any = 1
for _level in range(65):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("name", "details", "field"),
    [
        ("pause", {"outcome": "applied"}, "outcome"),
        ("retry", {"input": {}}, "input"),
        ("skip", {"colour": "red"}, "colour"),
        ("resolve", {}, "outcome"),
        ("resolve", {"outcome": "maybe"}, "outcome"),
        ("resolve", {"outcome": ["applied"]}, "outcome"),
        ("resolve", {"outcome": "not_applied", "output": {}}, "output"),
        ("resolve", {"outcome": "applied", "output": "x" * 1024 * 1024}, "output"),
        ("resolve", {"outcome": "applied", "output": {"text": "a\0b"}}, "output"),
        ("edit-and-retry", {}, "input"),
        ("edit-and-retry", {"input": None}, "input"),
        ("edit-and-retry", {"input": "x" * 256 * 1024}, "input"),
        ("edit-and-retry", {"input": DEEP}, "input"),
        ("edit-and-retry", {"input": float("nan")}, "input"),
        ("edit-and-retry", {"input": 2**63}, "input"),
        ("edit-and-retry", {"input": object()}, "input"),
        ("abandon", {}, "confirm"),
        ("approve", {}, "outcome"),
        ("approve", {"outcome": "applied"}, "outcome"),
        ("approve", {"outcome": "approved", "by": "me"}, "by"),
    ],
    ids=lambda value: str(value)[:60].partition(" at 0x")[0],
)
def test_a_wrong_detail_is_named_and_nothing_happens(engine: World, name: str, details: Any, field: str) -> None:
    saga = start(define("one"))
    with pytest.raises(WrongAct) as wrong:
        act(name, saga, details=details)
    assert wrong.value.field == field
    assert not AuditEntry.objects.filter(saga_id=saga.pk).exists()


@pytest.mark.parametrize("value", [0, False, "", [], {}, "text", {"a": [1, 2.5, None]}], ids=str)
def test_any_json_but_null_is_an_input(engine: World, value: Any) -> None:
    saga = start(define("one"))
    assert preview("edit-and-retry", saga_id=saga.pk, actor=admin(), details={"input": value}).revision == 0


@pytest.mark.parametrize("name", [name for name, one in ACTS.items() if not one.takes_step])
def test_an_act_on_the_whole_saga_takes_no_step(engine: World, name: str) -> None:
    saga = start(define("one"))
    details = {"confirm": str(saga.pk)} if name == "abandon" else {}
    with pytest.raises(WrongAct) as wrong:
        act(name, saga, step="one", details=details)
    assert wrong.value.field == "step"


@pytest.mark.parametrize("name", ACTS)
def test_a_preview_needs_no_details_and_writes_nothing(engine: World, name: str) -> None:
    saga = start(define("one"))
    assert preview(name, saga_id=saga.pk, actor=admin()).revision == saga.revision
    assert not AuditEntry.objects.filter(saga_id=saga.pk).exists()


def test_an_act_that_changes_nothing_leaves_the_saga_alone(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    act("pause", saga)
    act("compensate", saga)
    saga.refresh_from_db()
    for name in ("compensate", "pause"):
        after = act(name, saga, revision=saga.revision)
        assert (after.revision, after.outside_writes) == (saga.revision, saga.outside_writes)
    assert AuditEntry.objects.filter(saga_id=saga.pk, granted=True).count() == 4
