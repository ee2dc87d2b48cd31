"""Sagas over REST: launch, list, look at, act on."""

import pytest

ORDER = {"definition": "place-order", "input": {"order_id": "o-1", "qty": 2}}
pytestmark = pytest.mark.usefixtures("place_order")


def test_a_launch_answers_with_the_saga(cast):
    answer = cast.operator.api.post("/sagas", ORDER)
    assert answer.status_code == 201, answer.content
    saga = answer.json()
    assert (saga["definition"], saga["version"], saga["status"], saga["business_key"]) == (
        "place-order",
        1,
        "pending",
        "o-1",
    )
    assert [step["status"] for step in saga["steps"]] == ["due", "pending"]
