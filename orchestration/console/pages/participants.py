"""Participants: how they are reached, how they stand, and which definitions depend on them."""

from collections import defaultdict

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration import queries
from orchestration.console import reading
from orchestration.console.forms import LimitsForm, ReasonForm
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.models import Participant

NOTHING_REFUSED = ("", ReasonForm())
NO_LIMITS_REFUSED = ("", LimitsForm())


@require_GET
@shows("view_participant")
def participants(request: HtmxRequest) -> HttpResponse:
    return participants_page(request)


def participants_page(
    request: HtmxRequest,
    *,
    refused: tuple[str, ReasonForm] = NOTHING_REFUSED,
    limits_refused: tuple[str, LimitsForm] = NO_LIMITS_REFUSED,
    status: int = 200,
) -> HttpResponse:
    """`refused`, `limits_refused`: the participant whose form came back with something wrong, and that form."""
    users: dict[int, list[str]] = defaultdict(list)
    for definition in reading.definitions_with_use():
        for participant_id in {step.participant_id for step in definition.steps.all() if step.participant_id}:
            users[participant_id].append(definition.name)
    standings = queries.standings(Participant.objects.order_by("name"))
    rows = [
        (one, users[one.participant.pk], refused[1] if refused[0] == one.participant.name
         else ReasonForm(auto_id=f"id_{one.participant.name}_%s"),
         limits_refused[1] if limits_refused[0] == one.participant.name else _limits_of(one.participant))
        for one in standings
    ]  # fmt: skip
    context = {"rows": rows, "refused": refused[0], "limits_refused": limits_refused[0]}
    return render(request, part_or_page(request, "participants"), context, status=status)


def _limits_of(participant: Participant) -> LimitsForm:
    now = {"max_in_flight": participant.max_in_flight, "timeout": participant.timeout}
    return LimitsForm(initial=now, auto_id=f"id_{participant.name}_limits_%s")
