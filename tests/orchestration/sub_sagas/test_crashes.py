"""Real workers that die around the launch and the undo of a sub-saga: one sub-saga, and each effect once."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from orchestration.models import FaultRule, Saga
from tests.orchestration import remote  # noqa: F401  registers the functions here too, so that they can be published
from tests.orchestration.real_processes import Processes, wait_for
from tests.orchestration.scripted import World, define, start
from tests.orchestration.test_crashes import calls, ended

pytestmark = pytest.mark.slow
REMOTE = {"action": "remote-quick", "compensation": "remote-quick", "timeout": 600}


@pytest.fixture
def processes(engine: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    monkeypatch.setenv("REMOTE_DIRECTORY", str(tmp_path))
    running = Processes(tmp_path)
    yield running
    running.stop_all()


@pytest.mark.parametrize("kind", ["crash_before", "crash_after"])
def test_whoever_dies_around_launch_and_undo_there_is_one_sub_saga_and_each_effect_is_undone_once(
    processes: Processes, tmp_path: Path, kind: str
) -> None:
    define({"name": "in-one", **REMOTE}, {"name": "in-two", **REMOTE}, name="inner")
    name = define(
        {"name": "one", **REMOTE},
        {"name": "sub", "saga": "inner"},
        {**REMOTE, "name": "last", "action": "remote-refuses"},
    )
    for direction in ("action", "compensation"):
        FaultRule.objects.create(
            kind=kind, step="sub", direction=direction, times=1, expires_at=timezone.now() + timedelta(minutes=10)
        )
    processes.start("work", SAGA_ALLOW_FAULTS="1")
    processes.start("dispatcher")
    parent = start(name)
    wait_for("the parent's end", lambda: ended(parent))
    [child] = Saga.objects.filter(parent_id=parent.pk)
    assert (parent.status, child.status) == ("compensated", "compensated")
    assert parent.attempts.filter(outcome="lost").count() == 2
    keys = Counter(line.split()[1] for line in calls(tmp_path))
    steps = [(child.pk, "in-one"), (child.pk, "in-two"), (parent.pk, "one"), (parent.pk, "last")]
    assert keys == Counter(f"{saga}:{step}:{way}" for saga, step in steps for way in ("action", "compensation"))
