"""Who looks after a group of failures, and what is known of them: an owner and a note, for whoever comes next."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from orchestration import audit
from orchestration.audit import Actor
from orchestration.models import FailureGroup
from orchestration.operator_actions import WrongAct
from orchestration.operator_actions.wording import worded
from orchestration.queries import failures

MAX_NOTE = 1000
RIGHT = "change_failuregroup"


class NoSuchGroup(Exception):
    """No saga fails in that way, and nobody has written anything down about it."""


class ChangedMeanwhile(Exception):
    """Somebody else has written. `group`: what stands there now."""

    def __init__(self, group: FailureGroup) -> None:
        self.group = group
        super().__init__(f"{group.changed_by} has changed it meanwhile")


def known(kind: str, key: str) -> FailureGroup:
    """What is written down; a new, unsaved row where nothing is yet. Raises NoSuchGroup."""
    if (group := FailureGroup.objects.select_related("owner").filter(key=key).first()) is not None:
        return group
    told = failures.members_of(kind, key).told
    if not told:
        raise NoSuchGroup
    return FailureGroup(key=key, told=told)


def possible_owners() -> QuerySet[User]:
    """Everybody who may look after a group."""
    backend = "django.contrib.auth.backends.ModelBackend"
    return User.objects.with_perm(f"orchestration.{RIGHT}", backend=backend).order_by("username")


def look_after(*, kind: str, key: str, actor: Actor, owner: str, note: str, revision: int) -> FailureGroup:
    """Write down the owner's user name ("": nobody) and the note. `revision`: of what the writer has seen, 0 at first.

    Audited, granted or refused. Raises PermissionDenied, WrongAct, NoSuchGroup, and ChangedMeanwhile.
    """
    if not actor.may(RIGHT):
        audit.write(actor=actor, act="look after failures", subject=f"failure group {key}"[:128], granted=False)
        actor.must(RIGHT)
    note = worded("note", note, MAX_NOTE) if note.strip() else ""
    person = _person(owner)
    with transaction.atomic():
        group = _locked(known(kind, key), actor)
        if group.revision != revision:
            raise ChangedMeanwhile(group)
        before = _told(group)
        FailureGroup.objects.filter(key=key).update(
            owner=person, note=note, revision=revision + 1, changed_by=actor.name, changed_at=Now()
        )
        group.refresh_from_db()
        audit.write(
            actor=actor, act="look after failures", subject=f"failure group {key}", granted=True, before=before,
            after=_told(group) | {"group": group.told},
        )  # fmt: skip
    return group


def _locked(found: FailureGroup, actor: Actor) -> FailureGroup:
    """Its row, which is made now if there is none."""
    values = {"told": found.told, "changed_by": actor.name, "changed_at": Now()}
    FailureGroup.objects.get_or_create(key=found.key, defaults=values)
    return FailureGroup.objects.select_for_update(of=("self",)).select_related("owner").get(key=found.key)


def _person(name: str) -> User | None:
    person = possible_owners().filter(username=name).first() if name else None
    if name and person is None:
        raise WrongAct("owner", "must be somebody who may look after failures")
    return person


def _told(group: FailureGroup) -> dict[str, Any]:
    return {"owner": group.owner.get_username() if group.owner else "", "note": group.note}
