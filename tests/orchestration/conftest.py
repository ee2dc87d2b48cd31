"""What the tests of the orchestrator share: the cast, and a definition to launch."""

from typing import Any

import pytest

from orchestration.definitions import publish_definition
from orchestration.models import Participant, SagaDefinition
from tests.cast import Cast, make_cast
from tests.orchestration.scripted import WORLD, World


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def participants(db: None) -> None:
    for name in ("inventory", "payments"):
        Participant.objects.create(name=name, transport="http", base_url=f"http://127.0.0.1:9/{name}")


@pytest.fixture
def document() -> dict[str, Any]:
    """A definition document with two steps."""
    return {
        "name": "place-order",
        "title": "Place an order",
        "business_key": "order_id",
        "input_schema": {
            "type": "object",
            "required": ["order_id"],
            "properties": {"order_id": {"type": "string"}, "qty": {"type": "integer", "minimum": 1}},
        },
        "steps": [
            {"name": "reserve-stock", "participant": "inventory", "action": "/reserve", "compensation": "/release"},
            {"name": "charge-card", "participant": "payments", "action": "/charge", "compensation": "/refund"},
        ],
    }


@pytest.fixture
def place_order(participants: None, cast: Cast, document: dict[str, Any]) -> SagaDefinition:
    return publish_definition(document=document, actor=cast.admin.actor).definition


@pytest.fixture
def engine(transactional_db: None) -> World:
    """An empty database with real transactions, and participants that follow a script."""
    WORLD.calls.clear()
    WORLD.commands.clear()
    WORLD.script.clear()
    return WORLD
