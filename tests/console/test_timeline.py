"""The timeline in the reader's zone; the way to the next saga that needs somebody; the print view."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orchestration import queries
from orchestration.console import saga_reading
from orchestration.console.timeline import timeline
from orchestration.definitions import compiled_definition
from orchestration.models import Saga, SagaDefinition
from orchestration.operator_actions import perform
from tests.cast import Cast
from tests.console.rows import make_attempt, make_event, make_saga


def page(cast: Cast, saga: Saga) -> Any:
    return cast.viewer.browser.get(f"/sagas/{saga.pk}/")


@pytest.fixture
def ended(definition: SagaDefinition) -> Saga:
    """Ten seconds: the first step from second 1 to 2, refused; undone from second 5 to 10."""
    saga = make_saga(definition, "compensated", ["compensated", "pending", "pending"])
    begin = saga.created_at
    Saga.objects.filter(pk=saga.pk).update(finished_at=begin + timedelta(seconds=10))
    for direction, outcome, since, until in (("action", "refused", 1, 2), ("compensation", "succeeded", 5, 10)):
        at = {"started_at": begin + timedelta(seconds=since), "finished_at": begin + timedelta(seconds=until)}
        make_attempt(saga, 0, outcome, direction=direction, **at)
    return saga


def test_bars_stand_where_time_says(cast: Cast, ended: Saga) -> None:
    shown = page(cast, ended).context["timeline"]
    [row, *others] = shown.rows
    assert [(bar.x, bar.width, bar.tone) for bar in row.bars] == [(100, 100, "bad"), (500, 500, "undone")]
    assert row.bars[0].y < row.bars[1].y
    assert (row.forward, row.back, row.tries) == (timedelta(seconds=1), timedelta(seconds=5), 2)
    assert [other.bars for other in others] == [[], []]


def test_the_axis_is_in_the_chosen_zone(cast: Cast, ended: Saga) -> None:
    with timezone.override("America/Sao_Paulo"):
        local = timezone.localtime(ended.created_at)
    cast.viewer.browser.get("/")
    shown = page(cast, ended).context["timeline"]
    assert (shown.labels[0][:8], shown.zone) == (f"{ended.created_at:%H:%M:%S}", "UTC")
    assert f"{local:%H:%M:%S}" not in shown.labels[0]


def test_a_call_that_is_out_is_open_to_now(cast: Cast, definition: SagaDefinition) -> None:
    began = timezone.now() - timedelta(seconds=30)
    saga = make_saga(
        definition, "running", ["running", "pending", "pending"],
        of_steps={"reserve-stock": {"attempt_started_at": began}},
    )  # fmt: skip
    Saga.objects.filter(pk=saga.pk).update(created_at=began)
    [bar] = page(cast, saga).context["timeline"].rows[0].bars
    assert (bar.is_open, bar.x, bar.width) == (True, 0, 1000)


def test_what_stands_still_does_not_stretch_the_axis(cast: Cast, stuck: Saga) -> None:
    began = stuck.created_at
    make_attempt(stuck, 0, "refused", started_at=began, finished_at=began + timedelta(seconds=8))
    steps, plan = list(stuck.steps.all()), compiled_definition(stuck.definition_id).steps
    tries, events = saga_reading.tries_of(stuck.pk), queries.events_of(stuck.pk).items
    [row, *_others] = timeline(stuck, steps, plan, tries, events, began + timedelta(days=3)).rows
    assert row.bars[0].width == 1000


def test_an_approval_shows_how_long_it_waits(cast: Cast, undecided: Saga) -> None:
    rows = {row.name: row for row in page(cast, undecided).context["timeline"].rows}
    assert [bar.is_wait for bar in rows["approve"].bars] == [True]


def test_people_leave_marks(cast: Cast, ended: Saga) -> None:
    make_event(ended, "note", actor="ana", reason="told the bank", at=ended.created_at + timedelta(seconds=5))
    response = page(cast, ended)
    [mark] = response.context["timeline"].marks
    assert mark.x == 500
    assert "ana: note (told the bank)" in response.content.decode()


def test_from_one_stuck_saga_to_the_next_and_round(cast: Cast, stuck: Saga) -> None:
    assert page(cast, stuck).context["next_stuck"] is None
    undone = ["compensation_failed", "compensated", "pending"]
    others = sorted((make_saga(stuck.definition, "stuck", undone) for _ in range(2)), key=lambda saga: saga.pk)
    order = [stuck, *others]
    for here, following in zip(order, [*order[1:], order[0]], strict=True):
        assert page(cast, here).context["next_stuck"] == following
    assert "Next that needs attention" in page(cast, stuck).content.decode()


def test_the_print_view_has_all_facts_on_one_page(cast: Cast, stuck: Saga) -> None:
    make_attempt(stuck, 0, "refused", direction="compensation", request={"sku": "A-1"}, error={"message": "no stock"})
    perform("pause", saga_id=stuck.pk, actor=cast.operator.actor, reason="ticket 4711")
    html = cast.viewer.browser.get(f"/sagas/{stuck.pk}/print/").content.decode()
    for fact in (str(stuck.pk), "A step could not be undone", "no stock", "A-1", "ticket 4711", "operator", "ORDER-7"):
        assert fact in html, fact
    assert 'class="nav"' not in html
    assert cast.stranger.browser.get(f"/sagas/{stuck.pk}/print/").status_code == 403
