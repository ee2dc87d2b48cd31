"""The read side: pages that follow each other without gaps, filters that narrow, journals with names."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import QueryDict

from orchestration import queries
from orchestration.core.states import Direction, SagaStatus, StepStatus
from orchestration.definitions import compiled_definition
from orchestration.launch import launch
from orchestration.models import Attempt, Saga, SagaDefinition, Step
from orchestration.queries import search_window
from orchestration.store import outside

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def launched(number: int, **more: Any) -> Saga:
    saga_input = {"order_id": f"o-{number}"}
    return launch(definition="place-order", saga_input=saga_input, trigger="test", launched_by="test", **more).saga


def found(query: str) -> list[str]:
    return sorted(queries.filter_sagas(QueryDict(query)).values_list("business_key", flat=True))


@pytest.fixture
def sagas(place_order: SagaDefinition) -> list[Saga]:
    return [launched(number) for number in range(7)]


def test_pages_follow_each_other_without_gap_or_overlap(sagas):
    seen, cursor = [], None
    while True:
        page = queries.page(Saga.objects.all(), cursor=cursor, limit=3)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sagas[::-1]


def test_a_row_that_comes_in_between_shifts_nothing(sagas):
    first = queries.page(Saga.objects.all(), cursor=None, limit=3)
    launched(99)
    second = queries.page(Saga.objects.all(), cursor=first.next_cursor, limit=4)
    assert second.items == sagas[3::-1]


@pytest.mark.parametrize(
    ("query", "pages"),
    [
        pytest.param("q=o-0", [[], [], ["o-0"]], id="text, three sagas at a time"),
        pytest.param("participant=inventory", [["o-6", "o-5"], ["o-4", "o-3"], ["o-2", "o-1"], ["o-0"]], id="a name"),
        pytest.param("step=reserve-stock", [["o-6", "o-5", "o-4"], ["o-3", "o-2", "o-1"], ["o-0"]], id="at a step"),
        pytest.param("definition=place-order", [["o-6", "o-5", "o-4", "o-3", "o-2"], ["o-1", "o-0"]], id="by an index"),
        pytest.param("definition=place-order&status=running", [[], [], [], []], id="by an index, and a status"),
        pytest.param("status=pending", [["o-6", "o-5", "o-4", "o-3", "o-2"], ["o-1", "o-0"]], id="a status"),
    ],
)
def test_a_search_looks_so_far_back_and_goes_on_until_there_is_no_older_saga(sagas, monkeypatch, query, pages):
    monkeypatch.setattr(search_window, "SEARCHED", 3)
    monkeypatch.setattr(search_window, "STEPPED", 3)
    monkeypatch.setattr(search_window, "COMPARED", 2)
    told: list[list[str]] = []
    cursor = None
    while not told or cursor:
        page = queries.search(QueryDict(query), cursor=cursor, limit=5)
        told.append([saga.business_key for saga in page.items])
        cursor = page.next_cursor
    assert told == pages


@pytest.mark.parametrize("cursor", ["x", "!", "é", "WzFd", "W10", "WyJ4Il0", "bnVsbA", "WyJcdTAwMDAiXQ", "W1tdXQ"])
def test_a_foreign_cursor_is_refused(sagas, cursor):
    with pytest.raises(queries.WrongCursor):
        queries.page(Saga.objects.all(), cursor=cursor)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["o-0", "o-1", "o-2"]),
        ("status=stuck", ["o-1"]),
        ("status=stuck&status=pending", ["o-0", "o-1", "o-2"]),
        ("status=&definition=", ["o-0", "o-1", "o-2"]),
        ("definition=place-order&status=pending", ["o-0", "o-2"]),
        ("definition=other", []),
        ("business_key=o-2", ["o-2"]),
        ("participant=payments", ["o-0", "o-1", "o-2"]),
        ("participant=nobody", []),
        ("step=charge-card", ["o-1"]),
        ("error=CARD", ["o-1"]),
        ("q=-1", ["o-1"]),
        ("q=nobody+answers", ["o-1"]),
    ],
)
def test_filters_narrow(place_order, query, expected):
    for number in range(3):
        launched(number)
    stuck = Saga.objects.get(business_key="o-1")
    Saga.objects.filter(pk=stuck.pk).update(status="stuck", stuck_reason="nobody answers", due_at=None)
    Step.objects.filter(saga_id=stuck.pk, position=0).update(status="succeeded")
    error = {"message": "no such card", "code": "card"}
    Step.objects.filter(saga_id=stuck.pk, position=1).update(status="failed", error=error, action_attempts=1)
    assert found(query) == expected


def test_a_pasted_id_finds_its_saga(sagas):
    assert found(f"q={sagas[2].pk}") == ["o-2"]
    assert found(f"q=%20{sagas[2].pk.hex}") == ["o-2"]


def test_times_bound_the_list_half_open(place_order):
    saga = launched(1)
    moment = saga.created_at
    text = moment.isoformat().replace("+00:00", "Z")
    assert found(f"created_after={text}") == ["o-1"]
    assert found(f"created_before={text}") == []
    later = (moment + timedelta(microseconds=1)).isoformat().replace("+00:00", "Z")
    assert found(f"created_after={later}") == []
    assert found(f"created_before={later}") == ["o-1"]
    assert found(f"created_after={moment.date()}") == ["o-1"]
    assert found(f"created_after={moment.date() + timedelta(days=1)}") == []


@pytest.mark.parametrize(
    "moment", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-23:00", "1969-01-01"]
)
def test_far_times_are_times(sagas, moment):
    assert len(found(f"created_after={moment}")) + len(found(f"created_before={moment}")) == 7


def test_counts_stop_at_the_cap(sagas):
    assert queries.capped_count(Saga.objects.all(), cap=7) == (7, False)
    capped = queries.capped_count(Saga.objects.all(), cap=6)
    assert capped == (6, True)
    assert str(capped) == "6+"
    assert queries.status_counts()[SagaStatus.PENDING].number == 7
    assert queries.status_counts(Saga.objects.filter(business_key="o-1"))[SagaStatus.PENDING].number == 1


def test_moves_are_told_one_by_one_with_names():
    moves = queries.moves_of("0:running>succeeded 1:pending>due>running 7:due>running", {0: "a", 1: "b"})
    assert [(move.step, move.before, move.after) for move in moves] == [
        ("a", "running", "succeeded"), ("b", "pending", "due"), ("b", "due", "running"), ("7", "due", "running"),
    ]  # fmt: skip


def test_attempts_come_in_the_order_in_which_they_began(place_order):
    saga = launched(1)
    for number, (position, direction) in enumerate([(0, "action"), (1, "action"), (0, "compensation")]):
        began = NOW + timedelta(seconds=number)
        Attempt.objects.create(
            saga=saga, position=position, direction=direction, number=1, epoch=1, started_at=began,
            finished_at=began, outcome="succeeded", answer={"n": number},
        )  # fmt: skip
    first = queries.attempts_of(saga.pk, limit=2)
    second = queries.attempts_of(saga.pk, limit=2, cursor=first.next_cursor)
    assert [(one.step, one.direction) for one in first.items + second.items] == [
        ("reserve-stock", "action"), ("charge-card", "action"), ("reserve-stock", "compensation"),
    ]  # fmt: skip
    assert queries.outputs_of([saga.pk]) == {(saga.pk, 0): {"n": 0}, (saga.pk, 1): {"n": 1}}


@pytest.mark.parametrize(
    ("fields", "is_open"),
    [
        ({"status": StepStatus.DUE}, False),
        ({"status": StepStatus.RUNNING, "in_doubt": True}, True),
        ({"status": StepStatus.SUCCEEDED, "done": True}, True),
        ({"status": StepStatus.FAILED, "error": {"code": "no"}}, False),
        ({"status": StepStatus.COMPENSATION_DUE, "done": True}, True),
        ({"status": StepStatus.COMPENSATION_DUE}, False),
        ({"status": StepStatus.COMPENSATED, "done": True}, False),
        ({"status": StepStatus.SKIPPED, "done": True, "effect_stands": True}, True),
    ],
    ids=str,
)
def test_open_effects_are_what_the_rules_call_so(place_order, fields, is_open):
    saga = launched(1)
    Step.objects.filter(saga=saga, position=0).update(**fields)
    assert queries.open_effects(queries.saga_for_page(saga.pk)) == (["reserve-stock"] if is_open else [])


def test_an_answer_that_no_attempt_has_stands_on_the_step(place_order):
    saga = launched(1)
    Step.objects.filter(saga=saga, position=1).update(output={"ref": 7})
    assert queries.outputs_of([saga.pk]) == {(saga.pk, 1): {"ref": 7}}


def test_a_wait_ends_when_the_answer_the_decision_or_the_timer_is_due():
    soon, later = NOW, NOW + timedelta(days=1)
    assert queries.waiting_until(Step(status=StepStatus.WAITING, due_at=soon)) == soon
    assert queries.waiting_until(Step(status=StepStatus.WAITING, due_at=soon, answer_by=later)) == later
    assert queries.waiting_until(Step(status=StepStatus.DUE, due_at=soon)) is None


def test_a_saga_is_read_as_the_rules_know_it(place_order):
    saga = launched(1)
    Step.objects.filter(saga=saga, position=0).update(edited_input={"qty": 2}, answer_by=NOW)
    page = queries.saga_for_page(saga.pk)
    state = queries.state_of(page, page.steps.all(), outputs={"reserve-stock": 1})
    assert state == outside.load(saga.pk, compiled_definition(saga.definition_id), lock=False)[0].state._replace(
        outputs={"reserve-stock": 1}
    )


def test_the_direction_of_a_step_is_that_of_its_last_call():
    assert queries.step_direction(Step(status=StepStatus.RUNNING)) is Direction.ACTION
    assert queries.step_direction(Step(status=StepStatus.COMPENSATING)) is Direction.COMPENSATION
    assert queries.step_direction(Step(status=StepStatus.SKIPPED, compensation_attempts=3)) is Direction.COMPENSATION


@pytest.mark.parametrize("query", ["status=x", "q=%00", "step=A", "created_after=x", "nobody=1", "q=a&q=b"])
def test_wrong_parameters_are_named(db, query):
    with pytest.raises(queries.WrongFilter) as error:
        queries.filter_sagas(QueryDict(query))
    assert error.value.problems[0].place == query.partition("=")[0]
