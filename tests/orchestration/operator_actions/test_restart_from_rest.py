"""Restart-from over REST: 201 with the new saga, and wrong bodies."""

from typing import Any

import pytest

from orchestration.core.states import SagaStatus
from tests.cast import Cast
from tests.orchestration.operator_actions.restarts import held
from tests.orchestration.scripted import (
    World,
    again,
)


def test_over_rest_it_answers_201_with_the_new_saga(engine: World, cast: Cast) -> None:
    old = held(engine)
    api = cast.operator.api
    foreseen = api.get(f"/sagas/{old.pk}/preview", action="restart-from", step="two", version=1).json()
    assert (foreseen["allowed"], [call["step"] for call in foreseen["calls"]]) == (True, ["two"])
    body = {"reason": "fixed", "step": "two", "version": 1, "revision": foreseen["revision"]}
    answer = api.post(f"/sagas/{old.pk}/restart-from", body)
    assert answer.status_code == 201, answer.content
    new = answer.json()
    assert (new["restarted_from"], new["status"], new["open_effects"]) == (str(old.pk), "running", ["one"])
    assert [step["origin_saga_id"] for step in new["steps"]] == [str(old.pk), None]
    assert new["steps"][0]["output"] == {"did": "one"}
    shown = api.get(f"/sagas/{old.pk}").json()
    assert (shown["status"], shown["restarted_as"], shown["open_effects"]) == ("abandoned", new["id"], [])
    again_ = api.post(f"/sagas/{old.pk}/restart-from", body | {"revision": shown["revision"]})
    assert (again_.status_code, again_.json()["error"]["saga"]["restarted_as"]) == (409, new["id"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"version": 9}, "version"), ({"version": "1"}, "version"), ({"step": "none"}, "step"), ({"input": {}}, "input")],
    ids=str,
)
def test_a_wrong_body_names_its_field(engine: World, cast: Cast, wrong: dict[str, Any], field: str) -> None:
    old = held(engine)
    answer = cast.operator.api.post(f"/sagas/{old.pk}/restart-from", {"reason": "x", **wrong})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])
    assert again(old).status == SagaStatus.STUCK
