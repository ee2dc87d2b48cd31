"""`/metrics`: what a scrape says after sagas have really run, and who may scrape."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from orchestration import dispatch, sweep
from orchestration.identifiers import uuid7
from orchestration.models import Drain, EngineState, Flow, Participant, Saga
from orchestration.store.figures import BOUNDS
from sagaconsole import metrics
from tests.cast import Cast, make_cast, make_person
from tests.docs.pages import ROOT, first_column
from tests.orchestration.bulk.sets import make, stuck_sagas, worked
from tests.orchestration.conftest import engine  # noqa: F401  the fixture
from tests.orchestration.scripted import World, act, define, no, run_until_quiet, start

Scraped = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def token(engine: World) -> str:  # noqa: F811  the fixture
    return make_person("viewer").token


def scrape(token: str | None, **headers: str) -> Any:
    given = {} if token is None else {"Authorization": f"Bearer {token}"}
    return Client().get("/metrics", headers=given | headers)


def figures(token: str) -> Scraped:
    """Every sample by its name and the values of its labels, in the order of the labels' names."""
    text = scrape(token).content.decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name.removeprefix("sagaconsole_"), values(sample)): sample.value for sample in samples}


def values(sample: Sample) -> tuple[str, ...]:
    return tuple(sample.labels.values())


# -- who may ----------------------------------------------------------------------------------------------------


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def test_without_a_token_nothing_is_told(cast: Cast) -> None:
    for answer in (
        scrape(None),
        scrape("saga_wrong"),
        Client().get("/metrics", headers={"Authorization": "Basic eDp5"}),
    ):
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert answer.json()["error"]["code"] == "unauthorized"


def test_a_session_opens_nothing(cast: Cast) -> None:
    assert cast.admin.browser.get("/metrics").status_code == 401


def test_a_token_whose_owner_may_not_view_sagas_is_refused(cast: Cast) -> None:
    assert scrape(cast.stranger.token).status_code == 403
    assert scrape(cast.viewer.token).status_code == 200


def test_the_format_is_the_one_that_is_asked_for(cast: Cast) -> None:
    assert scrape(cast.viewer.token)["Content-Type"].startswith("text/plain; version=")
    asked = scrape(cast.viewer.token, Accept="application/openmetrics-text; version=1.0.0")
    assert asked["Content-Type"].startswith("application/openmetrics-text")
    assert asked.content.endswith(b"# EOF\n")


# -- what is told -----------------------------------------------------------------------------------------------


def test_ends_and_calls_are_counted_where_they_happen(token: str, engine: World) -> None:  # noqa: F811
    name = define("one", "two")
    engine.will("two", no())
    for _number in range(3):
        start(name)
    run_until_quiet()
    told = figures(token)
    assert told["sagas_begun_total", (name,)] == 3
    assert told["sagas_ended_total", (name, "completed")] == 2
    assert told["sagas_ended_total", (name, "compensated")] == 1
    assert told["call_duration_seconds_count", ("action", "succeeded", "scripted")] == 5
    assert told["call_duration_seconds_count", ("action", "refused", "scripted")] == 1
    assert told["call_duration_seconds_count", ("compensation", "succeeded", "scripted")] == 2
    assert told["saga_duration_seconds_count", (name, "completed")] == 2
    assert told["saga_duration_seconds_bucket", (name, "+Inf", "completed")] == 2
    assert told["claim_batch_sagas_sum", ()] == 3
    assert told["record_batch_sagas_sum", ()] >= 3


def test_what_becomes_stuck_is_counted_once(token: str, engine: World) -> None:  # noqa: F811
    name = define("one")
    engine.will("one", no())
    engine.will("one", no(), direction="compensation")
    saga = start(name)
    run_until_quiet()
    told = figures(token)
    assert told["sagas_stuck_total", ("compensation_refused", name)] == 1
    assert told["sagas", ("stuck",)] == 1
    act("abandon", saga, details={"confirm": str(saga.pk)})
    told = figures(token)
    assert told["sagas_ended_total", (name, "abandoned")] == 1
    assert told["sagas", ("stuck",)] == 0


def test_an_act_that_is_rolled_back_is_not_counted(token: str, engine: World, monkeypatch: Any) -> None:  # noqa: F811
    def fails(**_audit: Any) -> None:
        raise RuntimeError("the audit row cannot be written")

    saga = start(define("one"))
    act("pause", saga)
    monkeypatch.setattr("orchestration.audit.write", fails)
    with pytest.raises(RuntimeError):
        act("abandon", saga, details={"confirm": str(saga.pk)})
    assert ("sagas_ended_total", ("story", "abandoned")) not in figures(token)


def test_what_waits_is_told(token: str) -> None:
    name = define("one")
    for _number in range(2):
        start(name)
    Saga.objects.update(due_at=Now() - timedelta(seconds=30))
    told = figures(token)
    assert told["sagas", ("pending",)] == told["sagas_due", ()] == 2
    assert 30 <= told["oldest_due_seconds", ()] < 3600
    Saga.objects.update(parked_on="participant:scripted")
    told = figures(token)
    assert told["sagas_parked", ("participant:scripted",)] == 2
    assert told["sagas_due", ()] == told["oldest_due_seconds", ()] == 0


def test_counts_are_capped(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.queries.monitoring.CAP", 3)
    name = define("one")
    for _number in range(6):
        start(name)
    assert figures(token)["sagas_due", ()] == 4


def test_drains_and_the_dispatcher_are_told(token: str) -> None:
    Drain.objects.create(id=uuid7(), until=Now() + timedelta(minutes=1), host="a", pid=1, in_flight=7)
    Drain.objects.create(id=uuid7(), until=Now() - timedelta(minutes=1), host="b", pid=2, in_flight=9)
    EngineState.objects.create(name="stale_writes", value=5)
    assert ("dispatcher_last_beat_timestamp_seconds", ()) not in figures(token)
    sweep.sweep()
    told = figures(token)
    assert (told["drains", ()], told["calls_in_flight", ()]) == (1, 7)
    assert told["stale_writes_total", ()] == 5
    assert told["healed_total", ("dead_drains",)] == 1
    beat = EngineState.objects.get(name="dispatcher").at
    assert told["dispatcher_last_beat_timestamp_seconds", ()] == pytest.approx(beat.timestamp())


def test_a_wake_up_that_was_lost_is_counted_when_it_is_healed(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dispatch.queue().empty()
    monkeypatch.setattr("orchestration.sweep.Worker.count", lambda **_queue: 2)
    sweep.sweep()
    told = figures(token)
    assert told["healed_total", ("enqueued",)] == told["wakeups_queued", ()] == 2
    dispatch.queue().empty()


def test_redis_away_is_told_with_the_rest(token: str, settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(settings.RQ_QUEUES["drain"], "URL", "redis://127.0.0.1:1/0")
    dispatch._redis.cache_clear()
    try:
        told = figures(token)
    finally:
        dispatch._redis.cache_clear()
    assert told["redis_up", ()] == 0
    assert ("wakeups_queued", ()) not in told
    assert told["drains", ()] == 0


def test_every_figure_that_is_kept_is_told(settings: Any) -> None:
    """A name that is counted somewhere and told nowhere would be lost."""
    assert metrics.HISTOGRAMS.keys() == BOUNDS.keys()
    texts = [path.read_text() for path in (settings.BASE_DIR / "orchestration").rglob("*.py")]
    counted = {name for text in texts for name in re.findall(r"igures\.count\(\s*\"(\w+)\"", text)}
    assert counted == metrics.COUNTERS.keys()


def test_names_follow_the_conventions(token: str) -> None:
    text = scrape(token).content.decode()
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        assert family.name.startswith("sagaconsole_"), family.name
        sampled = {sample.name for sample in family.samples}
        assert family.type != "counter" or sampled <= {f"{family.name}_total"}, family.name


def test_the_page_for_operators_names_every_figure(token: str) -> None:
    sweep.sweep()  # the dispatcher's beat is told once there is one
    families = text_string_to_metric_families(scrape(token).content.decode())
    told = {f"{family.name}{'_total' if family.type == 'counter' else ''}" for family in families}
    assert first_column(ROOT / "docs" / "operating.md", "Monitoring") == sorted(told)


def test_what_is_taken_of_each_participant_and_what_bulk_acts_do(token: str, engine: World) -> None:  # noqa: F811
    [saga] = stuck_sagas(engine, 1)
    Participant.objects.update(paused=True, max_in_flight=7)
    Flow.objects.update(granted=3, is_open=True, changed_at=Now())
    worked(make("pause", [saga, uuid7()]))
    make("resume", [saga])
    told = figures(token)
    for name, value in (("max_in_flight", 7), ("slots_taken", 3), ("paused", 1), ("circuit_open", 1)):
        assert told[f"participant_{name}", ("scripted",)] == value
    assert {labels: told["bulk_items_total", labels] for name, labels in told if name == "bulk_items_total"} == {
        ("pause", "done"): 1, ("pause", "refused"): 1,
    }  # fmt: skip
    assert {status: told["bulks", (status,)] for status in ("running", "paused", "halted")} == {
        "running": 1, "paused": 0, "halted": 0,
    }  # fmt: skip


# -- how figures leave a worker ---------------------------------------------------------------------------------


def test_a_participant_is_a_label_as_it_is(token: str, engine: World) -> None:  # noqa: F811
    Participant.objects.create(name="x-1", transport="function")
    start(define({"name": "one", "participant": "x-1"}))
    run_until_quiet()
    assert figures(token)["call_duration_seconds_count", ("action", "succeeded", "x-1")] == 1
