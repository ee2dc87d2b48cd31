"""Whoever can write to Redis still cannot make a worker do anything but drain."""

import json
from typing import Any

import pytest
from django.core.signing import BadSignature
from django.urls import NoReverseMatch, reverse
from rq.exceptions import DeserializationError
from rq.job import Job

from orchestration import dispatch
from orchestration.worker import ForbiddenJob, SagaJob, SignedJSON


def stored_job(**fields: Any) -> SagaJob:
    """A job as it would be read from Redis, with `fields` as its hash."""
    job = SagaJob(id="a-job", connection=dispatch.queue().connection, serializer=SignedJSON)
    job.restore({name.encode(): value for name, value in fields.items()})
    return job


def test_a_drain_job_round_trips_signed() -> None:
    queue = dispatch.queue()
    queue.empty()
    assert dispatch.enqueue_drain()
    [job] = queue.jobs
    queue.empty()
    assert job.func_name == dispatch.DRAIN_JOB
    assert callable(job.func)
    assert (job.result_ttl, type(job)) == (0, SagaJob)


@pytest.mark.parametrize("name", ["os.system", "orchestration.launch.launch", "builtins.eval"])
def test_a_signed_job_outside_of_the_allow_list_is_refused(name: str) -> None:
    job = stored_job(data=SignedJSON.dumps([name, None, ["true"], {}]))
    with pytest.raises(ForbiddenJob):
        job.perform()


def test_a_plain_json_job_is_not_even_read() -> None:
    job = stored_job(data=json.dumps(["os.system", None, ["true"], {}]).encode())
    with pytest.raises(DeserializationError) as refused:
        job.perform()
    assert isinstance(refused.value.__cause__, BadSignature)


def test_a_method_of_an_object_is_refused() -> None:
    job = stored_job(data=SignedJSON.dumps([dispatch.DRAIN_JOB, "an object", [], {}]))
    with pytest.raises(ForbiddenJob):
        _ = job.func


def test_callbacks_and_webhooks_are_off() -> None:
    job = stored_job(
        data=SignedJSON.dumps([dispatch.DRAIN_JOB, None, [], {}]),
        success_callback_name=b"os.abort", failure_callback_name=b"os.abort", stopped_callback_name=b"os.abort",
        webhooks=b'[{"url": "http://127.0.0.1:9/", "statuses": ["finished"]}]',
    )  # fmt: skip
    assert [job.success_callback, job.failure_callback, job.stopped_callback] == [None] * 3
    assert job.webhooks == []


def test_stock_rq_would_have_run_it() -> None:
    """The danger is real: the same hash, read by the stock job class, names a function to import and run."""
    job = Job(id="a-job", connection=dispatch.queue().connection, serializer="json")
    job.restore({b"data": json.dumps(["os.getpid", None, [], {}]).encode()})
    assert callable(job.func)


def test_django_rqs_own_pages_are_not_mounted() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("rq_home")
