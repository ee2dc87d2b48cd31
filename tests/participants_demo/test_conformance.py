"""`manage.py check_participant`: the demo's services keep every promise, a naive one has each fault named."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from orchestration.conformance import PROMISES
from orchestration.definitions import publish_definition
from orchestration.models import Participant as Enrolled
from orchestration.participants.brokers import without_password
from tests.amqp import broker_url
from tests.cast import make_cast
from tests.participants_demo.conftest import AMQP_PREFIX, GRPC_ADDRESS
from tests.participants_demo.naive import Naive, naive, naive_over_grpc
from tests.participants_demo.running import SECRET, Participant

pytestmark = pytest.mark.django_db
ISLAND = {"region": "island", "answer_seconds": 0.2}
GOOD = [
    ("inventory", "/reserve", "/release", {"sku": "SKU-1", "qty": 1}, {"sku": "SKU-EMPTY", "qty": 1}),
    ("payments", "/charge", "/refund", {"card": "card-1", "amount": 5}, {"card": "card-low", "amount": 1001}),
    ("payments", "/hold", "/free", {"card": "card-1", "amount": 5}, {"card": "nobody", "amount": 5}),
    ("shipping", "/book", "/cancel", {"region": "north"}, {"region": "moon"}),
    (
        "shipping",
        "/book",
        "/cancel",
        {"region": "island", "answer_seconds": 0.2},
        {"region": "island", "answer_seconds": 0.2, "pieces": 21},
    ),
    ("orders", "/create", "/cancel", {"order_id": "CHECKED"}, {}),
]


def enrol(name: str, url: str, **more: str) -> None:
    Enrolled.objects.create(name=name, transport="http", base_url=url, status_path="/status", **more)


def checked(name: str, *arguments: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and the verdict on each rule with what was seen."""
    out, code = StringIO(), 0
    try:
        call_command("check_participant", name, "--json", *arguments, stdout=out)
    except SystemExit as error:
        code = int(str(error.code))
    told = json.loads(out.getvalue())["findings"]
    return code, {one["rule"]: (one["verdict"], one["seen"]) for one in told}


@pytest.mark.parametrize(("name", "action", "undo", "good", "wrong"), GOOD, ids=lambda value: str(value)[:12])
def test_the_demo_services_keep_every_promise(participants, name, action, undo, good, wrong):
    enrol(name, participants[name].url)
    code, found = checked(
        name, "--action", action, "--compensation", undo, "--input", json.dumps(good),
        "--refused-input", json.dumps(wrong),
    )  # fmt: skip
    assert list(found) == list(PROMISES)
    assert found.pop("signature") == ("skipped", "it has no secret")
    assert {rule: one for rule, one in found.items() if one[0] != "kept"} == {}
    assert code == 0


# -- by other transports: the same services, behind another door -----------------------------------------------------

CARD = ("--input", '{"card": "card-1", "amount": 5}', "--refused-input", '{"card": "card-low", "amount": 1001}')
REGION = ("--input", '{"region": "island", "answer_seconds": 0.2}', "--refused-input", '{"region": "moon"}')


@pytest.fixture
def over_grpc(participants: dict[str, Participant]) -> tuple[str, ...]:
    base_url = f"grpc://{GRPC_ADDRESS}"
    Enrolled.objects.create(name="payments-grpc", transport="grpc", base_url=base_url, status_path="Status")
    return "payments-grpc", "--action", "charge", "--compensation", "refund", *CARD


@pytest.fixture
def over_amqp(participants: dict[str, Participant], settings: Any) -> tuple[str, ...]:
    settings.SAGA_AMQP_BROKERS, settings.AMQP_PREFIX = [broker_url()], AMQP_PREFIX
    base_url = without_password(broker_url())
    Enrolled.objects.create(name="shipping-amqp", transport="amqp", base_url=base_url, status_path="shipping.status")
    return "shipping-amqp", "--action", "shipping.book", "--compensation", "shipping.cancel", *REGION


@pytest.mark.parametrize(("way", "service"), [("over_grpc", "payments"), ("over_amqp", "shipping")])
def test_every_promise_is_kept_by_other_transports_too(request, participants, way, service):
    code, found = checked(*request.getfixturevalue(way), "--ledger", participants[service].url)
    assert found.pop("signature") == ("skipped", "it has no secret")
    assert {rule: one for rule, one in found.items() if one[0] != "kept"} == {}
    assert code == 0


def test_without_a_known_ledger_or_status_what_needs_them_is_not_looked_at(over_grpc):
    Enrolled.objects.update(status_path="")
    code, found = checked(*over_grpc)
    skipped = {rule for rule, (verdict, _seen) in found.items() if verdict == "skipped"}
    assert {rule.partition("-")[0] for rule in skipped} == {"status", "ledger", "signature"}
    assert (code, len(skipped)) == (0, 10)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://10.0.0.1", "--ledger: 10.0.0.1 is not an allowed host"),
        ("http://127.0.0.1:9", "--ledger: Cannot connect to host 127.0.0.1:9"),
    ],
)
def test_a_ledger_that_is_not_there_is_said(over_grpc, url, said):
    with pytest.raises(CommandError, match=said):
        call_command("check_participant", *over_grpc, "--ledger", url)


def test_what_cannot_be_reached_is_no_wrong_input():
    Enrolled.objects.create(name="gone", transport="grpc", base_url="grpc://127.0.0.1:9", status_path="")
    with pytest.raises(CommandError, match="answered not_sent") as error:
        call_command("check_participant", "gone", "--action", "a", "--compensation", "b")
    assert "--input" not in str(error.value)


@pytest.fixture
def wrong() -> Iterator[Naive]:
    with naive() as server:
        enrol("naive", server.url, secret="a secret that it never asks for")
        yield server


def test_each_fault_of_a_naive_participant_is_named(wrong: Naive):
    code, found = checked(
        "naive", "--action", "/reserve", "--compensation", "/release", "--input", "{}", "--refused-input", '{"no": 1}'
    )  # fmt: skip
    kept = {rule for rule, (verdict, _seen) in found.items() if verdict == "kept"}
    assert (code, kept) == (1, {"action", "undo", "undo-blind", "refusal-undo", "refusal-forgotten"})
    broken = {rule: seen for rule, (verdict, seen) in found.items() if verdict == "broken"}
    assert broken.keys() == PROMISES.keys() - kept
    assert "after epoch 3, epoch 2 answered succeeded" in broken["epoch"]
    assert "nothing is reserved" in broken["empty-undo"]
    assert "answered succeeded" in broken["late-action"]
    assert broken["ledger-once"] == "it has 4"


def test_over_grpc_the_same_faults_are_named(wrong: Naive):
    with naive_over_grpc(wrong) as address:
        door = {"transport": "grpc", "base_url": f"grpc://{address}", "status_path": "Status"}
        Enrolled.objects.update(**door)
        paths = ("--action", "reserve", "--compensation", "release", "--refused-input", "1", "--ledger", wrong.url)
        code, found = checked("naive", *paths)
    kept = {rule for rule, (verdict, _seen) in found.items() if verdict == "kept"}
    assert (code, kept) == (1, {"action", "undo", "undo-blind", "refusal-undo", "refusal-forgotten"})
    assert {verdict for verdict, _seen in found.values()} == {"kept", "broken"}


def test_what_is_printed_for_people(wrong: Naive):
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("check_participant", "naive", "--action", "/reserve", "--compensation", "/release", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[1].startswith("BREAKS repeat")
    assert lines[-1] == "naive keeps 3 promises and breaks 18; 4 could not be looked at"


def test_a_signed_participant_refuses_strangers(signed_inventory: Participant):
    enrol("inventory", signed_inventory.url, secret=SECRET)
    paths = ("--action", "/reserve", "--compensation", "/release")
    code, found = checked("inventory", *paths, "--input", json.dumps(GOOD[0][3]))
    assert (code, found["signature"]) == (0, ("kept", ""))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "no participant is named 'nobody'"),
        (["naive"], "give --action and --compensation"),
        (["naive", "--action", "/reserve", "--compensation", "/x", "--input", "{"], "--input: not JSON"),
        (["naive", "--action", "/reserve", "--compensation", "/x", "--input", "@/nowhere"], "cannot read /nowhere"),
        (
            ["naive", "--action", "/release", "--compensation", "/reserve"],
            "the action answered refused: nothing is reserved; give an --input that it accepts",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_is_said(wrong: Naive, arguments: list[str], said: str):
    with pytest.raises(CommandError, match=said):
        call_command("check_participant", *arguments)


def test_the_paths_come_from_the_newest_definition(wrong: Naive):
    steps = [{"name": "a", "participant": "naive", "action": "/reserve", "compensation": "/release"}]
    publish_definition(document={"name": "one", "steps": steps}, actor=make_cast().admin.actor)
    _code, found = checked("naive")
    assert found["action"][0] == "kept"
