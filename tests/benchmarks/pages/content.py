"""What the pages show: made-up sagas, a definition that hardly anybody uses, audit rows, a bulk act, people."""

import io
import random
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.http import QueryDict

from orchestration import audit_chain, bulk, queries, tokens
from orchestration.audit import Actor, shell
from orchestration.bulk.making import Chosen
from orchestration.definitions import publish_definition
from orchestration.enrolment import enrol
from orchestration.filling.stories import DOCUMENT, PARTICIPANT
from orchestration.identifiers import uuid7
from orchestration.models import AuditEntry, Bulk, BulkItem, Saga, SagaDefinition
from orchestration.operator_actions import ACTS
from tests.benchmarks.pages.catalogue import RARE

RARE_SAGAS = 20
SAGAS_PER_AUDIT_ROW, MOST_AUDIT_ROWS = 20, 50_000
SPREAD = timedelta(days=30)
RARE_PARTICIPANT = f"{RARE}-stock"
# The oldest ones: whoever looks for them from the newest on has all others before them.
_MAKE_RARE = """
UPDATE orchestration_saga SET definition_id = %s, definition_name = %s WHERE id IN (
    SELECT id FROM orchestration_saga WHERE status = 'completed' ORDER BY id LIMIT %s
)
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """`places`: what is put into the addresses. `live`: a saga that can be paused and resumed."""

    username: str
    password: str
    token: str
    places: dict[str, str]
    live: UUID
    sagas: int


def is_filled(sagas: int) -> bool:
    """Whether the present database holds them already, from an earlier run."""
    call_command("migrate", verbosity=0)
    return Saga.objects.count() == sagas and Bulk.objects.filter(total__gte=sagas // 25).exists()


def fill(sagas: int) -> None:
    """So many sagas and what belongs to them, into the present database, which is empty."""
    call_command("migrate", verbosity=0)
    call_command("fill", sagas=sagas, stdout=io.StringIO())
    _make_rare()
    _act_a_lot(min(MOST_AUDIT_ROWS, sagas // SAGAS_PER_AUDIT_ROW))
    _act_on_many()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")  # as autovacuum would, once it has come round


def facts() -> Facts:
    """Of the present database. A new password and a new token each time."""
    password = secrets.token_urlsafe(16)
    operator = _person("bench-operator")
    operator.set_password(password)
    operator.save()
    _token, secret = tokens.issue(user=operator, name="bench")
    newest = Saga.objects.order_by("-pk")
    stuck, completed = (newest.filter(status=status)[0] for status in ("stuck", "completed"))
    moments = {
        name: datetime.now(UTC) - SPREAD * part for name, part in (("early", 0.8), ("middle", 0.5), ("late", 0.1))
    }
    number = Saga.objects.count()
    places = {
        "stuck": str(stuck.pk), "completed": str(completed.pk), "key": completed.business_key,
        "bulk": str(Bulk.objects.latest("created_at").pk),
        "cursor": queries.cursor_at(newest.filter(created_at__lt=moments["middle"])[0].pk),
        **{name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in moments.items()},
    }  # fmt: skip
    live = newest.filter(status="running", paused=False)[0]
    return Facts(operator.username, password, secret, places, live.pk, number)


def actor() -> Actor:
    return Actor(_person("bench-operator"), "bench")


def _person(name: str) -> User:
    person, _made = User.objects.get_or_create(username=name)
    person.groups.set([Group.objects.get(name="operator")])
    return person


def _make_rare() -> None:
    """A definition with two versions and a participant of its own; the oldest sagas become its."""
    enrol(name=RARE_PARTICIPANT, actor=shell("bench"), transport="http", base_url="http://127.0.0.1:9")
    steps = [{**step, "participant": RARE_PARTICIPANT} for step in DOCUMENT["steps"]]
    for title in ("Seldom used", "Seldom used, and changed"):
        publish_definition(document={**DOCUMENT, "name": RARE, "title": title, "steps": steps}, actor=shell("bench"))
    first = SagaDefinition.objects.get(name=RARE, version=1)
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_RARE, [first.pk, RARE, RARE_SAGAS])


def _act_a_lot(number: int) -> None:
    """Audit rows over the last thirty days, sealed. A few are of somebody who hardly ever acts."""
    chance = random.Random(number)
    saga_ids = list(Saga.objects.filter(status="stuck").values_list("pk", flat=True)[: max(1, number)])
    now = datetime.now(UTC)
    rows = [_audit_row(chance, now - SPREAD * (1 - n / number), n, saga_ids) for n in range(number)]
    AuditEntry.objects.bulk_create(rows, batch_size=5_000)
    audit_chain.seal()


def _audit_row(chance: random.Random, at: datetime, number: int, saga_ids: list[Any]) -> AuditEntry:
    saga_id = chance.choice(saga_ids)
    return AuditEntry(
        id=uuid7(int(at.timestamp() * 1000)), at=at, actor="bench-rare" if number < RARE_SAGAS else "bench-operator",
        act=chance.choice(sorted(ACTS)), subject=f"saga {saga_id}", saga_id=saga_id, granted=chance.random() > 0.1,
        reason="made up", via="console", before={"status": "stuck"}, after={"status": "running"},
    )  # fmt: skip


def _act_on_many() -> None:
    """A bulk act over one saga in twenty, most of which have ended since, with every kind of result."""
    wanted = QueryDict("status=stuck&status=abandoned&status=compensated")
    made = bulk.make("retry", chosen=Chosen(params=wanted), actor=actor(), reason="made up")
    items = BulkItem.objects.filter(bulk=made)
    at = datetime.now(UTC)
    refused = items.annotate(rest=F("position") % 10).filter(rest=0)
    refused.update(result="refused", code="conflict", error="the saga is not stuck", acted_at=at)
    rest = items.filter(result="pending")
    done = rest.update(result="done", acted_at=at, acted_revision=F("seen_revision") - 1)
    Bulk.objects.filter(pk=made.pk).update(
        status=Bulk.Status.COMPLETED, due_at=None, finished_at=at, done=done, refused=made.total - done
    )


assert PARTICIPANT == "fill-stock"  # the addresses name it
