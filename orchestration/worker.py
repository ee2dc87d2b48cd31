"""The RQ worker: forks a child per drain that dies with it, and runs nothing but what is allowed here.

Payloads are signed JSON: whoever can write to Redis still cannot make a worker call anything. Stock RQ would import
and run any dotted name, callbacks and webhooks included.
"""

import contextlib
import ctypes
import json
import logging
import os
import signal
import socket
from time import sleep
from typing import Any

from django.core.signing import Signer
from django.db import Error, connection, connections
from redis.exceptions import RedisError, ResponseError
from rq import Worker, worker_registration
from rq.job import Job
from rq.queue import Queue

from orchestration import dispatch
from orchestration.jobs import STOP
from orchestration.store import leases

logger = logging.getLogger(__name__)
ALLOWED = frozenset({dispatch.DRAIN_JOB, dispatch.HOUSEKEEPING_JOB})
WORKER_TTL_SECONDS = 20
MONITORING_SECONDS = 3
FULL_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


class ForbiddenJob(Exception):
    """The job asks for something that is not on the allow-list."""


class SignedJSON:
    """RQ's payloads: JSON with a signature by SECRET_KEY. `loads` raises BadSignature for anything else."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        return Signer(salt="rq").sign(json.dumps(value, separators=(",", ":"))).encode()

    @staticmethod
    def loads(data: bytes) -> Any:
        return json.loads(Signer(salt="rq").unsign(data.decode()))


class SagaJob(Job):
    """A job that runs only functions from the allow-list, and never callbacks or webhooks."""

    @property
    def func(self) -> Any:
        if self.func_name not in ALLOWED or self.instance is not None:
            raise ForbiddenJob(f"{self.func_name!r} is not a job of this system")
        return super().func

    def restore(self, raw_data: Any) -> Any:
        restored = super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self.webhooks = []
        return restored


class SagaWorker(Worker):
    """Survives Redis being away or full, tells its child of a warm shutdown, and expires the lease of a dead child."""

    max_connection_wait_time = 2.0  # RQ's own minute would be one without work after Redis is back

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"worker_ttl": WORKER_TTL_SECONDS, "job_monitoring_interval": MONITORING_SECONDS}
        super().__init__(*args, **kwargs)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Also registers anew: a flushed Redis has forgotten this worker."""
        try:
            super().heartbeat(timeout, pipeline=pipeline)
            worker_registration.register(self, pipeline=pipeline)
        except RedisError as error:
            logger.warning("worker %s: no heartbeat, Redis cannot be reached: %s", self.name, error)

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            logger.warning("worker %s: no heartbeat, Redis cannot be reached: %s", self.name, error)

    def handle_warm_shutdown_request(self) -> None:
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]  # rq leaves it untyped
        if self.horse_pid:
            os.kill(self.horse_pid, signal.SIGUSR1)

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: int | None = None) -> Any:
        """A Redis that is full gives out no jobs, since that writes: no reason to end."""
        while True:
            try:
                return super().dequeue_job_and_maintain_ttl(timeout, max_idle_time)
            except ResponseError as error:
                logger.warning("worker %s: no job was taken, Redis refuses it: %s", self.name, error)
                sleep(FULL_SECONDS)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Redis may go away between a drain's end and the note of it: that must not end the worker."""
        try:
            super().execute_job(job, queue)
        except RedisError as error:
            logger.warning("worker %s: Redis cannot be told of a drain: %s", self.name, error)

    def set_state(self, state: Any, pipeline: Any = None) -> None:
        with contextlib.suppress(RedisError):  # only for display
            super().set_state(state, pipeline=pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        with contextlib.suppress(RedisError):  # the next look at the queue waits until Redis is back
            super().check_for_suspension(burst)

    def run_maintenance_tasks(self) -> None:
        with contextlib.suppress(RedisError):
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]  # rq leaves it untyped

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        connections.close_all()  # a child must not share its parent's connection
        # Ignored until the child has its own handler: the default would kill it.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        super().fork_work_horse(job, queue)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        _die_with(parent=self.pid or 0)
        signal.signal(signal.SIGUSR1, STOP.set)
        super().main_work_horse(job, queue)

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Any) -> None:
        child = self.horse_pid
        try:
            super().monitor_work_horse(job, queue, execution)
        except RedisError as error:
            logger.warning("worker %s: Redis cannot be told of the end of a drain: %s", self.name, error)
        _expire_lease_of(child)

    def teardown(self) -> None:
        try:
            super().teardown()  # type: ignore[no-untyped-call]  # rq leaves it untyped
        except RedisError as error:
            logger.warning("worker %s: Redis cannot be told of the end: %s", self.name, error)


def _die_with(*, parent: int) -> None:
    """The kernel kills this child when its parent dies: a SIGKILLed worker leaves no drain behind."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _expire_lease_of(child: int) -> None:
    """A child that ended without giving back its lease has died: its sagas need not wait for the lease to run out."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(leases.EXPIRE_CHILD, [socket.gethostname(), child])
            if cursor.rowcount:
                cursor.execute(leases.RELEASE_LAPSED)  # at once: the dispatcher may be away
                cursor.execute("SELECT pg_notify(%s, '')", [dispatch.DUE_CHANNEL])
                logger.warning("drain in process %d died; its lease was ended", child)
    except Error as error:
        logger.warning("the lease of process %d could not be ended, it will run out: %s", child, error)
    finally:
        connections.close_all()
