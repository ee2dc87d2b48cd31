"""What fails, in groups of sagas that fail in the same way."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration.console.bulk_bar import bulk_bar
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.queries import failures


@require_GET
@shows("view_saga")
def failure_groups(request: HtmxRequest) -> HttpResponse:
    kind = request.GET.get("kind", "")
    kind = kind if kind in failures.KINDS else failures.STUCK
    groups = failures.failure_groups(kind)
    number = sum(group.number for group in groups)
    context = {
        "kind": kind, "groups": groups, "number": number, "is_capped": number >= failures.CAP,
        "acts": [act for act in bulk_bar(request.user)["front"] if act.name in ("retry", "compensate")],
    }  # fmt: skip
    return render(request, part_or_page(request, "failure_groups"), context)
