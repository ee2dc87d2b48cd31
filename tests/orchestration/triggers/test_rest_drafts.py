"""Drafts: kept, looked at, published, dropped."""

import pytest

from orchestration.models import AuditEntry, DefinitionDraft, Participant, SagaDefinition

YAML = b"""
name: ship-it            # comments are kept in a draft
steps:
  - {name: pack, participant: inventory, action: /pack}
"""


@pytest.fixture
def draft(cast, participants):
    return cast.admin.api.send("POST", "/definitions?draft=1", YAML, "application/yaml")


def test_a_draft_is_kept_and_launches_nothing(cast, draft):
    assert (draft.status_code, draft.json()) == (201, {"name": "ship-it", "version": 1, "draft": True})
    assert not SagaDefinition.objects.exists()
    assert cast.operator.api.post("/sagas", {"definition": "ship-it", "input": {}}).status_code == 404
    found = cast.viewer.api.get("/drafts/ship-it").json()
    assert (found["text"], found["saved_by"]) == (YAML.decode(), "admin")
    assert found["document"]["steps"][0]["name"] == "pack"
    assert cast.viewer.api.get("/drafts").json() == {"items": [found], "next_cursor": None}


def test_a_newer_draft_takes_the_place_of_an_older_one(cast, draft):
    again = cast.admin.api.send("POST", "/definitions?draft=1", YAML + b"title: Ship\n", "application/yaml")
    assert again.status_code == 200
    assert DefinitionDraft.objects.get().document["title"] == "Ship"


def test_a_draft_becomes_the_next_version(cast, draft):
    published = cast.admin.api.post("/drafts/ship-it/publish")
    assert (published.status_code, published.json()) == (201, {"name": "ship-it", "version": 1})
    assert cast.admin.api.post("/drafts/ship-it/publish").status_code == 404
    same = cast.admin.api.send("POST", "/definitions?draft=1", YAML, "application/yaml")
    assert same.json()["version"] == 2
    assert cast.admin.api.post("/drafts/ship-it/publish").json() == {"name": "ship-it", "version": 1}


def test_a_draft_that_fits_no_more_stays_a_draft(cast, draft):
    Participant.objects.filter(name="inventory").delete()
    answer = cast.admin.api.post("/drafts/ship-it/publish")
    assert answer.status_code == 400
    assert "steps[0].participant" in answer.json()["error"]["fields"]
    assert DefinitionDraft.objects.count() == 1


def test_a_wrong_document_is_no_draft(cast, draft):
    answer = cast.admin.api.post("/definitions?draft=1", {"name": "ship-it", "steps": []})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["steps"])
    assert DefinitionDraft.objects.get().text == YAML.decode()
    assert cast.admin.api.post("/definitions?draft=2", {}).json()["error"]["fields"].keys() == {"draft"}


def test_a_draft_is_dropped(cast, draft):
    assert cast.admin.api.delete("/drafts/ship-it").status_code == 204
    assert cast.admin.api.delete("/drafts/ship-it").status_code == 404
    assert list(AuditEntry.objects.filter(subject="ship-it").order_by("id").values_list("act", flat=True)) == [
        "save draft", "drop draft",
    ]  # fmt: skip


def test_only_who_may_publish_drafts(cast, draft):
    api = cast.operator.api
    answers = (
        api.send("POST", "/definitions?draft=1", YAML, "application/yaml"), api.post("/drafts/ship-it/publish"),
        api.delete("/drafts/ship-it"),
    )  # fmt: skip
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert cast.stranger.api.get("/drafts").status_code == 403
    assert DefinitionDraft.objects.count() == 1
