"""The worker's side: one item after the other, each in a transaction of its own, until the time is up.

A worker that dies in an item's transaction leaves nothing of it; one that dies between two leaves the next one to
whoever takes the bulk up. So each item is acted on once, whoever dies.
"""

import logging
import time
from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now

from orchestration import dispatch
from orchestration.audit import Actor
from orchestration.bulk import canary
from orchestration.bulk.making import CONFIRM
from orchestration.identifiers import uuid7
from orchestration.models import ApiToken, Bulk, Saga
from orchestration.operator_actions import ACTS, Conflict, WrongAct, perform
from orchestration.store import bulks
from orchestration.store.bulks import Item
from orchestration.store.figures import Figures, add_now

logger = logging.getLogger(__name__)
TURN_SECONDS = 2.0
# These mean something else once the saga has moved on: another step, another undo. The others mean the same always.
HELD_TO_WHAT_WAS_SEEN = ("retry", "skip", "resolve", "approve", "abandon")


class MakerIsGone(PermissionDenied):
    """The user who asked for the bulk was deleted."""


class TokenIsRevoked(PermissionDenied):
    """Whoever closes a token that has fallen into wrong hands closes what it has begun, too."""


def work(*, seconds: float, stop: Callable[[], bool]) -> None:
    """Work on what is due, turn by turn, until nothing is, the time is up, or `stop` says so."""
    ends = time.monotonic() + seconds
    holder = uuid7()
    while not stop() and time.monotonic() < ends:
        bulk_id = bulks.take(holder)
        if bulk_id is None:
            return
        _turn(bulk_id, holder, min(ends, time.monotonic() + TURN_SECONDS), stop)


def _turn(bulk_id: UUID, holder: UUID, ends: float, stop: Callable[[], bool]) -> None:
    bulk = Bulk.objects.get(pk=bulk_id)
    figures = Figures()
    with dispatch.in_a_burst() as tell:
        there_is_more = True
        while there_is_more and not stop() and time.monotonic() < ends:
            result = _one_item(bulk, holder)
            if there_is_more := result is not None:
                figures.count("bulk_items_total", bulk.act, str(result))
            tell()
        _look(bulk_id, holder)
    add_now(figures)


def _one_item(bulk: Bulk, holder: UUID) -> str | None:
    """Act on the next item, and say with which result; None when there is none now."""
    with transaction.atomic():
        item = bulks.next_item(bulk.pk, holder)
        return None if item is None else _act_on(bulk, item)


def _act_on(bulk: Bulk, item: Item) -> str:
    try:
        saga = _perform(bulk, item)
    except PermissionDenied as error:
        return _refuse(bulk, item, "forbidden", str(error))
    except Saga.DoesNotExist:
        return _refuse(bulk, item, "not_found", "there is no such saga")
    except Conflict as conflict:
        return _refuse(bulk, item, "conflict", conflict.message)
    except WrongAct as error:
        return _refuse(bulk, item, "invalid", f"{error.field}: {error}")
    except (OperationalError, InterfaceError):
        raise  # the database is away: nothing is known of the item: whoever takes the bulk up next tries again
    except Exception:  # one bad saga must not stop the others; it was rolled back and is reported
        logger.exception("bulk %s: %s of saga %s could not be done", bulk.pk, bulk.act, item.saga_id)
        return _refuse(bulk, item, "error", "the act itself failed; the worker's log says more")
    bulks.finish(bulk.pk, item, result="done", revision=saga.revision)
    return "done"


def _perform(bulk: Bulk, item: Item) -> Saga:
    details = dict(bulk.details)
    if CONFIRM in (detail.name for detail in ACTS[bulk.act].details):
        details[CONFIRM] = str(item.saga_id)
    return perform(
        bulk.act, saga_id=item.saga_id, actor=_actor(bulk), reason=bulk.reason, step=bulk.step or None, details=details,
        revision=item.seen_revision if bulk.act in HELD_TO_WHAT_WAS_SEEN else None,
    )  # fmt: skip


def _actor(bulk: Bulk) -> Actor:
    """Read anew for each item: a right that was taken away meanwhile, and a token that was revoked, is gone for the
    rest of the set."""
    user = User.objects.filter(pk=bulk.user_id).first() if bulk.user_id else None
    if user is None:
        raise MakerIsGone(f"{bulk.actor} is no user any more")
    if bulk.token and not ApiToken.objects.filter(digest__startswith=bulk.token, revoked_at=None).exists():
        raise TokenIsRevoked(f"the token of {bulk.actor} that asked for it was revoked")
    return Actor(user, "bulk", None if bulk.scopes is None else frozenset(bulk.scopes))


def _refuse(bulk: Bulk, item: Item, code: str, error: str) -> str:
    bulks.finish(bulk.pk, item, result="refused", code=code, error=error)
    return "refused"


@transaction.atomic
def _look(bulk_id: UUID, holder: UUID) -> None:
    """At the end of a turn: is it at its end, may it go on, must it wait or halt?"""
    bulk = Bulk.objects.select_for_update().filter(pk=bulk_id, holder=holder, status=Bulk.Status.RUNNING).first()
    if bulk is None:
        return
    if bulk.acted_on == bulk.total:
        _set(bulk, status=Bulk.Status.COMPLETED, due_at=None, holder=None, finished_at=Now())
    elif not bulk.canary:
        bulks.leave(bulk_id, holder)
    elif bulk.done == bulk.done_limit:
        _end_of_wave(bulk, holder)
    elif canary.failures_rise(bulk, bulks.outcomes(bulk_id)):
        _halt(bulk, Bulk.Halt.FAILURES)
    else:
        bulks.leave(bulk_id, holder)


def _end_of_wave(bulk: Bulk, holder: UUID) -> None:
    if bulk.looked_at_until is None:
        _set(bulk, looked_at_until=Now() + canary.PATIENCE)
    over = Bulk.objects.filter(pk=bulk.pk, looked_at_until__lte=Now()).exists()
    verdict = canary.verdict(bulk, bulks.outcomes(bulk.pk), patience_is_over=over)
    if verdict.halt:
        _halt(bulk, verdict.halt)
    elif verdict.wait:
        bulks.leave(bulk.pk, holder, for_seconds=canary.LOOK_AGAIN_SECONDS)
    else:
        _set(bulk, done_limit=canary.next_limit(bulk), looked_at_until=None)
        bulks.leave(bulk.pk, holder)


def _halt(bulk: Bulk, because: str) -> None:
    _set(bulk, status=Bulk.Status.HALTED, halted_because=because, due_at=None, holder=None)
    logger.warning("bulk %s has halted itself: %s", bulk.pk, because)


def _set(bulk: Bulk, **values: object) -> None:
    Bulk.objects.filter(pk=bulk.pk).update(**values)
