"""`manage.py fill`: what it makes up is what the engine would have written, and it never mixes unasked."""

from collections import Counter
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from orchestration import queries
from orchestration.core.states import ENDED, SagaStatus
from orchestration.filling import NAME
from orchestration.models import Event, Participant, Saga
from orchestration.sweep import sweep
from tests.cast import make_person
from tests.orchestration.scripted import act, again, define, drain, run, start

pytestmark = pytest.mark.usefixtures("engine")


def fill(number: int, *options: str) -> str:
    said = StringIO()
    call_command("fill", "--sagas", str(number), *options, stdout=said)
    return said.getvalue()


def test_the_mix_has_every_end_and_every_wait() -> None:
    assert fill(3000).startswith("3000 sagas, ")
    statuses = Counter(Saga.objects.values_list("status", flat=True))
    assert set(statuses) == set(SagaStatus) - {SagaStatus.COMPENSATING}
    assert statuses["completed"] > 2500
    live = Saga.objects.live()
    assert live.filter(paused=True).exists()
    assert live.filter(parked_on__isnull=False).exists()
    assert live.filter(steps__status="waiting").exists()
    assert live.filter(steps__status="due", steps__action_attempts__gt=0).exists()


def test_each_saga_is_whole() -> None:
    fill(300)
    assert Saga.objects.values("business_key").distinct().count() == 300
    for saga in Saga.objects.for_detail_page():
        events = list(Event.objects.filter(saga=saga))
        assert [event.seq for event in events] == list(range(1, saga.journal_length + 1))
        assert events[-1].status == saga.status
        assert saga.data.input["order_id"] == saga.business_key
        assert (saga.finished_at is not None) == (saga.status in ENDED)
        steps = list(saga.steps.all())
        assert sum(map(queries.step_attempts, steps)) == saga.attempts.count()
        assert queries.state_of(saga, steps).status == saga.status
        assert abs((saga.pk.int >> 80) / 1000 - saga.created_at.timestamp()) < 1


def test_ids_sort_by_the_time_of_the_launch() -> None:
    fill(200)
    by_id = list(Saga.objects.order_by("id").values_list("created_at", flat=True))
    assert by_id == sorted(by_id)


def test_pages_and_api_show_them() -> None:
    fill(200)
    viewer = make_person("viewer")
    for status in set(Saga.objects.values_list("status", flat=True)):
        saga = Saga.objects.filter(status=status)[0]
        assert viewer.api.get(f"/sagas/{saga.pk}").json()["status"] == status
        assert viewer.browser.get(f"/sagas/{saga.pk}/").status_code == 200


def test_workers_leave_them_alone() -> None:
    fill(300)
    before = set(Saga.objects.values_list("pk", "status", "epoch", "due_at", "parked_on"))
    sweep()
    assert run(drain()).claimed == 0
    assert set(Saga.objects.values_list("pk", "status", "epoch", "due_at", "parked_on")) == before


def test_the_rules_go_on_from_where_the_story_ends() -> None:
    fill(1000)
    paused = Saga.objects.live().filter(paused=True)[0]
    assert act("abandon", paused, details={"confirm": str(paused.pk)}).status == SagaStatus.ABANDONED
    stuck = Saga.objects.filter(status=SagaStatus.STUCK)[0]
    act("retry", stuck)
    run(drain())
    assert again(stuck).parked_on == f"participant:{Participant.objects.get().name}"


def test_a_database_with_real_sagas_is_not_mixed_into_unasked() -> None:
    start(define("one"))
    with pytest.raises(CommandError, match="real sagas"):
        fill(10)
    assert Saga.objects.count() == 1
    fill(10, "--yes")
    assert Saga.objects.filter(definition_name=NAME).count() == 10


def test_it_can_be_filled_further() -> None:
    fill(10)
    fill(10)
    assert Saga.objects.count() == 20


@pytest.mark.parametrize("number", ["0", "-1", "1000000000"])
def test_a_senseless_number_is_refused(number: str) -> None:
    with pytest.raises(CommandError, match="--sagas"):
        call_command("fill", f"--sagas={number}")
