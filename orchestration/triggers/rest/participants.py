"""Participants: who takes part in sagas and how they are reached. Secrets go in and never come out."""

from collections.abc import Callable, Iterable
from typing import Any

from ninja import Query, Router, Status

from orchestration import pausing, queries
from orchestration.core.definitions import NAME
from orchestration.enrolment import described, enrol
from orchestration.models import Participant
from orchestration.operator_actions import WrongAct
from orchestration.queries import page
from orchestration.triggers.rest import answers
from orchestration.triggers.rest.answers import TAKES_BODY, errors
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.errors import wrong
from orchestration.triggers.rest.requests import Listing, ParticipantIn, ReasonIn, only
from orchestration.triggers.rest.words import PathName

router = Router(tags=["participants"])


@router.get("", response={200: answers.ParticipantList, **errors()})
def list_participants(request: ApiRequest, listing: Query[Listing]) -> Any:
    """All participants, newest first."""
    only(request, "cursor", "limit")
    request.auth.must("view_participant")
    found = page(Participant.objects.all(), cursor=listing.cursor, limit=listing.limit)
    return Status(200, {"items": _told(found.items), "next_cursor": found.next_cursor})


@router.get("/{name}", response={200: answers.ParticipantOut, **errors(404)})
def get_participant(request: ApiRequest, name: PathName) -> Any:
    """One participant."""
    only(request)
    request.auth.must("view_participant")
    if not NAME.fullmatch(name):
        raise Participant.DoesNotExist
    return Status(200, *_told([Participant.objects.get(name=name)]))


@router.put("/{name}", response={200: answers.ParticipantOut, 201: answers.ParticipantOut, **errors(*TAKES_BODY)})
def put_participant(request: ApiRequest, name: PathName, body: ParticipantIn) -> Any:
    """Add a participant (201) or change it (200); without `secret` the present one stays."""
    only(request)
    enrolled = enrol(name=name, actor=request.auth, **body.model_dump())
    return Status(201 if enrolled.created else 200, *_told([enrolled.participant]))


@router.post("/{name}/pause", response={200: answers.ParticipantOut, **errors(404, *TAKES_BODY)})
def pause_participant(request: ApiRequest, name: PathName, body: ReasonIn) -> Any:
    """Make no new call to it, in either direction, until it is resumed. Sagas that need it are parked."""
    return _set(request, name, body, pausing.pause)


@router.post("/{name}/resume", response={200: answers.ParticipantOut, **errors(404, *TAKES_BODY)})
def resume_participant(request: ApiRequest, name: PathName, body: ReasonIn) -> Any:
    """Let calls to it go out again, to those first who have waited longest."""
    return _set(request, name, body, pausing.resume)


def _set(request: ApiRequest, name: str, body: ReasonIn, deed: Callable[..., Participant]) -> Any:
    only(request)
    if not NAME.fullmatch(name):
        raise Participant.DoesNotExist
    try:
        return Status(200, *_told([deed(name=name, actor=request.auth, reason=body.reason)]))
    except WrongAct as error:
        raise wrong(error.field, str(error)) from error


def _told(participants: Iterable[Participant]) -> list[dict[str, Any]]:
    return [
        described(one.participant) | {
            "paused_by": one.participant.paused_by, "paused_at": one.participant.paused_at,
            "pause_reason": one.participant.pause_reason, "in_flight": one.in_flight, "waiting": one.waiting.number,
            "circuit": one.circuit, "circuit_changed_at": one.changed_at, "circuit_error": one.last_error,
        }
        for one in queries.standings(participants)
    ]  # fmt: skip
