"""Participants: who takes part in sagas and how they are reached. Secrets go in and never come out."""

from typing import Any

from ninja import Query, Router, Status

from orchestration.core.definitions import NAME
from orchestration.enrolment import described, enrol
from orchestration.models import Participant
from orchestration.queries import page
from orchestration.triggers.rest import answers
from orchestration.triggers.rest.answers import TAKES_BODY, errors
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.requests import Listing, ParticipantIn, only
from orchestration.triggers.rest.words import PathName

router = Router(tags=["participants"])


@router.get("", response={200: answers.ParticipantList, **errors()})
def list_participants(request: ApiRequest, listing: Query[Listing]) -> Any:
    """All participants, newest first."""
    only(request, "cursor", "limit")
    request.auth.must("view_participant")
    found = page(Participant.objects.all(), cursor=listing.cursor, limit=listing.limit)
    return Status(200, {"items": list(map(described, found.items)), "next_cursor": found.next_cursor})


@router.get("/{name}", response={200: answers.ParticipantOut, **errors(404)})
def get_participant(request: ApiRequest, name: PathName) -> Any:
    """One participant."""
    only(request)
    request.auth.must("view_participant")
    if not NAME.fullmatch(name):
        raise Participant.DoesNotExist
    return Status(200, described(Participant.objects.get(name=name)))


@router.put("/{name}", response={200: answers.ParticipantOut, 201: answers.ParticipantOut, **errors(*TAKES_BODY)})
def put_participant(request: ApiRequest, name: PathName, body: ParticipantIn) -> Any:
    """Add a participant (201) or change it (200); without `secret` the present one stays."""
    only(request)
    enrolled = enrol(name=name, actor=request.auth, **body.model_dump())
    return Status(201 if enrolled.created else 200, described(enrolled.participant))
