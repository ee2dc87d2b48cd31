"""Pause, resume and cancel of a bulk. An item that is being acted on ends first; after the answer no other begins."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from orchestration import audit, dispatch
from orchestration.audit import Actor
from orchestration.bulk import canary
from orchestration.models import Bulk
from orchestration.operator_actions import ACTS
from orchestration.operator_actions.wording import MAX_REASON, worded
from orchestration.store import bulks

S = Bulk.Status
_STOPPED = (S.PAUSED, S.HALTED)


class OutOfPlace(Exception):
    """The bulk has ended, or was never started: there is nothing to steer. `bulk`: as it is."""

    def __init__(self, bulk: Bulk) -> None:
        self.bulk = bulk
        super().__init__(f"the bulk act is {bulk.status}")


def _pause(bulk: Bulk) -> dict[str, Any]:
    return {"status": S.PAUSED, "due_at": None, "holder": None} if bulk.status == S.RUNNING else {}


def _resume(bulk: Bulk) -> dict[str, Any]:
    """What has failed again so far is accepted; a wave whose sagas were too slow counts as looked at."""
    if bulk.status not in _STOPPED:
        return {}
    values = {"status": S.RUNNING, "due_at": Now(), "halted_because": "", "looked_at_until": None}
    if bulk.status == S.HALTED:
        values["failures_accepted"] = bulks.outcomes(bulk.pk).failed_again
        if bulk.done_limit is not None and bulk.done >= bulk.done_limit:
            values["done_limit"] = canary.next_limit(bulk)
    return values


def _cancel(bulk: Bulk) -> dict[str, Any]:
    if bulk.status == S.CANCELLED:
        return {}
    return {"status": S.CANCELLED, "due_at": None, "holder": None, "finished_at": Now()}


STEERS: dict[str, Callable[[Bulk], dict[str, Any]]] = {"pause": _pause, "resume": _resume, "cancel": _cancel}


def steer(how: str, *, bulk_id: UUID, actor: Actor, reason: str = "") -> Bulk:
    """Pause, resume or cancel (a key of STEERS); twice changes nothing. It takes the right to the bulk's act.

    Audited, granted or refused. Raises Bulk.DoesNotExist, WrongAct, PermissionDenied, and OutOfPlace.
    """
    reason = worded("reason", reason, MAX_REASON) if reason else ""
    act = f"{how} bulk"
    found = Bulk.objects.get(pk=bulk_id)
    if not actor.may(ACTS[found.act].permission, verb=found.act):
        audit.write(actor=actor, act=act, subject=f"bulk {bulk_id}", granted=False, reason=reason)
        actor.must(ACTS[found.act].permission, verb=found.act)
    try:
        with transaction.atomic():
            return _steered(how, act, bulk_id, actor, reason)
    except OutOfPlace as error:
        audit.write(
            actor=actor, act=act, subject=f"bulk {bulk_id}", granted=False, reason=reason,
            after={"why_not": str(error)},
        )  # fmt: skip
        raise


def _steered(how: str, act: str, bulk_id: UUID, actor: Actor, reason: str) -> Bulk:
    bulk = Bulk.objects.select_for_update().get(pk=bulk_id)
    before = {"status": bulk.status, "done": bulk.done, "refused": bulk.refused}
    is_repeated = how == "cancel" and bulk.status == S.CANCELLED
    if bulk.status == S.DRAFT or (bulk.has_ended and not is_repeated):
        raise OutOfPlace(bulk)
    if values := STEERS[how](bulk):
        Bulk.objects.filter(pk=bulk_id).update(**values)
        bulk.refresh_from_db()
    audit.write(
        actor=actor, act=act, subject=f"bulk {bulk_id}", granted=True, reason=reason, before=before,
        after={"status": bulk.status},
    )  # fmt: skip
    transaction.on_commit(dispatch.announce_many, robust=True)
    if bulk.status == S.RUNNING:
        transaction.on_commit(dispatch.enqueue_housekeeping, robust=True)
    return bulk
