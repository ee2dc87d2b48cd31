"""Real processes, killed and frozen in the midst of a bulk: it goes on, and no saga is acted on twice.

`BULK_SAGAS=10000` plays the first story with that many.
"""

import json
import os
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestration import dispatch
from orchestration.models import AuditEntry, Bulk, Event, Saga
from tests.cast import Person, make_cast
from tests.orchestration import remote  # noqa: F401  registers the functions here too, so that they can be published
from tests.orchestration.bulk.sets import copies, make
from tests.orchestration.real_processes import Process, Processes, children_of, is_alive, wait_for
from tests.orchestration.scripted import World, define, run_until_quiet, start
from tests.orchestration.services import console

pytestmark = pytest.mark.slow
SAGAS = int(os.environ.get("BULK_SAGAS", "200"))
HOUSEKEEPER = ("work", "--queue", "housekeeping")


@pytest.fixture
def processes(engine: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    monkeypatch.setenv("REMOTE_DIRECTORY", str(tmp_path))
    dispatch.queue(dispatch.HOUSEKEEPING_QUEUE).connection.flushdb()
    running = Processes(tmp_path)
    yield running
    running.stop_all()


def refused() -> Saga:
    """Stuck on a step whose participant says no, and will say no again."""
    saga = start(define({"name": "one", "action": "remote-quick", "compensation": "remote-quick", "pivot": True},
                        {"name": "two", "action": "remote-refuses", "compensation": None}))  # fmt: skip
    run_until_quiet()
    return saga


def completed() -> Saga:
    saga = start(define({"name": "one", "action": "remote-quick", "compensation": "remote-quick"}, name="other"))
    run_until_quiet()
    return saga


def post(url: str, token: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(  # noqa: S310  our own loopback address
        f"{url}/api/v1/bulk", json.dumps(body).encode(), method="POST",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def told(person: Person, one: Bulk) -> Iterator[dict[str, Any]]:
    """Every item, as the API tells it."""
    cursor: dict[str, str] = {}
    while cursor.get("cursor", "") is not None:
        page = person.api.get(f"/bulk/{one.pk}", limit=200, **cursor).json()
        yield from page["items"]
        cursor = {"cursor": page["next_cursor"]}


def kill(worker: Process) -> None:
    children = children_of(worker.pid)
    worker.kill()
    worker.wait()
    wait_for("the children's end", lambda: not any(map(is_alive, children)))


def wait_for_the_end(one: Bulk) -> None:
    wait_for_results(one, one.total)
    wait_for("the end", lambda: _again(one).status == "completed")


def wait_for_results(one: Bulk, number: int) -> None:
    """However many there are: as long as it gets on."""
    while one.acted_on < number:
        wait_for("the next result", partial(_has_got_on, one, one.acted_on))


def _has_got_on(one: Bulk, before: int) -> bool:
    return _again(one).acted_on > before


def _again(one: Bulk) -> Bulk:
    one.refresh_from_db()
    return one


def mixed(eligible: Saga, others: Saga) -> list[str]:
    """Three of four are stuck, the others have ended, in no order."""
    stuck, ended = copies(eligible, SAGAS - SAGAS // 4), copies(others, SAGAS // 4)
    return [one for three in range(len(ended)) for one in (*stuck[3 * three : 3 * three + 3], ended[three])]


def test_web_and_worker_are_killed_halfway_and_each_saga_that_fits_is_retried_once(
    processes: Processes, tmp_path: Path
) -> None:
    cast, (stuck, ended) = make_cast(), (refused(), completed())
    ids = mixed(stuck, ended)
    processes.start("dispatcher")
    processes.start("work")
    worker = processes.start(*HOUSEKEEPER)
    with console(tmp_path, ends_by=signal.SIGKILL) as url:
        began = time.monotonic()
        made = post(url, cast.operator.token, {"act": "retry", "reason": "the participant is back", "ids": ids})
        frozen = time.monotonic()
        assert made["total"] == len(ids) == SAGAS
        one = Bulk.objects.get(pk=made["id"])
        wait_for_results(one, SAGAS // 3)
    assert "Shutting down" not in (tmp_path / "console.log").read_text(), "the web process had time to say goodbye"
    kill(worker)
    halfway = _again(one).acted_on
    assert 0 < halfway < SAGAS
    processes.start(*HOUSEKEEPER)
    wait_for_the_end(one)
    print(f"{SAGAS} sagas: made in {frozen - began:.2f} s, {halfway} acted on when it was killed, "  # noqa: T201  by hand
          f"all after {time.monotonic() - frozen:.1f} s")  # fmt: skip
    assert (one.done, one.refused) == (SAGAS - SAGAS // 4, SAGAS // 4)
    assert {(item.result, item.code) for item in one.items.all()} == {("done", ""), ("refused", "conflict")}
    assert Counter(item["result"] for item in told(cast.operator, one)) == {"done": one.done, "refused": one.refused}
    fitting = {item.saga_id for item in one.items.filter(result="done")}
    assert Counter(Event.objects.filter(kind="retry").values_list("saga_id", flat=True)) == Counter(fitting)
    assert AuditEntry.objects.filter(via="bulk", granted=True).count() == len(fitting)
    assert AuditEntry.objects.filter(via="bulk", granted=False).count() == one.refused
    wait_for("them all to have failed again", lambda: Saga.objects.filter(status="stuck").count() == len(fitting) + 1)
    lines = [line.split() for line in (tmp_path / "calls").read_text().splitlines()]
    called = Counter(line[1] for line in lines if line[0] == "refuses" and str(stuck.pk) not in line[1])
    assert called == Counter(f"{saga_id}:two:action" for saga_id in fitting)


def test_a_frozen_worker_that_wakes_late_does_nothing_more(processes: Processes) -> None:
    ids = copies(refused(), 120)
    processes.start("dispatcher")
    worker = processes.start(*HOUSEKEEPER)
    one = make("pause", ids)
    wait_for("the beginning", lambda: _again(one).acted_on > 5)
    [child] = children_of(worker.pid)
    os.kill(child, signal.SIGSTOP)
    frozen_at = _again(one).acted_on
    processes.start(*HOUSEKEEPER)
    wait_for("another to go on", lambda: _again(one).acted_on > frozen_at + 5 or one.status == "completed")
    os.kill(child, signal.SIGCONT)
    wait_for_the_end(one)
    assert (one.done, one.refused) == (120, 0)
    assert Event.objects.filter(kind="pause").count() == 120
