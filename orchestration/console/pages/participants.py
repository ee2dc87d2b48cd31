"""Participants: how they are reached, and which definitions depend on them."""

from collections import defaultdict

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration.console import reading
from orchestration.console.htmx import HtmxRequest, shows
from orchestration.models import Participant


@require_GET
@shows("view_participant")
def participants(request: HtmxRequest) -> HttpResponse:
    users: dict[int, list[str]] = defaultdict(list)
    for definition in reading.definitions_with_use():
        for participant_id in {step.participant_id for step in definition.steps.all() if step.participant_id}:
            users[participant_id].append(definition.name)
    rows = [(participant, users[participant.pk]) for participant in Participant.objects.order_by("name")]
    return render(request, "console/participants.html", {"rows": rows})
