"""Restart-from in the console: what follows is shown first, and both sagas tell of each other."""

from typing import Any

import pytest
from django.urls import reverse

from orchestration.core.saga_state import Stuck
from orchestration.definitions import publish_definition
from orchestration.models import Saga, SagaDefinition
from tests.cast import Cast
from tests.console.conftest import DOCUMENT
from tests.console.rows import make_saga
from tests.console.test_act_details import dialog, post
from tests.console.test_stages import page


@pytest.fixture
def held(definition: SagaDefinition) -> Saga:
    """reserve-stock is done, charge-card has failed in all its tries."""
    held: dict[str, Any] = {
        "stuck_code": Stuck.HELD,
        "stuck_reason": "charge-card: 3 tries are spent and the definition says hold",
    }
    return make_saga(definition, "stuck", ["succeeded", "failed", "pending"], business_key="ORDER-8", **held)


def newer(cast: Cast) -> None:
    steps = [*DOCUMENT["steps"][:2], {"name": "post-letter", "participant": "payments", "action": "/letter"}]  # type: ignore[index]
    publish_definition(document=DOCUMENT | {"steps": steps}, actor=cast.admin.actor)


def test_the_preview_names_the_step_and_the_calls_on_either_version(cast: Cast, held: Saga) -> None:
    newer(cast)
    response = dialog(cast, held, "restart-from")
    html = response.content.decode()
    assert "This saga ends, and a new one takes over: it begins at charge-card." in html
    assert [call.step for call in response.context["preview"].calls] == ["charge-card", "send-mail"]
    assert "1, as before" in html
    chosen = dialog(cast, held, "restart-from", part="foreseen", version="2", step="charge-card")
    assert [call.step for call in chosen.context["preview"].calls] == ["charge-card", "post-letter"]


def test_done_the_old_page_leads_to_the_new_saga_and_back(cast: Cast, held: Saga) -> None:
    newer(cast)
    assert post(cast, held, "restart-from", step="charge-card", version="2").status_code == 204
    held.refresh_from_db()
    new = Saga.objects.get(restarted_from_id=held.pk)
    assert (held.status, new.definition.version, new.launched_by) == ("abandoned", 2, "operator")
    old_page, new_page = page(cast, held), page(cast, new)
    assert "A new saga has taken over" in old_page.content.decode()
    assert reverse("console:saga", args=[new.pk]) in old_page.content.decode()
    assert old_page.context["open_effects"] == []
    assert new_page.content.decode().count(reverse("console:saga", args=[held.pk])) == 2
    assert new_page.context["open_effects"] == ["reserve-stock"]


@pytest.mark.parametrize("version", ["9", "0", "x"])
def test_a_version_that_there_is_not_is_said_at_its_field(cast: Cast, held: Saga, version: str) -> None:
    response = post(cast, held, "restart-from", step="charge-card", version=version)
    assert response.status_code == 400
    assert response.context["form"].errors["version"]
    assert Saga.objects.count() == 1


def test_a_viewer_may_not(cast: Cast, held: Saga) -> None:
    assert post(cast, held, "restart-from", "viewer", step="charge-card", version="1").status_code == 403
