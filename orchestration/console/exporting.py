"""Lists as files: CSV and JSON, streamed in short keyset pages: a long export holds neither rows nor a connection."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from asgiref.sync import sync_to_async
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from orchestration import queries
from orchestration.queries import Page

M = TypeVar("M", bound=Model)
MOST = 100_000
PAGE = 1_000
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@dataclass(frozen=True, slots=True)
class Export(Generic[M]):
    """`rows`, newest first, with `columns` as `values` gives them; MOST at most, and the file says if it was cut."""

    name: str
    rows: QuerySet[M]
    columns: Sequence[str]
    values: Callable[[M], Sequence[Any]]

    def response(self, form: str) -> StreamingHttpResponse:
        """The file as a download. Raises Http404 for another form than csv and json."""
        if form not in _TYPES:
            raise Http404
        lines = self._csv() if form == "csv" else self._json()
        file = f"{self.name}-{timezone.localtime():%Y-%m-%d-%H%M}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{file}"', "X-Accel-Buffering": "no"}
        return StreamingHttpResponse(lines, content_type=_TYPES[form], headers=headers)

    async def _csv(self) -> AsyncIterator[str]:
        yield "\N{BOM}" + _line(self.columns)  # by the mark spreadsheets know that it is UTF-8
        async for page, is_cut in self._pages():
            yield "".join(_line(self.values(row)) for row in page)
            if is_cut:
                yield _line([_("Cut here after %(number)d rows: narrow the filter.") % {"number": MOST}])

    async def _json(self) -> AsyncIterator[str]:
        yield '{"items": ['
        comma, cut = "", False
        async for page, is_cut in self._pages():
            for row in page:
                pairs = dict(zip(self.columns, map(_plain, self.values(row)), strict=True))
                yield f"{comma}\n{json.dumps(pairs, ensure_ascii=False)}"
                comma = ","
            cut = is_cut
        yield f'\n], "cut": {json.dumps(cut)}}}\n'

    async def _pages(self) -> AsyncIterator[tuple[list[M], bool]]:
        """The rows, and with the last page whether there are more than were given."""
        cursor: str | None = None
        for begin in range(0, MOST, PAGE):
            found = await sync_to_async(self._page)(cursor, min(PAGE, MOST - begin))
            cursor = found.next_cursor
            yield found.items, cursor is not None and begin + PAGE >= MOST
            if cursor is None:
                return

    def _page(self, cursor: str | None, limit: int) -> Page[M]:
        found = queries.page(self.rows, cursor=cursor, limit=limit)
        if not connection.in_atomic_block:  # as it is in tests only
            connection.close()  # a slow reader must not hold a connection of the pool
        return found


def _line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(map(_cell, values))
    return line.getvalue()


def _cell(value: Any) -> Any:
    plain = _plain(value)
    if isinstance(plain, dict | list):
        plain = json.dumps(plain, ensure_ascii=False)
    return f"'{plain}" if isinstance(plain, str) and plain.startswith(_FORMULA) else plain


def _plain(value: Any) -> Any:
    """As JSON has it; times in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value if value is None or isinstance(value, bool | int | float | str | dict | list) else str(value)
