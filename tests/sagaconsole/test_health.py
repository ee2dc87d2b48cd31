"""`/healthz` and `/readyz`: what monitors read."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.test import Client

from orchestration import broker_health
from orchestration.models import Drain, EngineState


@pytest.fixture(autouse=True)
def static_root(settings, tmp_path):
    """WhiteNoise warns when the folder of collected files is missing, as it is in a fresh clone."""
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def all_alive(db):
    EngineState.objects.create(name="dispatcher", value=1, at=Now())
    Drain.objects.create(id=uuid4(), until=Now() + timedelta(seconds=30), host="here", pid=1)


def test_healthz_needs_nothing(client: Client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_when_every_part_works(client: Client, all_alive):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "queue": "ok", "worker": "ok", "dispatcher": "ok"}


@pytest.mark.parametrize("part", ["worker", "dispatcher"])
def test_not_ready_without_a_live_worker_and_dispatcher(client: Client, all_alive, part):
    if part == "worker":
        Drain.objects.update(until=Now())
    else:
        EngineState.objects.update(at=Now() - timedelta(minutes=1))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()[part]) == (503, "none alive")


def test_an_unreachable_queue_is_said_without_its_address(client: Client, all_alive, settings, monkeypatch):
    monkeypatch.setitem(settings.RQ_QUEUES["drain"], "URL", "redis://127.0.0.1:1/0")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["queue"]) == (503, "unreachable")
    assert "127.0.0.1" not in answer.content.decode()


def test_where_messages_come_from_a_broker_it_is_told_too(client: Client, all_alive, settings):
    settings.AMQP_URL = "amqp://127.0.0.1/"
    assert client.get("/readyz").json()["consumer"] == "none alive"
    broker_health.beat(has_broker=False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["consumer"], answer.json()["broker"]) == (503, "ok", "unreachable")
    broker_health.beat(has_broker=True)
    assert client.get("/readyz").json()["broker"] == "ok"
