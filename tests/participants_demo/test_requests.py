"""Requests that do not follow the protocol, and requests with a signature."""

import json
import time

import pytest

from participants_demo import signature
from tests.participants_demo.running import SECRET, Participant, new_saga

GOOD = {"saga_id": "s", "step": "a", "direction": "action", "input": {"sku": "SKU-1", "qty": 1}}
HEADERS = {"Idempotency-Key": "s:a:action", "Saga-Epoch": "1"}

MALFORMED = [
    pytest.param(b"", HEADERS, id="no body"),
    pytest.param(b"[1]", HEADERS, id="no object"),
    pytest.param(b'{"saga_id": NaN}', HEADERS, id="NaN"),
    pytest.param(b"[" * 100_000, HEADERS, id="too deep"),
    pytest.param(json.dumps({**GOOD, "step": ""}).encode(), HEADERS, id="empty step"),
    pytest.param(json.dumps({**GOOD, "saga_id": "s\0"}).encode(), HEADERS, id="NUL in the saga id"),
    pytest.param(json.dumps({**GOOD, "direction": "sideways"}).encode(), HEADERS, id="unknown direction"),
    pytest.param(json.dumps(GOOD).encode(), {"Saga-Epoch": "1"}, id="no key"),
    pytest.param(json.dumps(GOOD).encode(), {**HEADERS, "Idempotency-Key": "s:b:action"}, id="key of another step"),
    pytest.param(json.dumps(GOOD).encode(), {"Idempotency-Key": "s:a:action"}, id="no epoch"),
    pytest.param(json.dumps(GOOD).encode(), {**HEADERS, "Saga-Epoch": "-1"}, id="negative epoch"),
    pytest.param(json.dumps(GOOD).encode(), {**HEADERS, "Saga-Epoch": str(2**63)}, id="epoch too large"),
]


@pytest.mark.parametrize(("body", "headers"), MALFORMED)
def test_malformed_requests_are_refused_with_a_reason(inventory: Participant, body: bytes, headers: dict[str, str]):
    answer = inventory.http.post(inventory.url + "/reserve", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_an_action_at_the_path_of_a_compensation(inventory: Participant):
    assert inventory.call("/release", new_saga(), GOOD["input"]).status_code == 400


def test_unknown_paths_wrong_methods_and_large_bodies(inventory: Participant):
    http, url = inventory.http, inventory.url
    assert http.post(url + "/nothing", content=b"{}").json()["code"] == "unknown_path"
    assert http.get(url + "/reserve").json()["code"] == "wrong_method"
    assert http.post(url + "/reserve", content=b" " * 5_000_000, headers=HEADERS).status_code == 413


def test_healthz_names_the_participant(participants: dict[str, Participant]):
    for name, participant in participants.items():
        assert participant.get("/healthz") == {"status": "ok", "participant": name}


def post_signed(participant: Participant, *, body: bytes, signed: bytes, stamp: int) -> int:
    headers = {
        **HEADERS,
        "webhook-id": "m1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature.sign(secret=SECRET, message_id="m1", stamp=str(stamp), body=signed),
    }
    return int(participant.http.post(participant.url + "/reserve", content=body, headers=headers).status_code)


def test_a_signed_request_is_taken(signed_inventory: Participant):
    body = json.dumps(GOOD).encode()
    assert post_signed(signed_inventory, body=body, signed=body, stamp=int(time.time())) == 200


def test_without_a_right_signature_nothing_is_done(signed_inventory: Participant):
    body, now = json.dumps(GOOD).encode(), int(time.time())
    assert post_signed(signed_inventory, body=body, signed=body + b" ", stamp=now) == 401
    assert post_signed(signed_inventory, body=body, signed=body, stamp=now - 3600) == 401
    assert signed_inventory.call("/reserve", saga := new_saga(), GOOD["input"]).json()["code"] == "bad_signature"
    assert signed_inventory.effects(saga) == []


def test_the_signature_of_the_published_example():
    # The example of the Standard Webhooks reference libraries.
    found = signature.sign(
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        stamp="1614265330",
        body=b'{"test": 2432232314}',
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
