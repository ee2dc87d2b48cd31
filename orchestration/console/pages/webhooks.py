"""Webhooks: who is told when a saga ends or gets stuck, and what became of the messages."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration import queries
from orchestration.console.htmx import HtmxRequest, shows
from orchestration.models import WebhookDelivery, WebhookEndpoint
from orchestration.queries import WrongCursor, capped_count

ORDER = ("-saga_id", "-seq", "-endpoint_id")
State = WebhookDelivery.State


@require_GET
@shows("view_webhookendpoint")
def webhooks(request: HtmxRequest) -> HttpResponse:
    endpoints = list(WebhookEndpoint.objects.order_by("name"))
    state = request.GET.get("state", "")
    chosen = next((one for one in endpoints if one.name == request.GET.get("endpoint")), None)
    context: dict[str, Any] = {
        "rows": [(one, _count(one, State.PENDING), _count(one, State.FAILED)) for one in endpoints],
        "page": _page(_deliveries(chosen, state), request.GET.get("cursor")), "chosen": chosen,
        "state": state if state in State.values else "", "states": State.choices,
    }  # fmt: skip
    return render(request, "console/webhooks.html", context)


def _count(endpoint: WebhookEndpoint, state: str) -> queries.CappedCount:
    return capped_count(WebhookDelivery.objects.filter(endpoint=endpoint, state=state))


def _deliveries(endpoint: WebhookEndpoint | None, state: str) -> QuerySet[WebhookDelivery]:
    found = WebhookDelivery.objects.select_related("endpoint")
    if endpoint is not None:
        found = found.filter(endpoint=endpoint)
    return found.filter(state=state) if state in State.values else found


def _page(found: QuerySet[WebhookDelivery], cursor: str | None) -> queries.Page[WebhookDelivery]:
    try:
        return queries.page(found, cursor=cursor, order=ORDER)
    except WrongCursor:
        return queries.page(found, cursor=None, order=ORDER)
