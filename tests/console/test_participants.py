"""The participants' page."""

from orchestration.models import Participant, SagaDefinition
from tests.cast import Cast


def test_each_participant_with_its_address_and_who_needs_it(cast: Cast, definition: SagaDefinition) -> None:
    rows = dict(cast.viewer.browser.get("/participants/").context["rows"])
    assert {participant.name: users for participant, users in rows.items()} == {
        "inventory": ["place-order"], "payments": ["place-order"],
    }  # fmt: skip


def test_secrets_are_not_shown(cast: Cast, definition: SagaDefinition) -> None:
    Participant.objects.update(secret="a-very-secret-word")
    assert "a-very-secret-word" not in cast.viewer.browser.get("/participants/").content.decode()
