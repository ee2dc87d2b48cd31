"""Verifying: every link against its row and the link before; and that no row stands outside of the chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import connection

from orchestration.audit_chain.sealing import BEGINNING, link_digest
from orchestration.models import AuditEntry, AuditLink

CHUNK = 2_000
# In one statement, so that a row which is being sealed meanwhile is seen either waiting or linked.
_OUTSIDE = """
SELECT entry.id FROM orchestration_auditentry entry
WHERE NOT EXISTS (SELECT FROM orchestration_auditlink link WHERE link.entry_id = entry.id)
    AND NOT EXISTS (SELECT FROM orchestration_auditwaiting waiting WHERE waiting.entry_id = entry.id)
ORDER BY entry.id LIMIT 1
"""


class Kind(StrEnum):
    """What was found wrong."""

    CHANGED = "changed"
    DELETED = "deleted"
    LINK_MISSING = "link missing"
    OUTSIDE = "outside"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that is not as it was sealed. `position` 0: it has no place in the chain."""

    kind: Kind
    position: int
    entry_id: UUID | None

    def __str__(self) -> str:
        match self.kind:
            case Kind.CHANGED:
                return f"row {self.entry_id}, number {self.position}: it, or the link before it, was changed"
            case Kind.DELETED:
                return f"row {self.entry_id}, number {self.position}: it was deleted"
            case Kind.LINK_MISSING:
                return f"number {self.position}: its link was deleted"
            case Kind.OUTSIDE:
                return f"row {self.entry_id}: it was slipped in, or its link was deleted"
        return f"number {self.position}: the chain does not have the digest that you noted"


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the chain was looked at: place and digest of the last good link. `broken` None: it is whole."""

    position: int
    digest: str
    broken: Broken | None = None


def verify(*, noted: tuple[int, str] | None = None) -> Verified:
    """The whole chain. `noted`: place and digest of an earlier end, which must be in it: so rows cut off show."""
    if noted is not None and not AuditLink.objects.filter(position=noted[0], digest=noted[1]).exists():
        return Verified(0, BEGINNING, Broken(Kind.HEAD, noted[0], None))
    done = Verified(0, BEGINNING)
    while done.broken is None:
        following = check(done.position, done.digest)
        if following.position == done.position:
            return Verified(done.position, done.digest, following.broken or outside())
        done = following
    return done


def check(position: int, digest: str, limit: int = CHUNK) -> Verified:
    """The next `limit` links after a good one."""
    links = list(AuditLink.objects.filter(position__gt=position).order_by("position")[:limit])
    entries = AuditEntry.objects.in_bulk([link.entry_id for link in links])
    return _follow(Verified(position, digest), links, entries)


def outside() -> Broken | None:
    """A row that is neither sealed nor waiting for it."""
    with connection.cursor() as cursor:
        cursor.execute(_OUTSIDE)
        found = cursor.fetchone()
    return Broken(Kind.OUTSIDE, 0, found[0]) if found else None


def _follow(good: Verified, links: Sequence[AuditLink], entries: dict[UUID, AuditEntry]) -> Verified:
    position, digest = good.position, good.digest
    for link in links:
        if link.position != position + 1:
            return Verified(position, digest, Broken(Kind.LINK_MISSING, position + 1, None))
        entry = entries.get(link.entry_id)
        if link.digest != link_digest(link.position, digest, entry) or entry is None:
            kind = Kind.CHANGED if entry else Kind.DELETED
            return Verified(position, digest, Broken(kind, link.position, link.entry_id))
        position, digest = link.position, link.digest
    return Verified(position, digest)
