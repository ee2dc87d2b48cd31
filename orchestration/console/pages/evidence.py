"""Evidence: what the participants say of a saga's steps, beside what we believe."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration import evidence as asking
from orchestration import queries
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.models import Saga


@require_GET
@shows("view_saga")
def evidence(request: HtmxRequest, saga_id: UUID) -> HttpResponse:
    """Ask now, about every step that was ever called, or about `?step=` alone."""
    try:
        saga = queries.saga_for_page(saga_id)
    except Saga.DoesNotExist as error:
        raise Http404 from error
    only = request.GET.get("step", "")
    context = {"saga": saga, "only": only, "told": asking.of_saga(saga, only)}
    return render(request, part_or_page(request, "evidence"), context)
