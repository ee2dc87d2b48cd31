"""`manage.py check_participant`: the demo's services keep every promise, a naive one has each fault named."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from orchestration.conformance import PROMISES
from orchestration.definitions import publish_definition
from orchestration.models import Participant as Enrolled
from tests.cast import make_cast
from tests.participants_demo.naive import Naive, naive
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
        (["naive", "--action", "/release", "--compensation", "/reserve"], "the action answered refused"),
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
