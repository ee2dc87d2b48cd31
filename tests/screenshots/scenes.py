"""What the pages show: orders that went well, orders that went back, some that need a person, one rule in force."""

import time
from typing import Any

from tests.console.browser import Demo

PATIENCE_SECONDS = 60
ORDERS: tuple[dict[str, Any], ...] = (
    *[{}] * 14,
    *[{"region": "moon"}] * 4,
    {"sku": "SKU-EMPTY"},
    {"card": "card-low", "amount": 5_000},
)
STUCK = ("RETRY-ME", "REFUSED-1", "REFUSED-2")


def fill(demo: Demo) -> dict[str, str]:
    """Launch the sagas and wait until they are where they should be; ids of some by their business keys."""
    keys = {saga["business_key"]: saga["id"] for saga in demo.api("GET", "/sagas?limit=200")["items"]}
    if STUCK[0] in keys:
        return keys
    for number, order in enumerate(ORDERS, start=1041):
        demo.launch(f"ORDER-{number}", **order)
    refuse = {"step": "charge-card", "direction": "compensation", "kind": "refuse", "expires_in": 60}
    rule = demo.api("POST", "/faults", refuse)
    stuck = [demo.launch(key, region="moon") for key in STUCK]
    for saga_id in stuck:
        wait_for(demo, saga_id, "stuck")
    demo.api("DELETE", f"/faults/{rule['id']}")
    demo.api("POST", f"/sagas/{stuck[0]}/notes", {"text": "The bank has been told, ticket 4711."})
    with_approval(demo, "APPROVE-1", 60_000)
    document = demo.api("GET", "/definitions/place-order")["document"]
    document["steps"][1]["timeout"] = 8
    demo.api("POST", "/definitions", document)
    demo.api("POST", "/definitions?draft=1", document | {"title": "With a longer deadline", "deadline": 900})
    demo.api("POST", f"/sagas/{stuck[2]}/pause", {"reason": "until the bank answers"})
    demo.api("POST", "/faults", {"step": "book-carrier", "kind": "delay", "delay": 2, "expires_in": 900})
    demo.launch("SLOW-1")
    return {saga["business_key"]: saga["id"] for saga in demo.api("GET", "/sagas?limit=200")["items"]}


def with_approval(demo: Demo, order: str, amount: int) -> str:
    wanted = {"order_id": order, "sku": "SKU-1", "qty": 1, "card": "card-1", "amount": amount, "region": "north"}
    saga: dict[str, Any] = demo.api("POST", "/sagas", {"definition": "order-with-approval", "input": wanted})
    return str(saga["id"])


def wait_for(demo: Demo, saga_id: str, status: str) -> None:
    """Return when the saga has that status."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while demo.api("GET", f"/sagas/{saga_id}")["status"] != status:
        assert time.monotonic() < ends, f"{saga_id} is not {status}"
        time.sleep(0.1)
