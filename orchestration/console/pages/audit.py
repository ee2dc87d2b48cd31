"""Who did what, when and why; whether the chain is whole; and all of it as a file."""

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration import audit_chain, queries
from orchestration.console import audit_list
from orchestration.console.audit_list import AuditFilterForm
from orchestration.console.differences import differences
from orchestration.console.exporting import MOST, Export
from orchestration.console.htmx import HtmxRequest, shows
from orchestration.models import AuditEntry
from orchestration.queries import WrongCursor

_COLUMNS = ("id", "at", "actor", "act", "subject", "saga_id", "granted", "reason", "via", "before", "after")


@require_GET
@shows("view_auditentry")
def audit(request: HtmxRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    found = audit_list.entries(form.wanted)
    try:
        page = queries.page(found, cursor=request.GET.get("cursor"))
    except WrongCursor:
        page = queries.page(found, cursor=None)
    context: dict[str, Any] = {
        "form": form, "page": page, "rows": [(entry, differences(entry.before, entry.after)) for entry in page.items],
        "is_filtered": bool(form.wanted), "chain": audit_chain.state(), "actors": audit_list.known("actor"),
        "acts": audit_list.known("act"), "most": MOST,
    }  # fmt: skip
    return render(request, "console/audit.html", context)


@require_GET
@shows("view_auditentry")
def export_audit(request: HtmxRequest, form: str) -> HttpResponseBase:
    """What is filtered, as CSV or JSON."""
    filters = AuditFilterForm(request.GET)
    if not filters.is_valid():
        raise Http404
    return Export("audit", audit_list.entries(filters.wanted), _COLUMNS, _values).response(form)


def _values(entry: AuditEntry) -> list[Any]:
    return [getattr(entry, name) for name in _COLUMNS]
