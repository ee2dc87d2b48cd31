"""`manage.py demo` as a person meets it: a process that brings everything up, keeps it up, and takes it down."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
import redis

from sagaconsole_proto.v1 import sagas_pb2, sagas_pb2_grpc
from tests.sagaconsole.processes import is_alive, wait_until

ROOT = Path(__file__).parents[2]
ONCE = ("supervisor", "web", "grpc", "dispatcher", "housekeeping", "postgres", "valkey")
PARTICIPANTS = {"orders", "payments", "inventory", "shipping"}
pytestmark = pytest.mark.slow


class Demo:
    """A running demo, seen through its demo.json."""

    def __init__(self, process: subprocess.Popen[bytes], data_dir: Path) -> None:
        self.process = process
        self.file = data_dir / "demo.json"

    def is_ready(self) -> bool:
        """Whether this demo has written the file, not one that was killed before."""
        return self.file.exists() and self.facts["pids"]["supervisor"] == self.process.pid

    @property
    def facts(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.file.read_text())
        return content

    def pids(self) -> dict[str, int]:
        """Every process by name."""
        pids = self.facts["pids"]
        named: dict[str, int] = {name: pids[name] for name in ONCE}
        named |= {f"worker-{number}": pid for number, pid in enumerate(pids["workers"])}
        named |= {f"traffic-{number}": pid for number, pid in enumerate(pids["traffic"])}
        named |= pids["participants"]
        return named

    def get(self, url: str, token: str = "") -> Any:
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  our own loopback address
            return json.load(response)


def command(data_dir: Path, *more: str) -> list[str]:
    return [sys.executable, "manage.py", "demo", "--port", "0", "--workers", "1", "--data-dir", str(data_dir), *more]


@contextlib.contextmanager
def running_demo(data_dir: Path, *more: str) -> Iterator[Demo]:
    """A demo in an environment without any of our variables, as in a fresh shell."""
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    with (data_dir.parent / "terminal.txt").open("ab") as terminal:
        process = subprocess.Popen(
            command(data_dir, *more), cwd=ROOT, env=environment, stdout=terminal, stderr=terminal
        )
    demo = Demo(process, data_dir)
    try:
        wait_until(lambda: demo.is_ready() or process.poll() is not None, timeout_seconds=180)
        assert process.poll() is None, (data_dir.parent / "terminal.txt").read_text()
        yield demo
    finally:
        process.terminate()
        process.wait(30)


class Kept:
    """One directory for all tests here. Its demo runs on from one test to the next, until a test has ended it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._running = contextlib.ExitStack()
        self._demo: Demo | None = None

    def started(self) -> Demo:
        """The running demo; started when there is none."""
        if self._demo is None or self._demo.process.poll() is not None:
            self.end()
            self._demo = self._running.enter_context(running_demo(self.data_dir, "--traffic", "5"))
        return self._demo

    def end(self) -> None:
        self._running.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    kept = Kept(tmp_path_factory.mktemp("demo") / "data")
    yield kept
    kept.end()


@pytest.fixture
def demo(kept: Kept) -> Demo:
    return kept.started()


def test_demo_json_says_everything_and_is_private(demo: Demo) -> None:
    facts = demo.facts
    assert demo.file.stat().st_mode & 0o777 == 0o600
    assert set(facts) >= {"url", "users", "api_token", "participants", "database_url", "redis_url", "pids", "grpc"}
    assert set(facts["participants"]) == set(facts["pids"]["participants"]) == PARTICIPANTS
    for user in facts["users"].values():
        assert set(user) == {"username", "password", "api_token"}
    assert len({user["api_token"] for user in facts["users"].values()}) == 3
    assert facts["pids"]["supervisor"] == demo.process.pid
    assert all(is_alive(pid) for pid in demo.pids().values())


def test_everything_answers(demo: Demo) -> None:
    facts = demo.facts
    for role in facts["users"].values():
        assert "items" in demo.get(f"{facts['url']}/api/v1/sagas", role["api_token"])
    assert demo.get(f"{facts['url']}/api/v1/sagas", facts["api_token"])["items"] is not None
    for url in facts["participants"].values():
        urllib.request.urlopen(f"{url}/healthz", timeout=10).close()  # noqa: S310
    with grpc.insecure_channel(facts["grpc"]) as channel:
        grpc.channel_ready_future(channel).result(5)
    psycopg.connect(facts["database_url"]).close()
    with redis.Redis.from_url(facts["redis_url"]) as client:
        assert client.ping()


def test_an_order_by_grpc_is_paid_by_grpc(demo: Demo) -> None:
    order = {"order_id": "G-1", "sku": "SKU-1", "qty": 1, "card": "card-1", "amount": 100, "region": "north"}
    token = (("authorization", f"Bearer {demo.facts['users']['operator']['api_token']}"),)
    with grpc.insecure_channel(demo.facts["grpc"]) as channel:
        sagas = sagas_pb2_grpc.SagasStub(channel)
        wanted = sagas_pb2.LaunchRequest(definition="place-order-mixed", input_json=json.dumps(order))
        saga = sagas.Launch(wanted, metadata=token, timeout=10).saga

        def now() -> sagas_pb2.Saga:
            found: sagas_pb2.Saga = sagas.Get(sagas_pb2.GetRequest(id=saga.id), metadata=token, timeout=10)
            return found

        wait_until(lambda: now().finished_at.seconds)
        assert (now().status, now().trigger) == ("completed", "grpc")
    ledger = demo.get(f"{demo.facts['participants']['payments']}/ledger?saga_id={saga.id}")["entries"]
    assert [(entry["step"], entry["effect"]["amount"]) for entry in ledger] == [("charge-card", -100)]


@pytest.mark.parametrize(
    "name", ["web", "grpc", "dispatcher", "worker-0", "housekeeping", "orders", "valkey", "postgres"]
)
def test_what_dies_is_started_again(demo: Demo, name: str) -> None:
    before = demo.pids()
    os.kill(before[name], signal.SIGKILL)
    wait_until(lambda: demo.pids()[name] != before[name])
    wait_until(answering(lambda: test_everything_answers(demo)))
    assert not is_alive(before[name])
    assert demo.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_leaves_no_process_and_the_next_start_finds_its_data(
    kept: Kept, demo: Demo, number: signal.Signals
) -> None:
    pids, facts = demo.pids(), demo.facts
    wait_until(lambda: demo.get(f"{facts['url']}/api/v1/sagas", facts["api_token"])["items"])
    saga = demo.get(f"{facts['url']}/api/v1/sagas", facts["api_token"])["items"][0]["id"]
    demo.process.send_signal(number)
    assert demo.process.wait(60) == 0
    assert not any(is_alive(pid) for pid in pids.values())
    assert not demo.file.exists()
    again = kept.started()
    assert again.facts["users"] == facts["users"]
    assert again.get(f"{again.facts['url']}/api/v1/sagas/{saga}", again.facts["api_token"])["id"] == saga


def test_killed_supervisor_takes_everything_along(kept: Kept, demo: Demo) -> None:
    pids = demo.pids()
    demo.process.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in pids.values()))
    test_everything_answers(kept.started())


def test_second_demo_on_the_same_directory_is_refused(demo: Demo) -> None:
    refused = subprocess.run(
        command(demo.file.parent), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 1
    assert "another demo runs on" in refused.stderr
    assert demo.file.exists()


def answering(check: Callable[[], None]) -> Callable[[], bool]:
    """`check` as a condition to wait for: false while something is not up yet."""

    def passes() -> bool:
        try:
            check()
        except (OSError, psycopg.OperationalError, redis.RedisError, grpc.FutureTimeoutError):
            return False
        return True

    return passes
