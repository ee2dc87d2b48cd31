"""What needs me, what happened, who is at work."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from orchestration import audit_chain, faults, queries
from orchestration.console import chart, possible, reading, reasons, stuck_words, waiting, words
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.console.possible import ActButton
from orchestration.console.reading import CallCount, OutcomeCount, Outcomes
from orchestration.core.states import SagaStatus, StepStatus
from orchestration.models import Participant, Saga, SagaDefinition

MINUTES = 60
NEEDS_ATTENTION = 8
DECISIONS = 8
QUICK_ACTS = 2
TILES = (
    SagaStatus.STUCK, SagaStatus.RUNNING, SagaStatus.COMPENSATING, SagaStatus.PENDING, SagaStatus.COMPLETED,
    SagaStatus.COMPENSATED, SagaStatus.ABANDONED,
)  # fmt: skip


@require_GET
@shows("view_saga")
def overview(request: HtmxRequest) -> HttpResponse:
    outcomes = reading.outcomes(timedelta(minutes=MINUTES))
    counts = queries.status_counts()
    decisions_in_all, decisions = waiting.for_reader(request.user, DECISIONS)
    context = {
        "counts": [(words.SAGA[status], status, counts[status]) for status in TILES],
        "stuck": counts[SagaStatus.STUCK],
        "tasks": _tasks(request),
        "decisions": decisions,
        "decisions_in_all": decisions_in_all,
        "chart": chart.outcome_chart(outcomes, timezone.now(), MINUTES),
        "curves": chart.duration_chart(outcomes, timezone.now(), MINUTES),
        "whole": outcomes.whole,
        "legend": _legend(outcomes),
        "span": outcomes.span,
        "engine": reading.engine(),
        "queue": queries.due_now(),
        "audit_broken": audit_chain.state().broken_at is not None,
        "faults": list(faults.in_force()),
        "participants": _participants(),
        "has_definitions": SagaDefinition.objects.usable().exists(),
    }
    return render(request, part_or_page(request, "overview"), context)


def _tasks(request: HtmxRequest) -> list[dict[str, Any]]:
    """Stuck sagas, the oldest first, each with the acts that fit it now."""
    sagas = reading.oldest_stuck(NEEDS_ATTENTION)
    steps = reading.steps_of(sagas)
    return [_task(request, saga, steps[saga.pk]) for saga in sagas]


def _task(request: HtmxRequest, saga: Saga, steps: list[Any]) -> dict[str, Any]:
    failed = {StepStatus.FAILED, StepStatus.COMPENSATION_FAILED}
    explained = reasons.explanation(saga.stuck_code)
    return {
        "saga": saga,
        "step": next((step.name for step in steps if step.status in failed), ""),
        "why": explained.what if explained else stuck_words.in_words(saga.stuck_reason),
        "acts": _quick_acts(possible.act_buttons(saga, steps, request.user)),
    }


def _quick_acts(acts: list[ActButton]) -> list[ActButton]:
    """Those that put a stuck saga right; if none may be done, the usual ones with the reason why not."""
    front = [act for act in acts if act.in_front and act.name != "pause"][:QUICK_ACTS]
    return front or [act for act in acts if act.name in ("retry", "compensate")]


def _legend(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Each end with how many, and how long they took."""
    found = {count.status: count for count in outcomes.statuses}
    nothing = OutcomeCount(None, "", 0, None, None)
    return [
        {"look": words.SAGA[status], "status": status, "number": count.number, "p50": count.p50, "p95": count.p95}
        for status in chart.ENDS
        for count in (found.get(status, nothing),)
    ]


def _participants() -> list[dict[str, Any]]:
    calls: dict[int, list[CallCount]] = defaultdict(list)
    for count in reading.calls_by_participant():
        calls[count.participant_id].append(count)
    return [_participant(participant, calls[participant.pk]) for participant in Participant.objects.order_by("name")]


def _participant(participant: Participant, counts: list[CallCount]) -> dict[str, Any]:
    parts = sorted(((words.outcome(count.outcome), count) for count in counts), key=lambda part: -part[1].number)
    return {
        "participant": participant,
        "calls": sum(count.number for count in counts),
        "bars": chart.shares([(look.tone, count.number, f"{count.number} {look.word}") for look, count in parts]),
        "parts": [(look, count.number) for look, count in parts],
        "p95": max((count.p95 for count in counts), default=None),
        "last_at": max((count.last_at for count in counts), default=None),
    }
