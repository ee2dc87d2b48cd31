"""Definitions: list, page, versions and their difference, figures, publishing and drafting a document."""

import json
from copy import deepcopy
from typing import Any

from django.urls import reverse

from orchestration.console.document_view import ordered
from orchestration.console.version_difference import of_documents
from orchestration.console.yaml_lines import placed
from orchestration.core.definitions import Problem
from orchestration.models import DefinitionDraft, SagaDefinition
from tests.cast import Cast
from tests.console.conftest import BIG, DOCUMENT
from tests.console.rows import make_attempt, make_saga


def publish(cast: Cast, document: Any, name: str = "admin") -> Any:
    text = document if isinstance(document, str) else json.dumps(document)
    return getattr(cast, name).browser.post(reverse("console:new_definition"), {"document": text})


def test_an_empty_list_says_what_a_definition_is(cast: Cast) -> None:
    assert "No definition yet" in cast.viewer.browser.get("/definitions/").content.decode()


def test_the_page_shows_graph_table_and_document(cast: Cast, definition: SagaDefinition) -> None:
    html = cast.viewer.browser.get("/definitions/place-order/").content.decode()
    assert html.count('class="box"') == 3
    assert "nothing to undo" in html
    assert "name: place-order" in html
    assert "Launch" not in html.split("<main")[1].split("</h1>")[1].split("</div>")[0]


def test_versions_stay_readable(cast: Cast, definition: SagaDefinition) -> None:
    changed = deepcopy(DOCUMENT) | {"title": "Place an order, better"}
    assert publish(cast, changed)["Location"] == "/definitions/place-order/"
    assert "Place an order, better" in cast.viewer.browser.get("/definitions/place-order/").content.decode()
    assert "Place an order, better" not in cast.viewer.browser.get("/definitions/place-order/1/").content.decode()
    assert cast.viewer.browser.get("/definitions/place-order/3/").status_code == 404


def test_a_wrong_document_is_refused_with_the_places(cast: Cast, definition: SagaDefinition) -> None:
    wrong = deepcopy(DOCUMENT) | {"deadline": -1, "surprise": 1}
    response = publish(cast, wrong)
    html = response.content.decode()
    assert response.status_code == 400
    assert "<code>deadline</code>" in html
    assert "<code>surprise</code>" in html
    assert "&quot;surprise&quot;" in html  # nothing typed is lost
    assert SagaDefinition.objects.count() == 1


def test_only_the_admin_publishes(cast: Cast, definition: SagaDefinition) -> None:
    assert publish(cast, DOCUMENT, "operator").status_code == 403
    assert cast.operator.browser.get(reverse("console:new_definition")).status_code == 403


def test_an_empty_form_is_refused(cast: Cast) -> None:
    assert "Paste a document or choose a file." in publish(cast, " ").content.decode()


def test_documents_are_shown_in_the_order_people_write_them() -> None:
    shown = ordered({"steps": [{"action": "/a", "name": "a"}], "name": "x", "input_schema": {
        "properties": {"b": {}, "a": {}}, "required": ["a"], "type": "object"}})  # fmt: skip
    assert list(shown) == ["name", "input_schema", "steps"]
    assert list(shown["steps"][0]) == ["name", "action"]
    assert list(shown["input_schema"]["properties"]) == ["a", "b"]


def test_what_changed_between_two_versions(cast: Cast, definition: SagaDefinition) -> None:
    changed = deepcopy(DOCUMENT)
    changed["steps"][1]["timeout"] = 9  # type: ignore[index]  # a list of steps
    changed["steps"].insert(0, {"name": "greet", "participant": "inventory", "action": "/greet"})  # type: ignore[attr-defined]
    publish(cast, changed)
    response = cast.viewer.browser.get("/definitions/place-order/1/2/")
    found = {item.place for item in response.context["differences"].items}
    assert "steps.charge-card.timeout" in found
    assert "steps.greet" in found
    assert not any(place.startswith("steps.charge-card.") for place in found - {
        "steps.charge-card.timeout", "steps.charge-card.place"})  # fmt: skip
    added = [line.text.strip() for line in response.context["lines"] if line.kind == "added"]
    assert "timeout: 9" in added
    assert cast.viewer.browser.get("/definitions/place-order/1/7/").status_code == 404
    assert "/definitions/place-order/1/2/" in cast.viewer.browser.get("/definitions/place-order/").content.decode()


def test_steps_side_by_side_are_compared_by_name_too() -> None:
    changed = deepcopy(BIG)
    changed["steps"][1]["parallel"][0]["action"] = "/hold"  # type: ignore[index]  # a list of steps
    assert [item.place for item in of_documents(BIG, changed).items] == ["steps.reserve.action"]


def test_each_step_has_its_figures(cast: Cast, definition: SagaDefinition) -> None:
    saga = make_saga(definition, "completed", ["succeeded"] * 3)
    for number, outcome in enumerate(("refused", "succeeded", "succeeded", "succeeded", "accepted"), start=1):
        make_attempt(saga, 0, outcome, number=number)
    make_attempt(saga, 0, "succeeded", direction="compensation")
    first, second, *_others = cast.viewer.browser.get("/definitions/place-order/").context["figures"]
    assert (first.action.calls, first.action.rate, first.undo.calls) == (4, 75, 1)
    assert (second.action, second.undo) == (None, None)


def test_a_wrong_document_is_refused_at_the_line(cast: Cast, definition: SagaDefinition) -> None:
    text = "name: place-order\nsteps:\n  - name: pay\n    participant: payments\n    action: /pay\n    timeout: -4\n"
    response = publish(cast, text)
    [problem] = [one for one in response.context["problems"] if "timeout" in one.place]
    assert (problem.line, problem.text) == (6, "timeout: -4")
    assert 'data-line="6"' in response.content.decode()
    [broken] = publish(cast, "name: x\n  steps: [").context["problems"]
    assert broken.line == 2


def test_a_place_that_is_not_there_is_shown_where_it_would_be() -> None:
    text = "name: x\nsteps:\n  - name: a\n  - name: b\n"
    places = ["steps[1].participant", "steps[0]", "deadline", "", "steps[9].name"]
    assert [one.line for one in placed([Problem(place, "is missing") for place in places], text)] == [
        4, 3, None, None, 2,
    ]  # fmt: skip


def test_a_draft_is_kept_edited_and_published(cast: Cast, definition: SagaDefinition) -> None:
    browser = cast.admin.browser
    text = json.dumps(DOCUMENT | {"title": "Better"}) + "  # as it was typed"
    address = reverse("console:new_definition")
    assert browser.post(address, {"document": text, "draft": "1"})["Location"] == "/definitions/"
    assert SagaDefinition.objects.count() == 1
    assert "draft-place-order" in cast.viewer.browser.get("/definitions/").content.decode()
    assert "as it was typed" in browser.get(f"{address}?draft=place-order").content.decode()
    assert cast.operator.browser.post("/drafts/place-order/publish/").status_code == 403
    browser.post("/drafts/place-order/publish/")
    assert SagaDefinition.objects.latest("version").title == "Better"
    assert not DefinitionDraft.objects.exists()
    assert browser.post("/drafts/place-order/drop/").status_code == 404


def test_a_draft_is_dropped_and_a_wrong_one_is_not_kept(cast: Cast, definition: SagaDefinition) -> None:
    browser, address = cast.admin.browser, reverse("console:new_definition")
    assert browser.post(address, {"document": "name: x", "draft": "1"}).status_code == 400
    browser.post(address, {"document": json.dumps(DOCUMENT), "draft": "1"})
    browser.post("/drafts/place-order/drop/")
    assert not DefinitionDraft.objects.exists()
