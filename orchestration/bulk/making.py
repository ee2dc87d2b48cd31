"""A bulk begins with a frozen set: what is chosen, by ids or by a filter, at one moment. Nothing joins it later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.http import QueryDict

from orchestration import audit, dispatch, queries
from orchestration.audit import Actor
from orchestration.core.definitions import NAME
from orchestration.identifiers import uuid7
from orchestration.models import Bulk
from orchestration.operator_actions import ACTS
from orchestration.operator_actions.details import NO_DETAILS, checked
from orchestration.operator_actions.wording import reason_of
from orchestration.store import bulks

# One payload for many sagas would be wrong for nearly all of them, so `edit-and-retry` is not among them. Nor is
# `restart-from`: it ends the saga that it is done to, so canary mode, which looks at that saga, would see no failure.
BULK_ACTS = ("retry", "compensate", "skip", "resolve", "pause", "resume", "approve", "abandon")
MAX_ITEMS = 100_000
CONFIRM = "confirm"
FIRST_WAVE = 1
_NOBODY = UUID(int=0)


class WrongBulk(ValueError):
    """The request is wrong; `field` names the part."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class TooMany(WrongBulk):
    """More sagas than one bulk may hold."""

    def __init__(self, field: str) -> None:
        super().__init__(field, f"more than {MAX_ITEMS:,} sagas: narrow it")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sagas that are meant: by `ids` or by `params` of the saga list, and then those up to the id `newest`.

    `group`: the failure group whose members the ids are.
    """

    ids: list[UUID] = field(default_factory=list)
    params: QueryDict | None = None
    newest: UUID | None = None
    group: Mapping[str, str] | None = None

    @property
    def told(self) -> dict[str, Any]:
        """As the bulk keeps it, for people to read."""
        if self.params is None:
            return {"ids": len(self.ids)} if self.group is None else {"group": dict(self.group)}
        return {"filter": {name: values[-1] if len(values) == 1 else values for name, values in self.params.lists()}}

    def freeze(self, bulk_id: UUID) -> int:
        """Make the items; how many. Raises WrongFilter and TooMany."""
        if self.params is None:
            if len(self.ids) > MAX_ITEMS:
                raise TooMany("ids")
            return bulks.freeze_ids(bulk_id, self.ids)
        found = queries.filter_sagas(self.params)
        if self.newest is not None:
            found = found.filter(pk__lte=self.newest)
        number = bulks.freeze_filter(bulk_id, found[: MAX_ITEMS + 1])
        if number > MAX_ITEMS:
            raise TooMany("filter")
        return number


def make(
    act: str,
    *,
    chosen: Chosen,
    actor: Actor,
    reason: str,
    step: str = "",
    details: Mapping[str, Any] = NO_DETAILS,
    canary: bool = False,
) -> Bulk:
    """Freeze the set and begin. Audited, granted or refused.

    Raises WrongBulk, WrongAct, WrongFilter and PermissionDenied.
    """
    said = checked_details(act, details)
    reason, step = reason_of(reason), checked_step(act, step)
    _must(act, actor, reason)
    with transaction.atomic():
        bulk = _frozen(act, chosen, actor, step=step)
        return _begin(bulk, actor, reason=reason, details=said, canary=canary)


def draft(act: str, *, chosen: Chosen, actor: Actor) -> Bulk:
    """Freeze the set, so that it can be looked at before it is started; a draft that nobody starts is forgotten.

    Raises WrongBulk, WrongFilter and PermissionDenied (audited).
    """
    _known(act)
    _must(act, actor, "")
    with transaction.atomic():
        return _frozen(act, chosen, actor)


def start(
    *, bulk_id: UUID, actor: Actor, reason: str, details: Mapping[str, Any] = NO_DETAILS, canary: bool = False
) -> Bulk:
    """Begin what its maker has looked at. A second time nothing happens. Raises as `make`, and Bulk.DoesNotExist."""
    act = Bulk.objects.get(pk=bulk_id, actor=actor.name).act
    said, reason = checked_details(act, details), reason_of(reason)
    _must(act, actor, reason)
    with transaction.atomic():
        bulk = Bulk.objects.select_for_update().get(pk=bulk_id)
        if bulk.status != Bulk.Status.DRAFT:
            return bulk
        return _begin(bulk, actor, reason=reason, details=said, canary=canary)


def checked_details(act: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """What the act takes beside reason and step. To abandon takes `confirm`, which is the act's name: "abandon"."""
    _known(act)
    said = dict(details)
    if CONFIRM in (detail.name for detail in ACTS[act].details):
        if said.pop(CONFIRM, None) != act:
            raise WrongBulk(CONFIRM, f"must be {act!r}")
        return said
    return checked(ACTS[act].details, said, _NOBODY, in_full=True)


def checked_step(act: str, step: str) -> str:
    if step and not ACTS[act].takes_step:
        raise WrongBulk("step", f"{act} is about the whole saga and takes no step")
    if step and not NAME.fullmatch(step):
        raise WrongBulk("step", "must be the name of a step")
    return step


def _known(act: str) -> None:
    if act not in BULK_ACTS:
        raise WrongBulk("act", "must be one of " + ", ".join(BULK_ACTS))


def _must(act: str, actor: Actor, reason: str) -> None:
    """The act's own right. What a step's approval asks for beside it is looked at item by item."""
    if not actor.may(ACTS[act].permission, verb=act):
        audit.write(actor=actor, act="bulk", subject=f"bulk {act}", granted=False, reason=reason)
        actor.must(ACTS[act].permission, verb=act)


def _frozen(act: str, chosen: Chosen, actor: Actor, *, step: str = "") -> Bulk:
    bulk = Bulk.objects.create(
        id=uuid7(), act=act, step=step, status=Bulk.Status.DRAFT, selection=chosen.told, user=actor.user,
        actor=actor.name, via=actor.via, scopes=None if actor.scopes is None else sorted(actor.scopes),
        token=actor.token,
    )  # fmt: skip
    bulk.total = chosen.freeze(bulk.pk)
    bulk.save(update_fields=["total"])
    return bulk


def _begin(bulk: Bulk, actor: Actor, *, reason: str, details: dict[str, Any], canary: bool) -> Bulk:
    begun = {"status": Bulk.Status.RUNNING, "due_at": Now()}
    if not bulk.total:
        begun = {"status": Bulk.Status.COMPLETED, "finished_at": Now()}
    Bulk.objects.filter(pk=bulk.pk).update(
        reason=reason, details=details, canary=canary, done_limit=FIRST_WAVE if canary else None, started_at=Now(),
        **begun,
    )  # fmt: skip
    audit.write(
        actor=actor, act="bulk", subject=f"bulk {bulk.pk}", granted=True, reason=reason,
        after={"act": bulk.act, "total": bulk.total, "canary": canary, "details": details, **bulk.selection},
    )  # fmt: skip
    transaction.on_commit(dispatch.enqueue_housekeeping, robust=True)
    bulk.refresh_from_db()
    return bulk
