"""After an older database was restored: its sagas' epochs went back, and participants remember higher ones."""

from uuid import UUID

from django.db import connection, transaction

from orchestration import audit
from orchestration.audit import Actor
from orchestration.store.leases import ADVANCE_EPOCHS

PORTION = 2_000
_FIRST = UUID(int=0)


def advance_epochs(*, actor: Actor, reason: str) -> int:
    """Raise every live saga's epoch past all that anybody may have seen, and set free what a drain of then owned.

    The new epoch is the time in milliseconds, or one more where a saga has that already. Epochs grow by one with each
    claim, far more slowly than time; so it is also past what came of an earlier restore. Returns how many sagas.
    A worker that has such a saga now has lost it: its late write is refused, and the call is made again, under the
    same key.
    """
    advanced = 0
    last: UUID | None = _FIRST
    while last is not None:
        last, number = _portion(last)
        advanced += number
    audit.write(actor=actor, act="advance epochs", subject=f"{advanced} live sagas", granted=True, reason=reason)
    return advanced


@transaction.atomic
def _portion(after: UUID) -> tuple[UUID | None, int]:
    """The next sagas by id, in a transaction of their own: the last of them (None: there are no more), how many."""
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE_EPOCHS, [after, PORTION])
        last, number = cursor.fetchone()
    return last, number
