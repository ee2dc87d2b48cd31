"""The way in by RabbitMQ: one saga per message, nothing lost, and what is refused waits for a person."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from orchestration import announcements, dead_letters
from orchestration.dead_letters import Letter
from orchestration.models import Announcement, DeadLetter, Saga
from orchestration.triggers.amqp.taking import Dead, Started, take
from tests.amqp import broker_url, new_prefix
from tests.orchestration.real_processes import Processes, database_url, wait_for
from tests.orchestration.scripted import World, act, admin, define, run_until_quiet, start
from tests.orchestration.triggers.broker import Client
from tests.orchestration.triggers.test_grpc import KEY_IN_USE

pytestmark = pytest.mark.slow


@contextmanager
def consumer(logs: Path, url: str, prefix: str) -> Iterator[Processes]:
    """A consumer that takes messages."""
    processes = Processes(logs)
    try:
        process = processes.start("consume", AMQP_URL=url, AMQP_PREFIX=prefix)
        log = next(logs.glob("consume-*.log"))
        wait_for("the consumer", lambda: f"{prefix}.start" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield processes
    finally:
        processes.stop_all()


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Client]:
    url, prefix = broker_url(), new_prefix()
    with django_db_blocker.unblock(), consumer(tmp_path_factory.mktemp("amqp"), url, prefix):
        client = Client(url, prefix)
        yield client
        client.close()


@pytest.fixture
def broker(started: Client, engine: World) -> Client:
    """The test's database is empty: what the consumer noted at its start is noted again."""
    announcements.listen("announce:amqp")
    return started


ORDER = {"definition": "story", "input": {"n": 1}}


def launched(count: int = 1) -> list[Saga]:
    return wait_for(f"{count} sagas", lambda: sagas if len(sagas := list(Saga.objects.all())) == count else [])


def test_a_saga_launched_by_a_message_runs_to_its_end_and_the_end_is_told(broker: Client) -> None:
    define("one")
    answers, events = broker.queue(""), broker.queue("", bind=("events", "story.*"))
    broker.send({**ORDER, "business_key": "B-1"}, "m-1", reply_to=answers.name, correlation_id="c-1", app_id="shop")
    answer = answers.get()
    saga = launched()[0]
    assert (answer.correlation_id, json.loads(answer.body)) == ("c-1", {"saga_id": str(saga.pk), "created": True})
    run_until_quiet()
    saga.refresh_from_db()
    assert (saga.status, saga.trigger, saga.launched_by, saga.business_key) == ("completed", "amqp", "shop", "B-1")
    event = events.get()
    assert (event.routing_key, event.type) == ("story.completed", "saga.ended")
    body = json.loads(event.body)
    assert (body["saga_id"], body["status"], body["open_effects"]) == (str(saga.pk), "completed", ["one"])
    assert "input" not in body
    wait_for("nothing left to tell", lambda: not Announcement.objects.exists())


def test_a_message_that_comes_again_makes_no_second_saga(broker: Client) -> None:
    define("one")
    answers = broker.queue("")
    for _time in range(2):
        broker.send(ORDER, "m-1", reply_to=answers.name)
    said = [json.loads(answers.get().body) for _time in range(2)]
    assert {one["saga_id"] for one in said} == {str(launched()[0].pk)}
    assert sorted(one["created"] for one in said) == [False, True]


def test_its_own_key_goes_before_the_messages_id(broker: Client) -> None:
    define("one")
    for message_id in ("m-1", "m-2"):
        answers = broker.queue("")
        broker.send({**ORDER, "idempotency_key": "k"}, message_id, reply_to=answers.name)
        answers.get()
    assert len(launched()) == 1


def test_it_is_acknowledged_only_after_the_commit(broker: Client) -> None:
    """Another launch with the key is still in its transaction: the message waits, and is not acknowledged."""
    define("one")
    answers, queue = broker.queue(""), broker.queue("start")
    with psycopg.connect(database_url()) as busy:
        busy.execute(KEY_IN_USE)
        broker.send(ORDER, "k", reply_to=answers.name)
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%launchkey%%'"
        with psycopg.connect(database_url(), autocommit=True) as other:
            wait_for("the launch waits", lambda: other.execute(waiting).fetchone())
        assert not Saga.objects.exists()
        busy.rollback()
    assert json.loads(answers.get().body)["created"] is True
    assert queue.length() == 0


@pytest.mark.parametrize(
    ("body", "message_id", "reason"),
    [
        (b"{", "m-1", "not JSON"),
        (b"[]", "m-1", "must be a JSON object"),
        (b'{"definition": "story", "input": {"n": NaN}}', "m-1", "NaN is not a JSON number"),
        ({**ORDER, "more": 1}, "m-1", "more: unknown field"),
        ({"definition": "nothing", "input": {}}, "m-1", "there is no definition nothing"),
        ({"definition": "story", "input": {"n": "x"}}, "m-1", "input.n: "),
    ],
)
def test_an_invalid_message_goes_to_the_dead_letter_queue_with_the_reason(
    broker: Client, body: Any, message_id: str, reason: str
) -> None:
    define("one", input_schema={"type": "object", "properties": {"n": {"type": "integer"}}})
    answers = broker.queue("")
    broker.send(body, message_id, reply_to=answers.name, headers={"trace": "t-1"})
    assert reason in json.loads(answers.get().body)["error"]["message"]
    dead = broker.queue("start.dead").get()
    assert reason in str(dead.headers["saga-reason"])
    assert dead.headers["trace"] == "t-1"
    assert dead.body == (body if isinstance(body, bytes) else json.dumps(body).encode())
    letter = DeadLetter.objects.get()
    assert (str(letter.pk), letter.message_id) == (dead.headers["saga-dead-letter"], message_id)
    assert reason in letter.reason
    assert not Saga.objects.exists()


@pytest.mark.parametrize("headers", [{"x": "y" * 120_000}, {"x": [{"deep": [None, 2**62, bytearray(b"\0")]}] * 3}])
def test_headers_of_any_size_and_kind_do_not_bring_a_message_back_for_ever(
    broker: Client, headers: dict[str, Any]
) -> None:
    """With the reason beside them, large ones fit into no frame, and the broker would close the connection."""
    define("one")
    broker.send(b"{", "m-1", headers=headers)
    dead = broker.queue("start.dead").get()
    assert "not JSON" in str(dead.headers["saga-reason"])
    assert ("saga-headers" in dead.headers) == (len(str(headers)) > 65536)
    assert DeadLetter.objects.get().times == 1
    broker.send(ORDER, "m-2")
    launched()


def test_a_message_without_any_key_is_refused(engine: World) -> None:
    """Delivered twice, it would make two sagas. (The library of the other tests gives each message an id.)"""
    define("one")
    refused = take(Letter(json.dumps(ORDER).encode()))
    assert isinstance(refused, Dead)
    assert "idempotency_key: is required when the message has no message_id" in refused.reason
    assert isinstance(take(Letter(json.dumps(ORDER).encode(), "m-1")), Started)


def test_the_same_invalid_message_waits_once(broker: Client) -> None:
    dead = broker.queue("start.dead")
    for _time in range(3):
        broker.send(b"{", "m-1")
    ids = {dead.get().headers["saga-dead-letter"] for _time in range(3)}
    letter = DeadLetter.objects.get()
    assert (ids, letter.times) == ({str(letter.pk)}, 3)


def test_another_body_under_the_same_key_is_refused(broker: Client) -> None:
    define("one")
    for n in (1, 2):
        answers = broker.queue("")
        broker.send({"definition": "story", "input": {"n": n}}, "m-1", reply_to=answers.name)
        answers.get()
    assert len(launched()) == 1
    assert "used before with another body" in DeadLetter.objects.get().reason
    broker.queue("start.dead").get()


def test_a_corrected_message_is_sent_again_and_its_copy_is_taken_out(broker: Client) -> None:
    define("one")
    answers, dead = broker.queue(""), broker.queue("start.dead")
    broker.send({"definition": "stroy", "input": {}}, "m-1", reply_to=answers.name, correlation_id="c-1")
    broker.send(b"{", "m-2")
    answers.get()
    wait_for("both copies", lambda: dead.length() == 2)
    letter = DeadLetter.objects.get(message_id="m-1")
    right = json.dumps({"definition": "story", "input": {}})
    dead_letters.resend(letter_id=letter.pk, actor=admin(), text=right, reason="a typo", check=lambda *_: [])
    answer = answers.get()
    assert (answer.correlation_id, json.loads(answer.body)) == (
        "c-1", {"saga_id": str(launched()[0].pk), "created": True},
    )  # fmt: skip
    wait_for("its copy is gone", lambda: DeadLetter.objects.get(pk=letter.pk).copies_removed)
    assert (dead.length(), dead.get().message_id) == (1, "m-2")


def test_an_end_that_nobody_could_tell_is_told_later(broker: Client) -> None:
    """Written with the end itself: a consumer that is away misses nothing."""
    define("one")
    events = broker.queue("", bind=("events", "#"))
    paused = act("pause", start())
    act("abandon", paused, details={"confirm": str(paused.pk)})
    told = json.loads(events.get().body)
    assert (UUID(told["saga_id"]), told["status"]) == (paused.pk, "abandoned")
