"""Who did what, when and why."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration import queries
from orchestration.console import reading
from orchestration.console.forms import AuditFilterForm
from orchestration.console.htmx import HtmxRequest, shows
from orchestration.queries import WrongCursor


@require_GET
@shows("view_auditentry")
def audit(request: HtmxRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    wanted = {"actor": "", "saga": None, "act": ""} | (form.cleaned_data if form.is_valid() else {})
    try:
        page = queries.page(reading.audit_entries(**wanted), cursor=request.GET.get("cursor"))
    except WrongCursor:
        page = queries.page(reading.audit_entries(**wanted), cursor=None)
    context = {"form": form, "page": page, "is_filtered": any(wanted.values())}
    return render(request, "console/audit.html", context)
