"""How far back a list looks where no index leads: so many sagas at a time, and the reader may go on from there."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from orchestration.core.states import ENDED, SagaStatus
from orchestration.models import Saga
from orchestration.models.sagas import SagaQuerySet
from orchestration.queries.filters import filter_sagas, of_definitions_with
from orchestration.queries.paging import DEFAULT_LIMIT, Page, after, cursor_at, page
from orchestration.queries.sagas import CappedCount, capped_count

# To read the texts of rows costs more than to compare a version, and the steps of sagas that are far apart most.
SEARCHED, COMPARED, STEPPED = 10_000, 100_000, 5_000
# To such sagas an index leads; what else is asked for is looked for among them.
LEADING = ("definition", "created_after", "created_before")


def search(params: QueryDict, *, cursor: str | None, limit: int = DEFAULT_LIMIT) -> Page[Saga]:
    """The sagas that fit `params`, newest first, as far as one look back goes.

    A page may be short, or empty, and have a cursor all the same: there are older sagas, and nobody has looked at them.
    Raises WrongFilter and WrongCursor.
    """
    sagas = filter_sagas(params)
    return down_to(bottom(params, cursor=cursor), sagas, cursor=cursor, limit=limit)


def down_to(lowest: UUID | None, sagas: SagaQuerySet, *, cursor: str | None, limit: int = DEFAULT_LIMIT) -> Page[Saga]:
    """One page of `sagas`, of which none is older than `lowest`; the next one goes on from there."""
    if lowest is None:
        return page(sagas, cursor=cursor, limit=limit)
    found = page(sagas.filter(pk__gte=lowest), cursor=cursor, limit=limit)
    return replace(found, next_cursor=found.next_cursor or cursor_at(lowest))


def bottom(
    params: QueryDict, *, cursor: str | None = None, top: UUID | None = None, by_status: bool = False
) -> UUID | None:
    """The id of the last saga that is looked at; None: an index leads, or there are no older sagas.

    The page begins at the cursor, or at `top`. `by_status`: as if one status were asked for as well.
    """
    number = size(params, by_status=by_status)
    if number is None:
        return None
    found: QuerySet[Saga] = _led_to(params)
    if cursor:
        found = after(found, cursor)
    elif top is not None:
        found = found.filter(pk__lte=top)
    last = list(found.order_by("-pk").values_list("pk", flat=True)[number - 1 : number + 1])
    return last[0] if len(last) == 2 else None


def counts(sagas: SagaQuerySet, lowest: UUID | None) -> Mapping[SagaStatus, CappedCount | None]:
    """Per status; those of ended sagas down to `lowest` only. None: none so near, and nobody looked further."""
    return {status: _count(sagas.filter(status=status), lowest if status in ENDED else None) for status in SagaStatus}


def size(params: QueryDict, *, by_status: bool = False) -> int | None:
    """How many sagas are looked at for these filters; None: an index leads."""
    if params.get("step"):
        return STEPPED
    if params.get("error") or is_text(params.get("q", "")):
        return SEARCHED
    if params.get("participant"):
        return COMPARED
    has_status = by_status or any(params.getlist("status"))
    return COMPARED if has_status and params.get("definition") else None


def is_text(text: str) -> bool:
    """Whether a search is for more than an id."""
    try:
        UUID(text.strip())
    except ValueError:
        return bool(text.strip())
    return False


def _led_to(params: QueryDict) -> SagaQuerySet:
    """Of these so many are looked at."""
    leading = QueryDict(mutable=True)
    for name in LEADING:
        if name in params:
            leading.setlist(name, params.getlist(name))
    found = filter_sagas(leading)
    if participant := params.get("participant"):
        found = of_definitions_with(participant, found)
    return found.live() if params.get("step") else found


def _count(sagas: SagaQuerySet, lowest: UUID | None) -> CappedCount | None:
    if lowest is None:
        return capped_count(sagas)
    found = capped_count(sagas.filter(pk__gte=lowest))
    return CappedCount(found.number, is_more=True) if found.number else None
