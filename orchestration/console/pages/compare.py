"""Two sagas of one definition side by side."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from orchestration import queries
from orchestration.console import comparison
from orchestration.console.htmx import HtmxRequest, shows
from orchestration.models import Saga


@require_GET
@shows("view_attempt")
def compare(request: HtmxRequest, saga_id: UUID) -> HttpResponse:
    """This saga beside `?other=` (an id or a business key); without one, a choice of sagas that went well."""
    try:
        saga = queries.saga_for_page(saga_id)
    except Saga.DoesNotExist as error:
        raise Http404 from error
    text = request.GET.get("other", "").strip()[:255].replace("\0", "")
    other = _found(text, saga) if text else None
    wrong = ""
    if text and other is None:
        wrong = _("No other saga of this definition has this id or business key.")
    if other is not None:
        return render(request, "console/compare.html", {"saga": saga, "compared": comparison.compare(saga, other)})
    context = {"saga": saga, "text": text, "wrong": wrong, "suggestions": comparison.suggestions(saga)}
    return render(request, "console/compare_choose.html", context, status=400 if wrong else 200)


def _found(text: str, saga: Saga) -> Saga | None:
    same = Saga.objects.for_detail_page().filter(definition_name=saga.definition_name).exclude(pk=saga.pk)
    try:
        return same.filter(pk=UUID(text)).first()
    except ValueError:
        return same.filter(business_key=text).order_by("-pk").first()
