"""The landing page: what needs a person, live numbers that lead to their lists."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from orchestration import faults
from orchestration.models import EngineState, Saga, SagaDefinition
from tests.cast import Cast
from tests.console.rows import make_attempt, make_saga


def overview(cast: Cast, name: str = "viewer") -> str:
    return str(getattr(cast, name).browser.get(reverse("console:overview")).content.decode())


def test_an_empty_console_says_what_to_do_next(cast: Cast) -> None:
    html = overview(cast)
    assert "Nothing needs you" in html
    assert "There is no definition yet. Publish one, then launch a saga." in html


def test_what_is_stuck_stands_first_with_its_reason_and_its_acts(cast: Cast, stuck: Saga) -> None:
    html = overview(cast, "operator")
    assert "ORDER-7" in html
    assert "A step could not be undone, and all tries are spent." in html
    assert reverse("console:act", args=[stuck.pk, "retry"]) in html


def test_the_longest_waiting_comes_first(cast: Cast, stuck: Saga) -> None:
    make_saga(stuck.definition, "stuck", ["compensation_failed", "compensated", "pending"], business_key="ORDER-8")
    html = overview(cast)
    assert html.index("ORDER-7") < html.index("ORDER-8")


def test_a_viewer_sees_the_acts_disabled_with_the_reason(cast: Cast, stuck: Saga) -> None:
    html = overview(cast)
    assert reverse("console:act", args=[stuck.pk, "retry"]) not in html
    assert "Your role does not allow this act." in html


def test_every_number_leads_to_its_list(cast: Cast, definition: SagaDefinition) -> None:
    make_saga(definition, "completed", ["succeeded"] * 3)
    html = overview(cast)
    for status in ("stuck", "running", "compensating", "pending", "completed", "compensated", "abandoned"):
        assert f'href="/sagas/?status={status}"' in html


def test_participants_show_how_their_calls_ended(cast: Cast, definition: SagaDefinition) -> None:
    saga = make_saga(definition, "completed", ["succeeded"] * 3)
    make_attempt(saga, 0, "succeeded")
    make_attempt(saga, 1, "refused")
    rows = {row["participant"].name: row for row in cast.viewer.browser.get("/").context["participants"]}
    assert [(look.icon, number) for look, number in rows["inventory"]["parts"]] == [("completed", 1)]
    assert [(look.icon, number) for look, number in rows["payments"]["parts"]] == [("failed", 1)]


def test_the_chart_counts_what_ended_by_minute(cast: Cast, definition: SagaDefinition) -> None:
    for _ in range(3):
        make_saga(definition, "completed", ["succeeded"] * 3)
    make_saga(definition, "compensated", ["compensated", "compensated", "pending"])
    context = cast.viewer.browser.get("/").context
    assert {item["status"]: item["number"] for item in context["legend"]} == {
        "completed": 3, "compensated": 1, "abandoned": 0,
    }  # fmt: skip
    assert {bar.tone for bar in context["chart"].bars} == {"ok", "undone"}


def test_fault_rules_in_force_are_announced_on_every_page(cast: Cast) -> None:
    faults.add(actor=cast.admin.actor, kind="refuse", expires_in=timedelta(minutes=5), step="charge-card")
    for page in ("overview", "sagas", "definitions", "participants", "audit"):
        html = cast.viewer.browser.get(reverse(f"console:{page}")).content.decode()
        assert "1 fault rule is in force: failures are injected." in html


def test_htmx_gets_the_part_alone(cast: Cast) -> None:
    part = cast.viewer.browser.get("/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="_overview"')
    assert "<html" not in part


def test_how_long_sagas_took_is_shown_by_minute_and_by_end(cast: Cast, definition: SagaDefinition) -> None:
    for status, seconds in (("completed", 2), ("completed", 4), ("compensated", 10)):
        saga = make_saga(definition, status, ["succeeded"] * 3)
        assert saga.finished_at is not None
        Saga.objects.filter(pk=saga.pk).update(created_at=saga.finished_at - timedelta(seconds=seconds))
    context = cast.viewer.browser.get("/").context
    took = {item["status"]: (item["p50"], item["p95"]) for item in context["legend"]}
    assert took["completed"][0] == 3
    assert took["compensated"] == (10, 10)
    assert context["whole"].p50 == 4
    assert context["curves"].p95.startswith("M")
    assert {dot.words.split(" · ")[1] for dot in context["curves"].dots} == {"p50 4.0 s", "p95 9.4 s"}


def test_without_an_end_there_is_no_curve(cast: Cast, stuck: Saga) -> None:
    assert cast.viewer.browser.get("/").context["curves"].p95 == ""


def test_queue_depth_and_a_broken_audit_are_told(cast: Cast, definition: SagaDefinition) -> None:
    due = timezone.now() - timedelta(minutes=5)
    make_saga(definition, "running", ["due", "pending", "pending"], due_at=due)
    EngineState.objects.create(name="audit_broken", value=3)
    response = cast.viewer.browser.get("/")
    number, oldest = response.context["queue"]
    assert number == 1
    assert oldest >= 300
    html = response.content.decode()
    assert "The audit is not as it was sealed" in html
    assert f'href="{reverse("console:workers")}"' in html
