"""How far back a list looks where no index leads: so many sagas at a time, and the reader may go on from there."""

from uuid import UUID

from django.http import QueryDict

from orchestration import queries
from orchestration.core.states import ENDED, SagaStatus
from orchestration.models.sagas import SagaQuerySet
from orchestration.queries import CappedCount

# Text inside of rows costs more than to compare a name.
TEXTS, NAMES = ("q", "error"), ("definition", "participant")
SEARCHED, COMPARED = 10_000, 100_000


def bottom(params: QueryDict, sagas: SagaQuerySet, top: UUID | None = None) -> UUID | None:
    """The id of the last saga that is looked at; None: the filters lead by an index, or there are no older sagas.

    `sagas`: those of the time that is looked at; the page begins at the cursor of `params`, or at `top`.
    """
    number = size(params)
    if number is None:
        return None
    if cursor := params.get("cursor"):
        found = queries.after(sagas, cursor)
    elif top is not None:
        found = sagas.filter(pk__lte=top)
    else:
        found = sagas
    last = list(found.order_by("-pk").values_list("pk", flat=True)[number - 1 : number + 1])
    return last[0] if len(last) == 2 else None


def counts(sagas: SagaQuerySet, lowest: UUID | None) -> dict[SagaStatus, CappedCount | None]:
    """Per status; those of ended sagas down to `lowest` only. None: none so near, and nobody looked further."""
    return {status: _count(sagas.filter(status=status), lowest if status in ENDED else None) for status in SagaStatus}


def _count(sagas: SagaQuerySet, lowest: UUID | None) -> CappedCount | None:
    if lowest is None:
        return queries.capped_count(sagas)
    found = queries.capped_count(sagas.filter(pk__gte=lowest))
    return CappedCount(found.number, is_more=True) if found.number else None


def size(params: QueryDict) -> int | None:
    """How many sagas are looked at for these filters; None: an index leads."""
    if params.get("error") or _is_text(params.get("q", "")):
        return SEARCHED
    return COMPARED if any(params.get(name) for name in NAMES) else None


def _is_text(text: str) -> bool:
    """Whether a search is for more than an id."""
    try:
        UUID(text.strip())
    except ValueError:
        return bool(text.strip())
    return False
