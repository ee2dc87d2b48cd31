"""Two sagas of one definition: where they first went apart, what differs in what was sent and answered."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from orchestration.console.differences import NOTHING, differences
from orchestration.models import Saga, SagaDefinition
from tests.cast import Cast
from tests.console.rows import make_attempt, make_saga


@pytest.fixture
def good(definition: SagaDefinition) -> Saga:
    saga = make_saga(definition, "completed", ["succeeded"] * 3, business_key="ORDER-1")
    for position in range(3):
        make_attempt(saga, position, "succeeded", request={"sku": "A-1", "qty": 2}, answer={"ok": True})
    return saga


@pytest.fixture
def bad(stuck: Saga) -> Saga:
    now = timezone.now()
    make_attempt(stuck, 0, "succeeded", request={"sku": "A-1", "qty": 5}, answer={"ok": True})
    make_attempt(stuck, 0, "refused", direction="compensation", started_at=now, finished_at=now + timedelta(seconds=3))
    make_attempt(stuck, 1, "succeeded", request={"sku": "A-1", "qty": 2}, answer={"ok": None})
    return stuck


def compared(cast: Cast, one: Saga, other: object) -> Any:
    return cast.viewer.browser.get(f"/sagas/{one.pk}/compare/", {"other": str(other)})


def test_where_they_first_went_apart(cast: Cast, good: Saga, bad: Saga) -> None:
    response = compared(cast, bad, good.pk)
    found = response.context["compared"]
    assert [(pair.name, pair.differs, pair.is_first) for pair in found.pairs] == [
        ("reserve-stock", True, True), ("charge-card", True, False), ("send-mail", True, False),
    ]  # fmt: skip
    assert "They first went apart at reserve-stock." in response.content.decode()
    assert found.pairs[0].one.took >= timedelta(seconds=3)


def test_what_was_sent_and_answered_is_compared_step_by_step(cast: Cast, good: Saga, bad: Saga) -> None:
    first, second, third = compared(cast, bad, "ORDER-1").context["compared"].pairs
    assert [(item.place, item.one, item.other) for item in first.sent.items] == [("qty", 5, 2)]
    assert not first.answered
    assert [(item.place, item.one, item.other) for item in second.answered.items] == [("ok", None, True)]
    assert third.sent.items[0].one is None


def test_two_that_went_alike(cast: Cast, good: Saga) -> None:
    twin = make_saga(good.definition, "completed", ["succeeded"] * 3)
    for position in range(3):
        make_attempt(twin, position, "succeeded")
    assert "Every step of both ended in the same way." in compared(cast, good, twin.pk).content.decode()


def test_without_another_those_that_went_well_are_offered(
    cast: Cast, good: Saga, bad: Saga, big: SagaDefinition
) -> None:
    make_saga(big, "completed", ["succeeded"] * 8)
    response = cast.viewer.browser.get(f"/sagas/{bad.pk}/compare/")
    assert response.context["suggestions"] == [good]


@pytest.mark.parametrize("other", ["nonsense", uuid4(), "\0"])
def test_what_is_no_saga_of_this_definition_is_said(cast: Cast, good: Saga, other: object) -> None:
    response = compared(cast, good, f"{other}x" if other == "\0" else other)
    assert response.status_code == 400
    assert "No other saga of this definition" in response.content.decode()


def test_a_saga_is_not_compared_with_itself_nor_with_one_of_another_definition(
    cast: Cast, good: Saga, undecided: Saga
) -> None:
    for other in (good, undecided):
        assert compared(cast, good, other.pk).status_code == 400
    assert cast.viewer.browser.get(f"/sagas/{uuid4()}/compare/").status_code == 404


def test_differences_are_named_by_their_place() -> None:
    one = {"a": 1, "b": [1, {"c": True}], "d": None}
    other = {"a": 1.0, "b": [1, {"c": 1}, 3], "e": None}
    found = {item.place: (item.one, item.other) for item in differences(one, other).items}
    assert found == {
        "b[1].c": (True, 1), "b[2]": (NOTHING, 3), "d": (None, NOTHING), "e": (NOTHING, None),
    }  # fmt: skip
    many = differences({str(number): number for number in range(9)}, {}, most=4)
    assert (len(many.items), many.is_more) == (4, True)
    assert not differences(one, dict(one))
