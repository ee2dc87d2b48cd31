"""What the console's tests share: the cast, a definition, and sagas in any state."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

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


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests with real transactions empty the tables by TRUNCATE, which the audit table forbids. Only here, it may."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orchestration_auditentry DISABLE TRIGGER audit_is_never_emptied")


@pytest.fixture(autouse=True)
def static_root(settings: Any, tmp_path: Path) -> None:
    """WhiteNoise warns when the folder of collected files is missing, as it is in a fresh clone."""
    settings.STATIC_ROOT = tmp_path


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
