"""One saga: where it stands, how it came there, and what can be done."""

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from orchestration import queries
from orchestration.console import curl, json_view, lanes, possible, reading, reasons, saga_reading, waiting
from orchestration.console.act_forms import NoteForm
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.console.possible import ActButton
from orchestration.core.states import Direction
from orchestration.definitions import compiled_definition
from orchestration.models import Attempt, Saga, Step

SHOWN_ATTEMPTS = 100
SHOWN_EVENTS = 200


@require_GET
@shows("view_saga")
def saga(request: HtmxRequest, saga_id: UUID) -> HttpResponse:
    try:
        found = queries.saga_for_page(saga_id)
    except Saga.DoesNotExist as error:
        raise Http404 from error
    steps, plan = list(found.steps.all()), compiled_definition(found.definition_id).steps
    tries, attempts = saga_reading.tries_of(saga_id), _attempts(found)
    stages = lanes.stages(found, steps, plan, tries, saga_reading.unwanted_steps(saga_id, steps))
    waits = possible.waiting_approvals(queries.state_of(found, steps))
    context = {
        "saga": found,
        "stages": stages,
        "acts": [act for act in possible.act_buttons(found, steps, request.user) if not _has_its_place(act)],
        "decisions": waiting.of_saga(saga_id, waits, request.user),
        "stuck": reasons.explanation(found.stuck_code, steps),
        "last_error": next((row["error"] for row in attempts if row["error"]), ""),
        "attempts": attempts,
        "attempts_in_all": len(tries),
        "events": queries.events_of(saga_id, limit=SHOWN_EVENTS),
        "notes": saga_reading.notes_of(saga_id),
        "note_form": NoteForm(),
        **_standing(found, steps, stages),
    }
    if not request.htmx:
        address = settings.SAGA_PUBLIC_URL + reverse("console:saga", args=[saga_id])
        context |= {
            "input": found.data.input,
            "input_size": json_view.size_word(json_view.size_of(found.data.input)),
            "curl": curl.of_saga(saga_id),
            "address": address,
        }
    return render(request, part_or_page(request, "saga"), context)


@require_GET
@shows("view_attempt")
def attempt(request: HtmxRequest, saga_id: UUID, position: int, direction: str, number: int) -> HttpResponse:
    """What one try sent and what came back; `?raw=request` (answer, error) is the JSON itself, whole."""
    key = {"saga_id": saga_id, "position": position, "direction": direction, "number": number}
    found = get_object_or_404(Attempt, **key)
    wanted = request.GET.get("raw")
    if wanted in ("request", "answer", "error"):
        text = json.dumps(getattr(found, wanted), indent=2, ensure_ascii=False)
        return HttpResponse(text, content_type="text/plain; charset=utf-8")
    saga = get_object_or_404(Saga, pk=saga_id)
    step = get_object_or_404(reading.plan_steps(), definition_id=saga.definition_id, position=position)
    context = {
        "saga": saga,
        "attempt": found,
        "step": step,
        "parts": [_part(found, name) for name in ("request", "answer", "error")],
        "curl": curl.of_attempt(saga, step, found),
    }
    return render(request, part_or_page(request, "attempt"), context)


def _part(attempt: Attempt, name: str) -> dict[str, Any]:
    value = getattr(attempt, name)
    return {"name": name, "value": value, "size": json_view.size_word(json_view.size_of(value))}


def _has_its_place(act: ActButton) -> bool:
    """A decision that may be taken is offered where the page says that it waits."""
    return act.name == "approve" and not act.why_not


def _standing(saga: Saga, steps: list[Step], stages: list[lanes.Stage]) -> dict[str, list[str]]:
    """What stands in the participants; apart from it, what may, and what the definition leaves on the way back."""
    left = [stop.name for stage in stages for stop in stage.stops if stop.is_left_as_is]
    doubtful = {step.name for step in steps if step.in_doubt}
    found = [name for name in queries.open_effects(saga, steps) if name not in left]
    return {
        "open_effects": [name for name in found if name not in doubtful],
        "may_stand": [name for name in found if name in doubtful],
        "left_as_is": left,
    }


def _attempts(saga: Saga) -> list[dict[str, Any]]:
    names = {step.position: step for step in saga.steps.all()}
    return [
        {
            "attempt": attempt,
            "step": names[attempt.position],
            "undo": attempt.direction == Direction.COMPENSATION,
            "spent": attempt.finished_at - attempt.started_at,
            "error": lanes.message(attempt.error),
            "code": lanes.code(attempt.error),
        }
        for attempt in saga_reading.newest_attempts(saga.pk, SHOWN_ATTEMPTS)
    ]
