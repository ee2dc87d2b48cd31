"""What the pages show: orders that went well, orders that went back, some that need a person, one rule in force."""

import hashlib
import time
from collections.abc import Callable
from typing import Any

import psycopg

from tests.console.browser import Demo

PATIENCE_SECONDS = 60
ORDERS: tuple[dict[str, Any], ...] = (
    *[{}] * 14,
    *[{"region": "moon"}] * 4,
    {"sku": "SKU-EMPTY"},
    {"card": "card-low", "amount": 5_000},
)
# The key under which these three are one failure group.
_ALIKE = "place-order|charge-card|compensation|injected_refusal|injected failure: refused"
GROUP = hashlib.md5(_ALIKE.encode(), usedforsecurity=False).hexdigest()
STUCK = ("RETRY-ME", "REFUSED-1", "REFUSED-2")
# Without a RabbitMQ nothing comes in; the page of refused messages has something to show all the same.
MESSAGE = "01980000-0000-7000-8000-000000000001"
MESSAGES = """
INSERT INTO orchestration_deadletter (id, digest, message_id, body, reply_to, correlation_id, sender, reason, times,
    state, handled_by, handled_at, handled_reason, corrected, copies_removed)
VALUES (%s, 'one', 'shop-4711', %s, '', '', 'shop', 'input.qty: must be 1 or more', 3, 'waiting', '', NULL, '', '',
    false),
    (gen_random_uuid(), 'two', 'shop-4709', %s, '', '', 'shop', 'not JSON', 1, 'discarded', 'operator', now(),
    'the shop sends it again', '', false)
"""


def fill(demo: Demo) -> dict[str, str]:
    """Launch the sagas and wait until they are where they should be; ids of some by their business keys."""
    keys = {saga["business_key"]: saga["id"] for saga in demo.api("GET", "/sagas?limit=200")["items"]}
    if STUCK[0] in keys:
        return keys | others(demo)
    shop = {"url": "http://127.0.0.1:9/hook", "events": ["stuck", "abandoned"]}
    demo.api("PUT", "/webhooks/shop", shop)
    for number, order in enumerate(ORDERS, start=1041):
        demo.launch(f"ORDER-{number}", **order)
    refuse = {"step": "charge-card", "direction": "compensation", "kind": "refuse", "expires_in": 60}
    rule = demo.api("POST", "/faults", refuse)
    stuck = [demo.launch(key, region="moon") for key in STUCK]
    for saga_id in stuck:
        wait_for(demo, saga_id, "stuck")
    demo.api("DELETE", f"/faults/{rule['id']}")
    demo.api("PUT", "/webhooks/shop", shop | {"enabled": False})
    demo.api("POST", f"/sagas/{stuck[0]}/notes", {"text": "The bank has been told, ticket 4711."})
    with_approval(demo, "APPROVE-1", 60_000)
    document = demo.api("GET", "/definitions/place-order")["document"]
    document["steps"][1]["timeout"] = 8
    demo.api("POST", "/definitions", document)
    demo.api("POST", "/definitions?draft=1", document | {"title": "With a longer deadline", "deadline": 900})
    demo.api("POST", f"/sagas/{stuck[2]}/pause", {"reason": "until the bank answers"})
    demo.api("POST", "/faults", {"step": "book-carrier", "kind": "delay", "delay": 2, "expires_in": 900})
    demo.launch("SLOW-1")
    ids = {saga["business_key"]: saga["id"] for saga in demo.api("GET", "/sagas?limit=200")["items"]}
    in_bulk(demo, [ids["REFUSED-1"], ids["ORDER-1041"], ids["ORDER-1055"]])
    with psycopg.connect(demo.facts["database_url"]) as connection:
        connection.execute(MESSAGES, [MESSAGE, b'{"definition": "place-order", "input": {"qty": 0}}', b"{qty: 1"])
    return ids | others(demo)


def in_bulk(demo: Demo, saga_ids: list[str]) -> None:
    """Retry them; only the first one fits."""
    made = demo.api("POST", "/bulk", {"act": "retry", "reason": "the bank answers again", "ids": saga_ids})
    until("the bulk has ended", lambda: demo.api("GET", f"/bulk/{made['id']}")["status"] == "completed")


def others(demo: Demo) -> dict[str, str]:
    """Ids of what is shown beside sagas."""
    with psycopg.connect(demo.facts["database_url"]) as connection:
        [(bulk,)] = connection.execute("SELECT id FROM orchestration_bulk ORDER BY id DESC LIMIT 1").fetchall()
    return {"BULK": str(bulk), "MESSAGE": MESSAGE, "GROUP": GROUP}


def with_approval(demo: Demo, order: str, amount: int) -> str:
    wanted = {"order_id": order, "sku": "SKU-1", "qty": 1, "card": "card-1", "amount": amount, "region": "north"}
    saga: dict[str, Any] = demo.api("POST", "/sagas", {"definition": "order-with-approval", "input": wanted})
    return str(saga["id"])


def wait_for(demo: Demo, saga_id: str, status: str) -> None:
    """Return when the saga has that status."""
    until(f"{saga_id} is {status}", lambda: demo.api("GET", f"/sagas/{saga_id}")["status"] == status)


def until(what: str, is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < ends, f"in vain: {what}"
        time.sleep(0.1)
