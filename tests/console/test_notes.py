"""Notes: taken at any time by those who may, shown newest first, inert."""

from typing import Any

from django.urls import reverse

from orchestration.models import Event, Saga, SagaDefinition
from orchestration.operator_actions import MAX_NOTE
from tests.cast import Cast
from tests.console.rows import make_saga

HTMX = {"HX-Request": "true"}


def keep(cast: Cast, saga: Saga, text: str, name: str = "operator", **more: Any) -> Any:
    address = reverse("console:notes", args=[saga.pk])
    return getattr(cast, name).browser.post(address, {"text": text}, headers=HTMX, **more)


def html_of(cast: Cast, saga: Saga, name: str = "operator") -> str:
    return str(getattr(cast, name).browser.get(reverse("console:saga", args=[saga.pk])).content.decode())


def test_a_note_is_kept_told_and_shown(cast: Cast, stuck: Saga) -> None:
    response = keep(cast, stuck, "the warehouse\nwas asked")
    assert '"message": "Note kept"' in response["HX-Trigger"]
    assert response.content.decode().count("the warehouse") == 0  # the form comes back empty
    html = html_of(cast, stuck)
    assert "the warehouse\nwas asked" in html
    assert "<b>operator</b>" in html
    assert Event.objects.get(saga=stuck, kind="note").actor == "operator"


def test_the_newest_note_stands_first(cast: Cast, stuck: Saga) -> None:
    for text in ("first", "second"):
        keep(cast, stuck, text)
    notes = cast.viewer.browser.get(reverse("console:saga", args=[stuck.pk])).context["notes"]
    assert [note.reason for note in notes] == ["second", "first"]


def test_an_ended_saga_takes_notes(cast: Cast, definition: SagaDefinition) -> None:
    saga = make_saga(definition, "completed", ["succeeded"] * 3)
    assert "HX-Trigger" in keep(cast, saga, "it was late")
    assert "it was late" in html_of(cast, saga)


def test_a_note_that_cannot_be_kept_stays_typed(cast: Cast, stuck: Saga) -> None:
    too_long = "x" * (MAX_NOTE + 1)
    response = keep(cast, stuck, too_long)
    assert response.status_code == 400
    assert too_long in response.content.decode()
    assert keep(cast, stuck, "  ").status_code == 400
    assert not Event.objects.filter(kind="note").exists()


def test_a_viewer_reads_notes_and_writes_none(cast: Cast, stuck: Saga) -> None:
    keep(cast, stuck, "<script>alert(1)</script>")
    html = html_of(cast, stuck, "viewer")
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
    assert "Your role may read notes, not write them." in html
    assert keep(cast, stuck, "mine", "viewer").status_code == 403


def test_without_htmx_a_note_leads_back_to_the_saga(cast: Cast, stuck: Saga) -> None:
    address = reverse("console:notes", args=[stuck.pk])
    assert "Note kept" in cast.operator.browser.post(address, {"text": "seen"}, follow=True).content.decode()
    wrong = cast.operator.browser.post(address, {"text": ""})
    assert wrong.status_code == 400
    assert wrong.content.decode().count("<h1") == 1
