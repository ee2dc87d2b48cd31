"""Workers and queue: who works, what waits, what was healed. Nothing can be pressed here."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration.console import reading
from orchestration.console.engine_room import engine_room
from orchestration.console.htmx import HtmxRequest, part_or_page, shows


@require_GET
@shows("view_drain")
def workers(request: HtmxRequest) -> HttpResponse:
    context = {"room": engine_room(), "engine": reading.engine()}
    return render(request, part_or_page(request, "workers"), context)
