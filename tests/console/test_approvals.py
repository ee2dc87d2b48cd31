"""Decisions that wait for a person: on the saga's page, on the Overview, and taken in the console."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from orchestration.definitions import publish_definition
from orchestration.models import Saga, Step
from tests.cast import Cast
from tests.console.conftest import BEFORE_APPROVAL, BIG
from tests.console.rows import make_saga

HTMX = {"HX-Request": "true"}


def html_of(cast: Cast, saga: Saga, name: str = "operator") -> str:
    response = getattr(cast, name).browser.get(reverse("console:saga", args=[saga.pk]))
    return str(response.content.decode())


def decide(cast: Cast, saga: Saga, outcome: str, name: str = "operator") -> Any:
    body = {"reason": "within the limit", "revision": saga.revision, "step": "approve", "outcome": outcome}
    address = reverse("console:act", args=[saga.pk, "approve"])
    return getattr(cast, name).browser.post(address, body, headers=HTMX)


def test_a_waiting_decision_says_who_may_take_it_and_until_when(cast: Cast, undecided: Saga) -> None:
    html = html_of(cast, undecided)
    assert "approve waits for a decision" in html
    assert "May decide: admin, operator" in " ".join(html.split())
    assert 'id="decide-approve"' in html
    until = undecided.steps.values_list("due_at", flat=True).get(name="approve")
    assert until is not None
    assert f'datetime="{until.isoformat()}"' in html


def test_whoever_may_not_decide_sees_it_and_has_no_button(cast: Cast, undecided: Saga) -> None:
    html = html_of(cast, undecided, "viewer")
    assert "approve waits for a decision" in html
    assert 'id="decide-approve"' not in html
    acts = cast.viewer.browser.get(reverse("console:saga", args=[undecided.pk])).context["acts"]
    assert {act.name: act.why_not for act in acts}["approve"] == "Your role does not allow this act."


def test_approved_goes_on(cast: Cast, undecided: Saga) -> None:
    assert decide(cast, undecided, "approved").status_code == 204
    assert [step.status for step in undecided.steps.all()][4:6] == ["succeeded", "due"]
    assert "decided" in html_of(cast, undecided)


def test_rejected_goes_back_and_says_why(cast: Cast, undecided: Saga) -> None:
    assert decide(cast, undecided, "rejected").status_code == 204
    undecided.refresh_from_db()
    assert undecided.status == "compensating"
    assert "within the limit" in html_of(cast, undecided)


def test_a_viewer_may_not_decide(cast: Cast, undecided: Saga) -> None:
    assert decide(cast, undecided, "approved", "viewer").status_code == 403
    assert Step.objects.get(saga=undecided, name="approve").status == "waiting"


def test_the_overview_counts_and_lists_what_waits_for_the_reader(cast: Cast, undecided: Saga) -> None:
    later = {"approve": {"started_at": undecided.created_at.replace(year=2001)}}
    steps = [*BEFORE_APPROVAL, "waiting", "pending", "pending", "pending"]
    make_saga(undecided.definition, "running", steps, of_steps=later, business_key="BIG-OLD")
    context = cast.operator.browser.get("/").context
    assert context["decisions_in_all"].number == 2
    assert [decision.business_key for decision in context["decisions"]] == ["BIG-OLD", "BIG-1"]
    assert "Waiting for your decision" in cast.operator.browser.get("/").content.decode()


def test_the_overview_asks_nobody_who_may_not_decide(cast: Cast, undecided: Saga) -> None:
    assert "Waiting for your decision" not in cast.viewer.browser.get("/").content.decode()


def test_what_is_decided_waits_no_longer(cast: Cast, undecided: Saga) -> None:
    decide(cast, undecided, "approved")
    assert cast.operator.browser.get("/").context["decisions"] == []


def test_the_step_s_own_permission_decides_who_may(cast: Cast, big: Any) -> None:
    document = BIG | {"name": "small-order", "steps": [{"name": "approve", "approval": {"permission": "abandon_saga"}}]}
    definition = publish_definition(document=document, actor=cast.admin.actor).definition
    saga = make_saga(definition, "running", ["waiting"], business_key="SMALL-1")
    assert "May decide: admin " in " ".join(html_of(cast, saga).split())
    assert cast.operator.browser.get("/").context["decisions"] == []
    assert [one.business_key for one in cast.admin.browser.get("/").context["decisions"]] == ["SMALL-1"]
    assert decide(cast, saga, "approved").status_code == 403


def test_a_permission_that_nobody_holds_is_said_plainly(cast: Cast, undecided: Saga) -> None:
    permission = Permission.objects.get(codename="approve_saga")
    for group in Group.objects.all():
        group.permissions.remove(permission)
    assert "nobody but superusers: no group holds the right" in html_of(cast, undecided)
