"""Bulk acts: all of them, one of them with its items, and the question before one is cancelled."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration import queries
from orchestration.console import bulk_words
from orchestration.console.bulk_page import BulkSheet
from orchestration.console.htmx import HtmxRequest, actor_of, part_or_page, shows
from orchestration.models import Bulk
from orchestration.queries import WrongCursor


@require_GET
@shows("view_bulk")
def bulks(request: HtmxRequest) -> HttpResponse:
    try:
        page = queries.page(queries.started_bulks(), cursor=request.GET.get("cursor"))
    except WrongCursor:
        page = queries.page(queries.started_bulks(), cursor=None)
    rows = [(one, bulk_words.named(one.act, one.total), bulk_words.STATUS[one.status]) for one in page.items]
    return render(request, part_or_page(request, "bulks"), {"rows": rows, "page": page})


@require_GET
@shows("view_bulk")
def bulk(request: HtmxRequest, bulk_id: UUID) -> HttpResponse:
    return _sheet(request, bulk_id, "bulk")


@require_GET
@shows("view_bulk")
def cancel_bulk(request: HtmxRequest, bulk_id: UUID) -> HttpResponse:
    """What a cancel would leave undone."""
    return _sheet(request, bulk_id, "cancel_bulk")


def _sheet(request: HtmxRequest, bulk_id: UUID, page: str) -> HttpResponse:
    try:
        sheet = BulkSheet(bulk_id, actor_of(request), request.GET)
        return render(request, part_or_page(request, page), {"sheet": sheet, "bulk": sheet.bulk})
    except (Bulk.DoesNotExist, WrongCursor) as error:
        raise Http404 from error
