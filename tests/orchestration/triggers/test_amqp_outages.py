"""The database is away, the broker too: messages wait, none is acknowledged too early, and it is said."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client as WebClient

from orchestration import broker_health
from orchestration.models import DeadLetter, Saga
from orchestration.participants.amqp_errors import AMQP_TROUBLE
from orchestration.triggers.amqp.database import Database
from tests.amqp import broker_url, new_prefix
from tests.certificates import Authority, server_side
from tests.orchestration.real_processes import Processes, database_url, wait_for
from tests.orchestration.scripted import World, define
from tests.orchestration.triggers.broker import Client
from tests.orchestration.triggers.test_grpc import KEY_IN_USE
from tests.proxy import Proxy

pytestmark = pytest.mark.slow
ORDER = {"definition": "story", "input": {}}
WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%launchkey%%'"


@pytest.fixture
def processes(engine: World, tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path)
    yield found
    found.stop_all()


@pytest.fixture
def client(engine: World, settings: Any) -> Iterator[Client]:
    settings.AMQP_URL = broker_url()
    one = Client(broker_url(), new_prefix())
    yield one
    one.close()


def ready() -> dict[str, str]:
    return dict(WebClient().get("/readyz").json())


def through(proxy: Proxy, url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{proxy.port}").geturl()


def test_messages_wait_while_the_database_is_away(
    client: Client, processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One launch is out when the connection breaks, and PostgreSQL does it; others come later: one saga for each."""
    define("one")
    monkeypatch.setattr(broker_health, "STALE_AFTER", timedelta(seconds=3))
    with Proxy(int(urlsplit(database_url()).port or 0)) as proxy, psycopg.connect(database_url()) as busy:
        url = through(proxy, database_url())
        consumer = processes.start("consume", DATABASE_URL=url, AMQP_URL=broker_url(), AMQP_PREFIX=client.prefix)
        wait_for("the consumer", lambda: ready()["broker"] == "ok")
        answers, queue = client.queue(""), client.queue("start")
        busy.execute(KEY_IN_USE)
        client.send(ORDER, "k", reply_to=answers.name)
        with psycopg.connect(database_url(), autocommit=True) as other:
            wait_for("the launch waits", lambda: other.execute(WAITS).fetchone())
        proxy.cut()
        busy.rollback()
        for number in range(5):
            client.send(ORDER, f"m-{number}", reply_to=answers.name)
        wait_for("its silence is said", lambda: ready()["consumer"] == "none alive")
        assert consumer.poll() is None, "it waits, and does not die"
        assert (queue.length(), answers.length()) == (0, 0), "taken, and nobody was told anything"
        proxy.mend()
        told = [json.loads(answers.get().body)["saga_id"] for _number in range(6)]
        wait_for("the consumer is back", lambda: ready()["consumer"] == "ok")
    log = next(tmp_path.glob("consume-*.log")).read_text()
    assert log.count("the database cannot be reached") >= 2
    assert set(told) == {str(saga.pk) for saga in Saga.objects.all()}
    assert (len(set(told)), DeadLetter.objects.count()) == (6, 0)


def test_who_is_told_to_stop_while_the_database_is_away_gives_the_message_back() -> None:
    """What `patiently` then raises counts as a lost connection: nothing is acknowledged, it comes again."""
    tries: list[int] = []

    async def go() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def away() -> None:
            tries.append(1)
            if len(tries) == 2:
                loop.call_soon_threadsafe(stop.set)
            raise OperationalError("connection refused")

        database = Database(stop)
        with pytest.raises(AMQP_TROUBLE, match="told to stop while the database is away"):
            await database.patiently(away)
        database.close()

    asyncio.run(go())
    assert len(tries) == 2


def test_over_tls_the_broker_must_show_a_certificate_of_the_authority(
    client: Client, processes: Processes, tmp_path: Path
) -> None:
    """And the consumer shows its own, where the broker asks for one."""
    define("one")
    ours, others = Authority(tmp_path, "ours"), Authority(tmp_path, "others")
    shown, own = ours.signs("broker"), ours.signs("consumer")
    with Proxy(urlsplit(broker_url()).port or 5672, tls=server_side(shown, clients_of=ours)) as proxy:
        url = through(proxy, broker_url()).replace("amqp:", "amqps:")
        about = {
            "AMQP_URL": url, "AMQP_PREFIX": client.prefix, "SAGA_PARTICIPANT_CERTIFICATE": str(own.certificate),
            "SAGA_PARTICIPANT_KEY": str(own.key),
        }  # fmt: skip
        wrong = processes.start("consume", **about, SAGA_PARTICIPANT_CA=str(others.ca))
        log = tmp_path / "consume-0.log"
        wait_for("a clear error", lambda: "certificate verify failed" in log.read_text())
        assert (ready()["broker"], wrong.poll()) == ("unreachable", None)
        wrong.terminate()
        assert wrong.wait(20) == 0
        processes.start("consume", **about, SAGA_PARTICIPANT_CA=str(ours.ca))
        wait_for("the consumer", lambda: ready()["broker"] == "ok")
        client.send(ORDER, "m-1")
        wait_for("the saga", Saga.objects.exists)
