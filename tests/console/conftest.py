"""What the console's tests share: the cast, a definition, and sagas in any state."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, sync_playwright

from orchestration.core.saga_state import Stuck
from orchestration.definitions import publish_definition
from orchestration.models import Participant, Saga, SagaDefinition
from tests.cast import Cast, make_cast
from tests.console.browser import SWITCHES, Demo, Tab, chromium_of_this_machine, log_in, running_demo
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

# Every way a saga can go: steps side by side, a condition, an approval, a pivot, a timer.
BIG = {
    "name": "big-order",
    "business_key": "order_id",
    "deadline": 3600,
    "steps": [
        {"name": "create", "participant": "inventory", "action": "/create", "compensation": "/cancel"},
        {
            "parallel": [
                {"name": "reserve", "participant": "inventory", "action": "/reserve", "compensation": "/release"},
                {
                    "name": "wrap", "participant": "inventory", "action": "/wrap", "compensation": "/unwrap",
                    "when": "input.gift",
                },
                {"name": "greet", "participant": "inventory", "action": "/greet", "compensation": "none"},
            ]
        },
        {"name": "approve", "approval": {"permission": "approve_saga", "timeout": 900}},
        {
            "name": "charge", "participant": "payments", "action": "/charge", "compensation": "/refund", "pivot": True,
            "payload": "{amount: input.qty}",
        },
        {"name": "cool-down", "wait": 60},
        {"name": "ship", "participant": "payments", "action": "/ship", "payload": "{qty: input.qty}"},
    ],
}  # fmt: skip
BEFORE_APPROVAL = ["succeeded", "succeeded", "skipped", "succeeded"]


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


@pytest.fixture
def big(definition: SagaDefinition, cast: Cast) -> SagaDefinition:
    return publish_definition(document=BIG, actor=cast.admin.actor).definition


@pytest.fixture
def undecided(big: SagaDefinition) -> Saga:
    """Waits for an approval, for 15 minutes at most."""
    now = timezone.now()
    waits = {"approve": {"started_at": now, "due_at": now + timedelta(seconds=900)}}
    steps = [*BEFORE_APPROVAL, "waiting", "pending", "pending", "pending"]
    return make_saga(big, "running", steps, of_steps=waits, business_key="BIG-1")


@pytest.fixture
def doubtful(big: SagaDefinition) -> Saga:
    """Stuck: nobody knows whether its pivot took effect."""
    steps = [*BEFORE_APPROVAL, "succeeded", "failed", "pending", "pending"]
    return make_saga(
        big, "stuck", steps, of_steps={"charge": {"in_doubt": True}}, business_key="BIG-2",
        stuck_code=Stuck.PIVOT_IN_DOUBT, stuck_reason="charge: nobody knows whether the pivot took effect",
    )  # fmt: skip


@pytest.fixture
def past_pivot(big: SagaDefinition) -> Saga:
    """Stuck on its last step, past the pivot: only forward."""
    steps = [*BEFORE_APPROVAL, "succeeded", "succeeded", "succeeded", "failed"]
    return make_saga(
        big, "stuck", steps, business_key="BIG-3", of_steps={"ship": {"error": {"message": "no ship", "code": "no"}}},
        stuck_code=Stuck.PAST_PIVOT, stuck_reason="ship: failed past the pivot, from where the saga only goes forward",
    )  # fmt: skip


@pytest.fixture(scope="package")
def chromium_path() -> str:
    return chromium_of_this_machine()


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def demo(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One for all files that use a browser: they run in one process."""
    data_dir: Path = tmp_path_factory.mktemp("demo")
    with running_demo(data_dir) as running:
        yield running


@pytest.fixture
def operator(chromium: Browser, demo: Demo) -> Iterator[Tab]:
    tab = log_in(chromium, demo, "operator")
    yield tab
    tab.page.context.close()


@pytest.fixture
def admin(chromium: Browser, demo: Demo) -> Iterator[Tab]:
    tab = log_in(chromium, demo, "admin")
    yield tab
    tab.page.context.close()


@pytest.fixture
def no_faults(demo: Demo) -> Iterator[None]:
    yield
    for rule in demo.api("GET", "/faults")["items"]:
        demo.api("DELETE", f"/faults/{rule['id']}")
