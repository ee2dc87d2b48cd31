"""Sagas that failed in the same way, and one act on all of them."""

from typing import Any

import pytest
from django.urls import reverse

from orchestration.models import Bulk, Saga, SagaDefinition
from orchestration.queries import failures
from tests.cast import Cast
from tests.console.rows import make_attempt, make_saga

PAGE = reverse("console:failure_groups")


def stuck_undo(definition: SagaDefinition, key: str, message: str, code: str = "closed") -> Saga:
    saga = make_saga(definition, "stuck", ["compensation_failed", "compensated", "pending"], business_key=key)
    for number, said in ((1, "another error"), (2, message)):
        error = {"message": said, "code": code}
        make_attempt(saga, 0, "refused", direction="compensation", number=number, error=error)
    return saga


@pytest.fixture
def failed(definition: SagaDefinition, past_pivot: Saga) -> list[Saga]:
    """Two that differ in a number and an id only, one with another code, one on an action; and one that went back."""
    make_saga(
        definition, "compensated", ["compensated", "compensated", "pending"], business_key="BACK",
        of_steps={"charge-card": {"error": {"message": "card 17 is blocked", "code": "blocked"}}},
    )  # fmt: skip
    return [
        stuck_undo(definition, "A", "order 4711 (01a2101b-d5e1-7398-a141-8e8d2f3dd627) is locked"),
        stuck_undo(definition, "B", "order 12 (01A2101B-d5e1-7398-a141-8e8d2f3dd999) is locked"),
        stuck_undo(definition, "C", "order 12 is locked", code="busy"),
        past_pivot,
    ]


def told(groups: list[failures.FailureGroup]) -> list[tuple[Any, ...]]:
    return sorted((one.definition, one.step, one.direction, one.code, one.message, one.number) for one in groups)


def test_what_differs_only_in_ids_and_numbers_is_one_group(failed: list[Saga]) -> None:
    assert told(failures.failure_groups(failures.STUCK)) == [
        ("big-order", "ship", "action", "no", "no ship", 1),
        ("place-order", "reserve-stock", "compensation", "busy", "order # is locked", 1),
        ("place-order", "reserve-stock", "compensation", "closed", "order # (#) is locked", 2),
    ]
    assert told(failures.failure_groups(failures.WENT_BACK)) == [
        ("place-order", "charge-card", "action", "blocked", "card # is blocked", 1),
    ]


def test_a_saga_that_tells_no_error_is_grouped_by_why_it_is_stuck(stuck: Saga) -> None:
    assert told(failures.failure_groups(failures.STUCK)) == [
        ("place-order", "reserve-stock", "compensation", "", "could not be undone in # tries", 1),
    ]


def test_the_newest_are_looked_at(failed: list[Saga], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "CAPS", dict.fromkeys(failures.CAPS, 2))
    assert sum(group.number for group in failures.failure_groups(failures.STUCK)) == 2


def test_the_page_lists_the_largest_first_and_acts_on_a_group(cast: Cast, failed: list[Saga]) -> None:
    browser = cast.operator.browser
    page = " ".join(browser.get(PAGE).content.decode().split())
    assert page.index("order # (#) is locked") < page.index("order # is locked")
    assert "card # is blocked" not in page
    group = failures.failure_groups(failures.STUCK)[0]
    preview = browser.post(reverse("console:choose_bulk"), {"act": "retry", "group": group.key})
    assert "Retry 2 sagas" in preview.content.decode()
    draft = Bulk.objects.get()
    assert [item.saga_id for item in draft.items.all()] == [failed[0].pk, failed[1].pk]
    assert draft.selection["group"] == {
        "definition": "place-order", "step": "reserve-stock", "direction": "compensation", "code": "closed",
        "error": "order # (#) is locked",
    }  # fmt: skip


def test_a_group_that_is_no_more_is_said(cast: Cast, failed: list[Saga]) -> None:
    response = cast.operator.browser.post(reverse("console:choose_bulk"), {"act": "retry", "group": "0" * 32})
    assert response.status_code == 400
    assert "No saga fits these filters any more." in response.content.decode()


def test_what_went_back_is_shown_without_acts_and_a_viewer_has_none(cast: Cast, failed: list[Saga]) -> None:
    back = cast.operator.browser.get(PAGE, {"kind": "went_back"}).content.decode()
    assert "card # is blocked" in back
    assert 'name="group"' not in back
    assert 'name="act"' not in cast.viewer.browser.get(PAGE).content.decode()


def test_empty_states_say_so(cast: Cast) -> None:
    assert "Nothing is stuck" in cast.viewer.browser.get(PAGE).content.decode()
    assert "No saga went back" in cast.viewer.browser.get(PAGE, {"kind": "went_back"}).content.decode()
