"""Acts in Django admin: a page that shows what follows and asks, then the same functions as everywhere else."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from orchestration.definitions import publish_definition
from orchestration.models import AuditEntry, Saga, SagaDefinition
from orchestration.operator_actions import ACTS
from tests.cast import Cast
from tests.orchestration.operator_actions.stories import stuck_in_doubt, stuck_past_the_pivot, waiting_for_approval
from tests.orchestration.scripted import World, again, define, run_until_quiet, start, steps_of

LIST = "admin:orchestration_saga_changelist"


@pytest.fixture
def desk(cast: Cast) -> Client:
    return cast.admin.browser


def choose(desk: Client, act: str, *sagas: Saga, **answers: Any) -> str:
    """The page that follows when `act` is chosen for `sagas`, and, with `answers`, was answered."""
    said = {"action": act, "_selected_action": [str(saga.pk) for saga in sagas]}
    if answers:
        said |= {"confirmed": "1", "reason": "because", **answers}
    return str(desk.post(reverse(LIST), said, follow=True).content.decode())


def test_every_act_and_a_note_are_offered_to_who_may(desk: Client, cast: Cast, engine: World) -> None:
    saga = start(define("one"))
    offered = {*ACTS, "note"}
    for page in (reverse(LIST), reverse("admin:orchestration_saga_change", args=[saga.pk])):
        html = desk.get(page).content.decode()
        assert {name for name in offered if f'value="{name}"' in html} == offered
    cast.operator.user.is_staff = True
    cast.operator.user.save()
    html = cast.operator.browser.get(reverse(LIST)).content.decode()
    assert {name for name in offered if f'value="{name}"' in html} == offered - {"abandon"}


def test_resolve_asks_for_the_outcome_and_takes_an_output(desk: Client, engine: World) -> None:
    saga = stuck_in_doubt(engine)
    assert 'name="outcome"' in choose(desk, "resolve", saga)
    choose(desk, "resolve", saga, outcome="applied", output='{"ref": 7}')
    run_until_quiet()
    assert again(saga).status == "completed"
    assert engine.commands[2].input["outputs"]["two"] == {"ref": 7}


def test_edit_and_retry_begins_with_what_would_be_sent(desk: Client, engine: World) -> None:
    saga = stuck_past_the_pivot(engine)
    assert "&quot;did&quot;: &quot;one&quot;" in choose(desk, "edit-and-retry", saga)
    choose(desk, "edit-and-retry", saga, input='{"qty": 2}', step="two")
    run_until_quiet()
    assert engine.commands[2].input == {"qty": 2}
    row: Any = AuditEntry.objects.get(act="edit-and-retry", via="admin")
    assert row.after["details"] == {"input": {"qty": 2}}


def test_abandon_is_confirmed_by_the_id(desk: Client, engine: World) -> None:
    saga = stuck_in_doubt(engine)
    assert "must be the saga&#x27;s id" in choose(desk, "abandon", saga, confirm="yes")
    assert again(saga).status == "stuck"
    choose(desk, "abandon", saga, confirm=str(saga.pk))
    assert again(saga).status == "abandoned"


def test_an_approval_is_decided_by_who_has_the_steps_right(desk: Client, cast: Cast, engine: World) -> None:
    saga = waiting_for_approval(engine, permission="view_auditentry")
    cast.viewer.user.is_staff = True
    cast.viewer.user.save()
    choose(cast.viewer.browser, "approve", saga, outcome="approved")
    assert steps_of(saga)["ok"] == "succeeded"
    other = waiting_for_approval(engine, permission="delete_drain")
    assert Permission.objects.filter(codename="delete_drain").exists()
    assert "lacks the right delete_drain" in choose(desk, "approve", other, outcome="approved")
    assert steps_of(other)["ok"] == "waiting"


def test_a_note_is_kept_for_each_saga(desk: Client, engine: World) -> None:
    name = define("one")
    sagas = [start(name), start(name)]
    assert "Nothing moves by a note." in choose(desk, "note", *sagas)
    choose(desk, "note", *sagas, text="storm in the north")
    assert [saga.events.get(kind="note").reason for saga in sagas] == ["storm in the north"] * 2


@pytest.mark.parametrize("act", ["pause", "resume", "compensate"])
def test_acts_without_details_are_done_on_many(desk: Client, engine: World, act: str) -> None:
    name = define("one")
    sagas = [start(name) for _number in range(3)]
    choose(desk, act, *sagas, reason="storm")
    assert AuditEntry.objects.filter(act=act, granted=True, reason="storm").count() == 3


@pytest.mark.parametrize("act", [name for name, one in ACTS.items() if one.details])
def test_acts_with_details_are_done_one_by_one(desk: Client, engine: World, act: str) -> None:
    name = define("one")
    assert "This act takes one saga at a time." in choose(desk, act, start(name), start(name))


@pytest.mark.parametrize("text", ["{", '{"a": 1, "a": 2}', "NaN", ""])
def test_wrong_json_stands_at_its_field_and_nothing_typed_is_lost(desk: Client, engine: World, text: str) -> None:
    saga = stuck_past_the_pivot(engine)
    page = choose(desk, "edit-and-retry", saga, input=text, reason="a long story")
    assert "errorlist" in page
    assert "a long story" in page
    assert again(saga).revision == saga.revision


def test_what_does_not_fit_is_said(desk: Client, engine: World) -> None:
    saga = start(define("one"))
    assert "only a step that the saga is stuck on can be skipped" in choose(desk, "skip", saga)
    assert "refused, nothing changed" in choose(desk, "skip", saga, step="one")


def test_a_definition_lists_what_each_kind_of_step_does(desk: Client, cast: Cast, participants: None) -> None:
    call = {"participant": "inventory", "action": "/reserve", "compensation": "/release"}
    document = {"name": "mixed", "steps": [
        {"name": "reserve", **call}, {"name": "ok", "approval": {"timeout": 3600}}, {"name": "cool-down", "wait": 90},
        {"parallel": [{"name": "left", **call}, {"name": "right", **call}]},
    ]}  # fmt: skip
    definition: SagaDefinition = publish_definition(document=document, actor=cast.admin.actor).definition
    page = desk.get(reverse("admin:orchestration_sagadefinition_change", args=[definition.pk])).content.decode()
    for line in (
        "1. reserve: inventory /reserve (undo: /release)",
        "2. ok: a person with the right approve_saga decides within 1:00:00",
        "3. cool-down: waits 0:01:30",
        "4. left: inventory /reserve", "4. right: inventory /reserve",
    ):  # fmt: skip
        assert line in page
