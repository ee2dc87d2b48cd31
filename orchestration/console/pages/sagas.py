"""The list of sagas and the search box."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from orchestration.console import lanes, reading, saved_views
from orchestration.console.bulk_bar import bulk_bar
from orchestration.console.exporting import MOST, Export
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.console.saga_list import AGES, SagaList
from orchestration.console.words import Look, Tone
from orchestration.core.states import OUT, UNDOING
from orchestration.models import Participant, Saga, SagaDefinition, Step
from orchestration.queries import WrongCursor, WrongFilter

_PLAIN = (
    "business_key", "status", "paused", "parked_on", "overdue", "stuck_code", "stuck_reason", "trigger", "launched_by",
    "created_at", "started_at", "finished_at",
)  # fmt: skip
_COLUMNS = ("id", "definition", "version", *_PLAIN, "seconds")


@require_GET
@shows("view_saga")
def sagas(request: HtmxRequest) -> HttpResponse:
    listed = SagaList(request.GET)
    context: dict[str, Any] = {"list": listed, "ages": AGES, "bulk_acts": bulk_bar(request.user), "most": MOST}
    if not request.htmx:
        context["views"] = saved_views.of_reader(request.user, listed.params)
        context["view_query"] = saved_views.plain(listed.params).urlencode()
        context["definitions"] = SagaDefinition.objects.usable().newest().values_list("name", flat=True)
        context["participants"] = Participant.objects.order_by("name").values_list("name", flat=True)
    try:
        context |= {"rows": _rows(listed.page.items), "tabs": listed.tabs, "newer": listed.newer}
    except (WrongFilter, WrongCursor) as error:
        context |= {"wrong": str(error) or _("This page of the list cannot be found again."), "rows": [], "tabs": []}
    status = 400 if "wrong" in context else 200
    return render(request, part_or_page(request, "sagas"), context, status=status)


@require_GET
@shows("view_saga")
def export_sagas(request: HtmxRequest, form: str) -> HttpResponseBase:
    """What is filtered, as CSV or JSON; without payloads."""
    try:
        found = SagaList(request.GET).everything
    except WrongFilter as error:
        raise Http404 from error
    rows = found.select_related("definition").defer("definition__document")
    return Export("sagas", rows, _COLUMNS, _values).response(form)


def _values(saga: Saga) -> list[Any]:
    took = (saga.finished_at - saga.created_at).total_seconds() if saga.finished_at else None
    return [saga.pk, saga.definition_name, saga.definition.version, *(getattr(saga, name) for name in _PLAIN), took]


@require_GET
@shows("view_saga")
def find(request: HtmxRequest) -> HttpResponse:
    """A pasted id or a business key that only one saga has opens that saga; anything else is a search."""
    text = request.GET.get("q", "").strip().strip("…\"'")[:255].replace("\0", "")
    if not text:
        return redirect("console:sagas")
    found = _the_one(text)
    if found is not None:
        return redirect("console:saga", found)
    return redirect(f"{reverse('console:sagas')}?{urlencode({'q': text})}")


def _the_one(text: str) -> UUID | None:
    try:
        return Saga.objects.filter(pk=UUID(text)).values_list("pk", flat=True).first()
    except ValueError:
        found = list(Saga.objects.filter(business_key=text).values_list("pk", flat=True)[:2])
        return found[0] if len(found) == 1 else None


def _rows(page: list[Saga]) -> list[dict[str, Any]]:
    steps = reading.steps_of(page)
    return [{"saga": saga, "dots": [_dot(step) for step in steps[saga.pk]], "at": _at(steps[saga.pk])} for saga in page]


def _dot(step: Step) -> tuple[Look, bool, str]:
    """One step in the row's small picture: what stands, whether a call is out, its name."""
    look = lanes.step_look(step)
    return look, step.status in OUT, step.name


def _at(steps: list[Step]) -> Step | None:
    """The step that the saga is at: out, due or failed; the last one undone while it goes back."""
    resting = {Tone.OK, Tone.UNDONE, Tone.IDLE}
    busy = [step for step in steps if lanes.step_look(step).tone not in resting]
    return next((step for step in reversed(busy) if step.status in UNDOING), busy[0] if busy else None)
