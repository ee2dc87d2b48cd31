"""Health for load balancers and monitors: `/healthz` says the process answers, `/readyz` that work gets done."""

import logging
from collections.abc import Callable
from datetime import timedelta

import django_rq
from django.conf import settings
from django.db import DatabaseError
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import RedisError

from orchestration import broker_health
from orchestration.models import Drain, EngineState

logger = logging.getLogger(__name__)


class BrokerAway(Exception):
    """The consumer says that the broker is away."""


BEAT_IS_STALE_AFTER = timedelta(seconds=10)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  a view's form
    """The process answers. No I/O."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  a view's form
    """200 when every part works, else 503; one word per part."""
    checks = CHECKS | (AMQP_CHECKS if settings.AMQP_URL else {})
    parts = {name: _word(name, check) for name, check in checks.items()}
    is_ready = all(word == "ok" for word in parts.values())
    body = {"status": "ok" if is_ready else "not ready", **parts}
    return JsonResponse(body, status=200 if is_ready else 503)


def _word(name: str, check: Callable[[], bool]) -> str:
    try:
        return "ok" if check() else "none alive"
    except (DatabaseError, RedisError, BrokerAway) as error:
        # Hosts and ports belong in the log, not on an address that takes no token.
        logger.warning("readyz: %s: %s", name, error)
        return "unreachable"


def _database() -> bool:
    EngineState.objects.exists()
    return True


def _queue() -> bool:
    return bool(django_rq.get_connection("drain").ping())


def _worker() -> bool:
    return Drain.objects.filter(until__gt=Now()).exists()


def _dispatcher() -> bool:
    return EngineState.objects.filter(name="dispatcher", at__gt=Now() - BEAT_IS_STALE_AFTER).exists()


def _consumer() -> bool:
    return broker_health.heard().is_alive


def _broker() -> bool:
    if not broker_health.heard().has_broker:
        raise BrokerAway("the consumer cannot reach it")
    return True


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database, "queue": _queue, "worker": _worker, "dispatcher": _dispatcher,
}  # fmt: skip
# Only where start messages come from a broker.
AMQP_CHECKS: dict[str, Callable[[], bool]] = {"consumer": _consumer, "broker": _broker}
