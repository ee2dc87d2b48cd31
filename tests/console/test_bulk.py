"""Bulk acts in the console: choose, look, start, watch, steer."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from orchestration import bulk as bulk_acts
from orchestration.bulk.making import Chosen
from orchestration.models import AuditEntry, Bulk, Saga, SagaDefinition
from tests.cast import Cast
from tests.console.rows import make_saga

CHOOSE = reverse("console:choose_bulk")
STUCK = ["compensation_failed", "compensated", "pending"]


@pytest.fixture
def three(definition: SagaDefinition) -> list[Saga]:
    return [make_saga(definition, "stuck", STUCK, business_key=f"ORDER-{number}") for number in range(3)]


@pytest.fixture
def ended(definition: SagaDefinition) -> Saga:
    return make_saga(definition, "compensated", ["compensated", "compensated", "pending"], business_key="ENDED-1")


def ids(sagas: list[Saga]) -> list[str]:
    return [str(saga.pk) for saga in sagas]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def running(cast: Cast, sagas: list[Saga], act: str = "retry", **more: Any) -> Bulk:
    chosen = Chosen(ids=[saga.pk for saga in sagas])
    return bulk_acts.make(act, chosen=chosen, actor=cast.operator.actor, reason="the warehouse is back", **more)


def test_from_ticked_rows_to_a_started_bulk(cast: Cast, three: list[Saga], ended: Saga) -> None:
    browser = cast.operator.browser
    page = browser.post(CHOOSE, {"act": "retry", "saga": ids([*three, ended])})
    draft = Bulk.objects.get()
    assert (draft.status, draft.total) == ("draft", 4)
    for expected in ("Retry 4 sagas", "<b>3 of 4</b> fit now", "The saga has ended.", "reserve-stock", "3 calls"):
        assert expected in text(page)
    started = browser.post(reverse("console:start_bulk", args=[draft.pk]), {"reason": "go", "canary": "on"})
    assert started["Location"] == reverse("console:bulk", args=[draft.pk])
    draft.refresh_from_db()
    assert (draft.status, draft.reason, draft.canary, draft.actor, draft.via) == (
        "running", "go", True, "operator", "console",
    )  # fmt: skip


def test_a_second_click_starts_nothing_twice(cast: Cast, three: list[Saga]) -> None:
    browser = cast.operator.browser
    browser.post(CHOOSE, {"act": "retry", "saga": ids(three)})
    at = reverse("console:start_bulk", args=[Bulk.objects.get().pk])
    assert [browser.post(at, {"reason": "go"}).status_code for _click in range(2)] == [302, 302]
    assert AuditEntry.objects.filter(act="bulk", granted=True).count() == 1


def test_all_that_fit_are_those_of_the_filters_and_no_newer_ones(
    cast: Cast, three: list[Saga], ended: Saga, definition: SagaDefinition
) -> None:
    make_saga(definition, "stuck", STUCK, business_key="LATER")
    query = f"status=stuck&definition=place-order&age=1h&top={three[-1].pk}"
    cast.operator.browser.post(CHOOSE, {"act": "retry", "all": "1", "query": query, "saga": ids(three[:1])})
    draft = Bulk.objects.get()
    assert [item.saga_id for item in draft.items.all()] == [saga.pk for saga in three]
    assert draft.selection["filter"].keys() == {"status", "definition", "created_after"}


@pytest.mark.parametrize(
    ("posted", "why"),
    [
        ({}, "Nothing is selected"), ({"saga": "no id"}, "Nothing is selected"),
        ({"all": "1", "query": "status=running"}, "No saga fits these filters any more."),
        ({"all": "1", "query": "colour=red"}, "unknown parameter"),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_said(cast: Cast, posted: dict[str, str], why: str) -> None:
    response = cast.operator.browser.post(CHOOSE, {"act": "retry", **posted})
    assert response.status_code == 400
    assert why in text(response)
    assert not Bulk.objects.exclude(total=0).exists()


def test_where_nothing_fits_there_is_no_button_to_start_it(cast: Cast, ended: Saga) -> None:
    page = text(cast.operator.browser.post(CHOOSE, {"act": "retry", "saga": ids([ended])}))
    assert "None of them fits now" in page
    assert "/start/" not in page


def test_a_reason_is_needed_and_nothing_typed_is_lost(cast: Cast, three: list[Saga]) -> None:
    browser = cast.operator.browser
    browser.post(CHOOSE, {"act": "retry", "saga": ids(three)})
    at = reverse("console:start_bulk", args=[Bulk.objects.get().pk])
    response = browser.post(at, {"reason": "", "canary": "on"})
    assert response.status_code == 400
    assert "This field is required." in text(response)
    assert 'name="canary" id="id_canary" checked' in text(response)
    assert Bulk.objects.get().status == "draft"


def test_to_abandon_the_number_is_typed(cast: Cast, three: list[Saga]) -> None:
    browser = cast.admin.browser
    page = browser.post(CHOOSE, {"act": "abandon", "saga": ids(three)})
    assert "Type the number of sagas, 3, to confirm" in text(page)
    at = reverse("console:start_bulk", args=[Bulk.objects.get().pk])
    assert browser.post(at, {"reason": "go", "confirm": "2"}).status_code == 400
    assert browser.post(at, {"reason": "go", "confirm": "3"}).status_code == 302


def test_what_somebody_else_looked_at_is_not_started(cast: Cast, three: list[Saga]) -> None:
    cast.operator.browser.post(CHOOSE, {"act": "retry", "saga": ids(three)})
    at = reverse("console:start_bulk", args=[Bulk.objects.get().pk])
    response = cast.admin.browser.post(at, {"reason": "go"})
    assert response.status_code == 400
    assert "This preview is too old." in text(response)


def test_a_viewer_sees_all_of_it_and_why_they_may_not(cast: Cast, three: list[Saga]) -> None:
    one, browser = running(cast, three), cast.viewer.browser
    listed = text(browser.get(reverse("console:sagas")))
    assert listed.count("Your role does not allow this act.") >= 8
    assert 'name="act"' not in listed
    assert browser.post(CHOOSE, {"act": "retry", "saga": ids(three)}).status_code == 403
    page = text(browser.get(reverse("console:bulk", args=[one.pk])))
    assert "Your role does not allow this act." in page
    assert "ORDER-2" in page
    assert browser.post(reverse("console:steer_bulk", args=[one.pk, "pause"])).status_code == 403
    assert cast.stranger.browser.get(reverse("console:bulk", args=[one.pk])).status_code == 403
    assert Client().get(reverse("console:bulks")).status_code == 302


def test_the_page_shows_progress_results_and_what_failed_again(cast: Cast, three: list[Saga], ended: Saga) -> None:
    one = running(cast, [*three, ended])
    at = reverse("console:bulk", args=[one.pk])
    assert "0 of 4" in text(cast.viewer.browser.get(at))
    bulk_acts.work(seconds=60, stop=lambda: False)
    Saga.objects.filter(pk=three[0].pk).update(
        status="stuck", stuck_reason="again", revision=99, drain_id=None, due_at=None
    )
    page = text(cast.viewer.browser.get(at))
    assert "4 of 4" in page
    assert "The saga has ended." in page
    assert "1 failed again" in page
    narrowed = text(cast.viewer.browser.get(at, {"result": "failed_again"}))
    assert "ORDER-0" in narrowed
    assert "ORDER-1" not in narrowed


def test_its_items_are_paged(cast: Cast, definition: SagaDefinition, monkeypatch: pytest.MonkeyPatch) -> None:
    sagas = [make_saga(definition, "stuck", STUCK, business_key=f"PAGED-{number:02}") for number in range(52)]
    at = reverse("console:bulk", args=[running(cast, sagas).pk])
    first = cast.viewer.browser.get(at)
    assert "PAGED-51" not in text(first)
    cursor = first.context["sheet"].page.next_cursor
    rest = text(cast.viewer.browser.get(at, {"cursor": cursor}))
    assert "PAGED-50" in rest
    assert "PAGED-49" not in rest
    assert cast.viewer.browser.get(at, {"cursor": "x"}).status_code == 404


def test_it_is_steered_from_its_page(cast: Cast, three: list[Saga]) -> None:
    one, browser = running(cast, three), cast.operator.browser
    at = reverse("console:bulk", args=[one.pk])
    for how, status, offered in (("pause", "paused", "Resume"), ("resume", "running", "Pause")):
        assert browser.post(reverse("console:steer_bulk", args=[one.pk, how]))["Location"] == at
        one.refresh_from_db()
        assert one.status == status
        assert offered in text(browser.get(at))
    question = text(browser.get(reverse("console:cancel_bulk", args=[one.pk])))
    assert "3 sagas are left as they are" in question
    told = browser.post(reverse("console:steer_bulk", args=[one.pk, "cancel"]), headers={"HX-Request": "true"})
    assert "Cancelled" in told["HX-Trigger"]
    again = browser.post(reverse("console:steer_bulk", args=[one.pk, "resume"]), headers={"HX-Request": "true"})
    assert "it has ended already" in again["HX-Trigger"]
    assert browser.post(reverse("console:steer_bulk", args=[one.pk, "explode"])).status_code == 404


def test_it_says_when_no_worker_comes_and_why_it_halted(cast: Cast, three: list[Saga]) -> None:
    one, browser = running(cast, three), cast.viewer.browser
    at = reverse("console:bulk", args=[one.pk])
    assert "No worker takes it up" not in text(browser.get(at))
    Bulk.objects.filter(pk=one.pk).update(due_at=one.created_at - timedelta(seconds=30))
    assert "No worker takes it up" in text(browser.get(at))
    Bulk.objects.filter(pk=one.pk).update(status="halted", due_at=None, halted_because="failures")
    assert "It has halted itself" in text(browser.get(at))
    Bulk.objects.filter(pk=one.pk).update(status="completed", finished_at=Now())
    assert "It has halted itself" not in text(browser.get(reverse("console:bulks")))


def test_the_list_has_every_bulk_but_no_draft(cast: Cast, three: list[Saga]) -> None:
    running(cast, three, "pause")
    cast.operator.browser.post(CHOOSE, {"act": "retry", "saga": ids(three)})
    page = text(cast.viewer.browser.get(reverse("console:bulks")))
    assert "Pause 3 sagas" in page
    assert "Retry 3 sagas" not in page


def test_an_unknown_one_is_404(cast: Cast, three: list[Saga]) -> None:
    draft = bulk_acts.draft("retry", chosen=Chosen(ids=[three[0].pk]), actor=cast.operator.actor)
    assert cast.admin.browser.get(reverse("console:bulk", args=[draft.pk])).status_code == 404
    assert cast.admin.browser.post(CHOOSE, {"act": "explode"}).status_code == 404
