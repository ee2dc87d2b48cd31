"""The banner over every page: fault rules in force."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration.console.htmx import HtmxRequest, shows


@require_GET
@shows("view_saga")
def banner(request: HtmxRequest) -> HttpResponse:
    """Its content comes from the context processor."""
    return render(request, "console/_banner.html")
