"""Sub-sagas in the console: the parent says what it waits for, and each leads to the other."""

import pytest
from django.urls import reverse

from orchestration.core.saga_state import Stuck
from orchestration.definitions import publish_definition
from orchestration.models import Saga, SagaDefinition, Step
from tests.cast import Cast
from tests.console.rows import make_saga
from tests.console.test_act_details import dialog
from tests.console.test_stages import page

OUTER = {
    "name": "outer",
    "steps": [
        {"name": "create", "participant": "inventory", "action": "/create", "compensation": "/cancel"},
        {"name": "place", "saga": "place-order"},
    ],
}


@pytest.fixture
def family(definition: SagaDefinition, cast: Cast) -> tuple[Saga, Saga]:
    """A parent that waits for its sub-saga, which is stuck."""
    outer = publish_definition(document=OUTER, actor=cast.admin.actor).definition
    parent = make_saga(outer, "running", ["succeeded", "waiting"], business_key="ORDER-1")
    child = make_saga(
        definition, "stuck", ["succeeded", "failed", "pending"], business_key="ORDER-1", parent_id=parent.pk,
        parent_position=1, depth=1, stuck_code=Stuck.HELD, stuck_reason="charge-card: 3 tries are spent",
    )  # fmt: skip
    Step.objects.filter(saga_id=parent.pk, position=1).update(child_saga_id=child.pk)
    return parent, child


def test_a_parent_says_what_it_waits_for_and_leads_there(cast: Cast, family: tuple[Saga, Saga]) -> None:
    parent, child = family
    html = page(cast, parent).content.decode()
    assert "place waits for its sub-saga" in html
    assert "charge-card: 3 tries are spent" in html
    assert html.count(reverse("console:saga", args=[child.pk])) >= 2


def test_a_sub_saga_says_whose_step_it_is(cast: Cast, family: tuple[Saga, Saga]) -> None:
    parent, child = family
    html = page(cast, child).content.decode()
    assert "It is the step place." in html
    assert reverse("console:saga", args=[parent.pk]) in html


def test_the_undo_of_such_a_step_is_named_in_the_preview(cast: Cast, family: tuple[Saga, Saga]) -> None:
    parent, _child = family
    calls = dialog(cast, parent, "compensate").context["preview"].calls
    assert [(call.step, call.direction, call.participant) for call in calls] == [
        ("place", "compensation", "saga:place-order"),
        ("create", "compensation", "inventory"),
    ]


def test_the_definition_shows_it(cast: Cast, family: tuple[Saga, Saga]) -> None:
    html = cast.viewer.browser.get(reverse("console:definition", args=["outer"])).content.decode()
    assert "sub-saga place-order" in html
