"""One saga: where it stands, how it came there, and what can be done."""

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from orchestration import operator_actions, queries
from orchestration.console import (
    curl,
    json_view,
    lanes,
    parked,
    possible,
    reading,
    reasons,
    saga_reading,
    timeline,
    waiting,
)
from orchestration.console.act_forms import NoteForm
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.console.possible import ActButton
from orchestration.core.states import Direction
from orchestration.definitions import compiled_definition
from orchestration.models import Attempt, Saga, Step

SHOWN_ATTEMPTS = 100
SHOWN_EVENTS = 200
VIEW_ATTEMPTS, VIEW_AUDIT = "orchestration.view_attempt", "orchestration.view_auditentry"


@require_GET
@shows("view_saga")
def saga(request: HtmxRequest, saga_id: UUID) -> HttpResponse:
    found = _saga_or_404(saga_id)
    steps = list(found.steps.all())
    waits = possible.waiting_approvals(queries.state_of(found, steps))
    context = {
        "next_stuck": saga_reading.next_stuck(saga_id),
        "acts": [act for act in possible.act_buttons(found, steps, request.user) if not _has_its_place(act)],
        "decisions": waiting.of_saga(saga_id, waits, request.user),
        "note_form": NoteForm(),
        **_facts(found, steps),
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
@shows("view_saga")
def saga_print(request: HtmxRequest, saga_id: UUID) -> HttpResponse:
    """All the facts of one saga on one page, unfolded, for paper or a file."""
    found = _saga_or_404(saga_id)
    steps = list(found.steps.all())
    context = {
        "now": timezone.now(),
        "input": found.data.input,
        "address": settings.SAGA_PUBLIC_URL + reverse("console:saga", args=[saga_id]),
        "said": saga_reading.what_was_said(saga_id, SHOWN_ATTEMPTS) if request.user.has_perm(VIEW_ATTEMPTS) else {},
        "audit": saga_reading.audit_of(saga_id) if request.user.has_perm(VIEW_AUDIT) else [],
        **_facts(found, steps),
    }
    return render(request, "console/saga_print.html", context)


def _saga_or_404(saga_id: UUID) -> Saga:
    try:
        return queries.saga_for_page(saga_id)
    except Saga.DoesNotExist as error:
        raise Http404 from error


def _facts(saga: Saga, steps: list[Step]) -> dict[str, Any]:
    """What happened to the saga, for the page that lives and the page that is printed."""
    plan = compiled_definition(saga.definition_id).steps
    tries, attempts = saga_reading.tries_of(saga.pk), _attempts(saga)
    stages = lanes.stages(saga, steps, plan, tries, saga_reading.unwanted_steps(saga.pk, steps))
    events = queries.events_of(saga.pk, limit=SHOWN_EVENTS)
    return {
        "saga": saga,
        "stages": stages,
        "timeline": timeline.timeline(saga, steps, plan, tries, events.items, timezone.now()),
        "sub_sagas": _sub_sagas(saga, steps),
        "parent_step": queries.parent_steps([saga]).get(saga.pk, ""),
        "last_act": operator_actions.last_act_on(saga.pk),
        "stuck": reasons.explanation(saga.stuck_code),
        "parked": parked.explain(saga),
        "lock": parked.lock_of(saga),
        "last_error": next((row["error"] for row in attempts if row["error"]), ""),
        "attempts": attempts,
        "attempts_in_all": len(tries),
        "events": events,
        "notes": saga_reading.notes_of(saga.pk),
        **_standing(saga, steps, stages),
    }


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


def _sub_sagas(saga: Saga, steps: list[Step]) -> list[tuple[Step, Saga, bool]]:
    """The steps that are sagas, with them, and whether this one waits for their end."""
    found = queries.sub_sagas_of(steps)
    pairs = [(step, found[step.child_saga_id]) for step in steps if step.child_saga_id in found]
    live = saga.finished_at is None
    return [(step, child, live and child.finished_at is None) for step, child in pairs]


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
