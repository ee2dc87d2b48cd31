"""What the console's tests share: the cast, a definition, and sagas in any state."""

import pytest

from orchestration.definitions import publish_definition
from orchestration.models import Participant, Saga, SagaDefinition
from tests.cast import Cast, make_cast
from tests.console.rows import make_saga

DOCUMENT = {
    "name": "place-order",
    "title": "Place an order",
    "business_key": "order_id",
    "input_schema": {
        "type": "object",
        "required": ["order_id", "qty"],
        "properties": {
            "order_id": {"type": "string", "title": "Order number", "pattern": "^[A-Z0-9-]+$"},
            "qty": {"type": "integer", "minimum": 1, "maximum": 9, "default": 2},
            "gift": {"type": "boolean"},
            "weight": {"type": "number"},
            "size": {"enum": [1, "large"]},
            "lines": {"type": "array", "items": {"type": "object", "required": ["sku"]}},
        },
    },
    "steps": [
        {"name": "reserve-stock", "participant": "inventory", "action": "/reserve", "compensation": "/release"},
        {"name": "charge-card", "participant": "payments", "action": "/charge", "compensation": "/refund"},
        {"name": "send-mail", "participant": "payments", "action": "/mail"},
    ],
}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def definition(cast: Cast) -> SagaDefinition:
    for name in ("inventory", "payments"):
        Participant.objects.create(name=name, transport="http", base_url=f"http://127.0.0.1:9/{name}")
    return publish_definition(document=DOCUMENT, actor=cast.admin.actor).definition


@pytest.fixture
def stuck(definition: SagaDefinition) -> Saga:
    """Stuck on the undo of its first step; the second is undone."""
    return make_saga(definition, "stuck", ["compensation_failed", "compensated", "pending"], business_key="ORDER-7")
