"""Sealing: audit rows that wait get their places in the chain, in the order of their ids, batch by batch."""

import hashlib
from collections.abc import Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from orchestration import strict_json
from orchestration.models import AuditEntry, AuditLink

BATCH = 500
BEGINNING = "0" * 64
# Two dispatchers may run: the chain has one end, so one of them writes. The number is this lock's name.
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(7205013001)"
_TAKE = """
DELETE FROM orchestration_auditwaiting WHERE entry_id IN
    (SELECT entry_id FROM orchestration_auditwaiting ORDER BY entry_id LIMIT %s)
RETURNING entry_id
"""


def seal() -> int:
    """Seal everything that waits; how many rows that were. 0 too when another process is at it."""
    sealed = 0
    while (number := _seal_batch()) > 0:
        sealed += number
        if number < BATCH:
            break
    return sealed


def link_digest(position: int, before: str, entry: AuditEntry | None) -> str:
    """SHA-256 over place, digest before and the whole row. None: the row was gone before it could be sealed."""
    return hashlib.sha256(strict_json.canonical([position, before, _plain(entry)])).hexdigest()


@transaction.atomic
def _seal_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_TAKE, [BATCH])
        taken = sorted(row[0] for row in cursor.fetchall())
    if taken:
        AuditLink.objects.bulk_create(_links(taken))
    return len(taken)


def _links(entry_ids: Sequence[UUID]) -> list[AuditLink]:
    end = AuditLink.objects.order_by("-position").first()
    position, digest = (end.position, end.digest) if end else (0, BEGINNING)
    entries = AuditEntry.objects.in_bulk(entry_ids)
    links = []
    for entry_id in entry_ids:
        position += 1
        digest = link_digest(position, digest, entries.get(entry_id))
        links.append(AuditLink(position=position, entry_id=entry_id, digest=digest))
    return links


def _plain(entry: AuditEntry | None) -> list[Any] | None:
    if entry is None:
        return None
    return [
        str(entry.pk), entry.at.astimezone(UTC).isoformat(timespec="microseconds"), entry.actor, entry.act,
        entry.subject, str(entry.saga_id or ""), entry.granted, entry.reason, entry.via, entry.before, entry.after,
    ]  # fmt: skip
