"""Definitions: list, page, publishing a document."""

import json
from copy import deepcopy
from typing import Any

from django.urls import reverse

from orchestration.console.document_view import ordered
from orchestration.models import SagaDefinition
from tests.cast import Cast
from tests.console.conftest import DOCUMENT


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
