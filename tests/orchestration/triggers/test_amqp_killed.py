"""The consumer is killed and the broker too, while start messages arrive: one saga for each, and none lost."""

import random
import threading
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as WebClient

from orchestration.models import DeadLetter, LaunchKey, Saga
from tests.amqp import broker_url, new_prefix
from tests.orchestration.real_processes import wait_for
from tests.orchestration.scripted import World, define
from tests.orchestration.triggers.broker import Client
from tests.orchestration.triggers.nursery import Nursery
from tests.rabbitmq import PROGRAM, Broker

pytestmark = pytest.mark.slow
MESSAGES, KILLS = 1000, 10


@pytest.fixture
def own_broker(tmp_path: Path) -> Any:
    broker_url()  # skips, or fails, as all tests with a broker do
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not installed: there is no broker to kill")
    directory = tmp_path / "rabbitmq"
    directory.mkdir()
    broker = Broker(directory)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()  # nothing of it is needed any more
        broker.stop()


def test_a_thousand_messages_sent_twice_through_ten_kills_and_a_dead_broker(
    engine: World, own_broker: Broker, tmp_path: Path, settings: Any
) -> None:
    define("one")
    settings.AMQP_URL, prefix = own_broker.url, new_prefix()
    nursery = Nursery(tmp_path / "consumers.log", AMQP_URL=own_broker.url, AMQP_PREFIX=prefix)
    ids = [f"m-{number}" for number in range(MESSAGES)]
    twice = [({"definition": "story", "input": {}}, one) for one in ids * 2]
    random.Random(1).shuffle(twice)
    victim = nursery.consumer()
    wait_for("the consumer", lambda: ready()["broker"] == "ok")
    client = Client(own_broker.url, prefix)
    sending = threading.Thread(
        target=lambda: [client.run(client.publish(twice[n : n + 20])) for n in range(0, 2000, 20)]
    )
    try:
        sending.start()
        for kill in range(KILLS):
            some_more_sagas()
            if kill == KILLS // 2:
                own_broker.kill()
                wait_for("the broker's absence is said", lambda: ready()["broker"] == "unreachable")
                own_broker.start()
                wait_for("the consumer is back", lambda: ready()["broker"] == "ok")
                some_more_sagas()
            nursery.kill(victim)
            victim = nursery.consumer()
        nursery.consumer()  # nobody is killed any more, and two are quicker
        sending.join(60)
        assert not sending.is_alive()
        wait_for("all sagas", lambda: Saga.objects.count() >= MESSAGES)
        looking = Client(own_broker.url, prefix)
        queue = looking.queue("start")
        wait_for("an empty queue", lambda: queue.length() == 0)
        looking.close()
    finally:
        nursery.close()
        sending.join(60)
        client.close()
    assert Saga.objects.count() == MESSAGES
    assert sorted(LaunchKey.objects.values_list("key", flat=True)) == sorted(ids)
    assert not DeadLetter.objects.exists()


def some_more_sagas() -> None:
    """Kill while there is work: some sagas after the last death, unless all are there already."""
    enough = min(Saga.objects.count() + 20, MESSAGES)
    wait_for("some more sagas", lambda: Saga.objects.count() >= enough)


def ready() -> dict[str, str]:
    return dict(WebClient().get("/readyz").json())
