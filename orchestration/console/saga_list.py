"""The saga list's URL: which filters are on, as chips and tabs, and which sagas they let through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import queries
from orchestration.console import words
from orchestration.core.states import SagaStatus
from orchestration.models import Saga
from orchestration.models.sagas import SagaQuerySet
from orchestration.queries import CappedCount, Page, search_window

FILTERS = ("definition", "participant", "step", "business_key", "error", "q", "age", "created_after", "created_before")
OWN = ("age", "cursor", "top")
# Inside of texts nothing can be found by an index; then the tabs go without their numbers.
COSTLY = ("q", "error", "step")
AGES = {
    "15m": (timedelta(minutes=15), gettext_lazy("last 15 minutes")),
    "1h": (timedelta(hours=1), gettext_lazy("last hour")),
    "24h": (timedelta(days=1), gettext_lazy("last 24 hours")),
    "7d": (timedelta(days=7), gettext_lazy("last 7 days")),
}
TABS = (
    SagaStatus.STUCK, SagaStatus.RUNNING, SagaStatus.COMPENSATING, SagaStatus.PENDING, SagaStatus.COMPLETED,
    SagaStatus.COMPENSATED, SagaStatus.ABANDONED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tab:
    """A link to one status; `status` "" means all. `number` None: not counted."""

    status: str
    word: str
    look: words.Look | None
    number: CappedCount | None
    is_current: bool
    query: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the query without it."""

    label: str
    value: str
    query: str


class SagaList:
    """One reading of the saga list. Raises WrongFilter and WrongCursor when its sagas are read."""

    def __init__(self, params: QueryDict) -> None:
        self.params = params.copy()
        for name in [name for name in self.params if not any(self.params.getlist(name))]:
            del self.params[name]  # an empty field of the form filters nothing
        self.status = self.params.get("status", "")

    @cached_property
    def page(self) -> Page[Saga]:
        sagas = self._filtered(self.params)
        if top := self._top():
            sagas = sagas.filter(pk__lte=top)
        return search_window.down_to(self.bottom, sagas, cursor=self.params.get("cursor"))

    @cached_property
    def bottom(self) -> UUID | None:
        """How far back this page looks, where it does not look at all there is."""
        return search_window.bottom(self.wanted, cursor=self.params.get("cursor"), top=self._top())

    @property
    def is_cut(self) -> bool:
        """No more fits as far as was looked, and there are older sagas."""
        return self.bottom is not None and self.page.next_cursor == queries.cursor_at(self.bottom)

    @property
    def looked_at(self) -> int | None:
        """How many sagas one such page looks at."""
        return search_window.size(self.wanted)

    @property
    def everything(self) -> SagaQuerySet:
        """All sagas that fit, for a file. Raises WrongFilter."""
        return self._filtered(self.params)

    @cached_property
    def newer(self) -> CappedCount | None:
        """How many sagas that fit came after this list was opened."""
        top = self._top()
        if top is None or "cursor" in self.params:
            return None
        found = queries.capped_count(self._filtered(self.params).filter(pk__gt=top), cap=100)
        return found if found.number else None

    @property
    def current_look(self) -> words.Look | None:
        return words.SAGA.get(self.status)

    @cached_property
    def tabs(self) -> list[Tab]:
        others = self._query_dict(drop=("status", "cursor", "top"))
        costly = any(name in self.params for name in COSTLY)
        counts = {} if costly else self._counts(others)
        everything = Tab("", _("All"), None, None, not self.status, others.urlencode())
        return [everything, *(self._tab(status, counts.get(status), others) for status in TABS)]

    @cached_property
    def chips(self) -> list[Chip]:
        labels = queries.SagaFilter.base_filters
        names = [name for name in FILTERS if name in self.params]
        return [
            Chip(_("started") if name == "age" else str(labels[name].label), self._value(name), self._without(name))
            for name in names
        ]

    @property
    def top(self) -> str:
        """The newest row of the first page: a refresh leaves what came later out, and counts it."""
        first = self.page.items[0] if self.page.items and "cursor" not in self.params else None
        return str(self._top() or (first.pk if first else ""))

    @property
    def refresh_query(self) -> str:
        params = self._query_dict(drop=("top",))
        if self.top and "cursor" not in self.params:
            params["top"] = self.top
        return params.urlencode()

    @property
    def newest_query(self) -> str:
        return self._query_dict(drop=("top", "cursor")).urlencode()

    @property
    def next_query(self) -> str:
        params = self._query_dict(drop=("top",))
        params["cursor"] = self.page.next_cursor or ""
        return params.urlencode()

    @property
    def wanted(self) -> QueryDict:
        """The filters as `queries.filter_sagas` takes them."""
        return _wanted(self.params)

    @property
    def newest_seen(self) -> UUID | None:
        """What came after this saga is not in the list as it was opened; None: everything is."""
        return self._top()

    @property
    def matching(self) -> CappedCount | None:
        """How many fit all filters, where the tabs have counted them."""
        return next((tab.number for tab in self.tabs if tab.is_current), None)

    def _counts(self, others: QueryDict) -> Mapping[SagaStatus, CappedCount | None]:
        return search_window.counts(self._filtered(others), search_window.bottom(_wanted(others), by_status=True))

    def _filtered(self, params: QueryDict) -> SagaQuerySet:
        return queries.filter_sagas(_wanted(params))

    def _tab(self, status: SagaStatus, number: CappedCount | None, others: QueryDict) -> Tab:
        params = others.copy()
        params["status"] = status
        look = words.SAGA[status]
        return Tab(status, str(look.word), look, number, self.status == status, params.urlencode())

    def _value(self, name: str) -> str:
        value = str(self.params[name])
        return str(AGES[value][1]) if name == "age" and value in AGES else value

    def _without(self, name: str) -> str:
        return self._query_dict(drop=(name, "cursor", "top")).urlencode()

    def _query_dict(self, drop: tuple[str, ...]) -> QueryDict:
        params = self.params.copy()
        for name in drop:
            params.pop(name, None)
        return params

    def _top(self) -> UUID | None:
        try:
            return UUID(self.params.get("top", ""))
        except ValueError:
            return None


def _wanted(params: QueryDict) -> QueryDict:
    wanted = params.copy()
    age = wanted.get("age")
    for name in OWN:
        wanted.pop(name, None)
    if age in AGES:
        wanted["created_after"] = (timezone.now() - AGES[age][0]).isoformat(timespec="seconds")
    return wanted
