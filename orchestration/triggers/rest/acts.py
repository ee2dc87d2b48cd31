"""Acts on a saga, each with its own body; what they would do; notes."""

from typing import Any, Literal

from django.http import HttpResponse
from ninja import Router, Status

from orchestration import operator_actions
from orchestration.models import Saga
from orchestration.operator_actions import Conflict, WrongAct
from orchestration.triggers.rest import answers, requests
from orchestration.triggers.rest.answers import TAKES_BODY, SagaOut, errors, saga_body
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.errors import Refused, envelope, wrong
from orchestration.triggers.rest.requests import ActName, only, saga_id_of
from orchestration.triggers.rest.words import SagaId

router = Router(tags=["acts"])
SAGA = {200: SagaOut, **errors(404, *TAKES_BODY), 409: answers.ConflictOut}
RESTARTED = {201: SagaOut, **errors(404, *TAKES_BODY), 409: answers.ConflictOut}
Outcome = Literal["applied", "not_applied", "approved", "rejected"]
_OF_EVERY_ACT = frozenset(requests.StepActIn.model_fields)


@router.get("/{saga_id}/preview", response={200: answers.PreviewOut, **errors(404)})
def preview_act(
    request: ApiRequest,
    saga_id: SagaId,
    action: ActName,
    step: str | None = None,
    outcome: Outcome | None = None,
    version: int | None = None,
) -> Any:
    """What an act would do now; nothing changes. `outcome`: of resolve and approve; `version`: of restart-from."""
    only(request, "action", "step", "outcome", "version")
    request.auth.must("view_saga")
    said = {"outcome": outcome, "version": version}
    details = {name: value for name, value in said.items() if value is not None}
    try:
        found = operator_actions.preview(
            action, saga_id=saga_id_of(saga_id), actor=request.auth, step=step, details=details
        )
    except WrongAct as error:
        raise wrong("action" if error.field == "act" else error.field, str(error)) from error
    calls = [{"step": c.step, "direction": c.direction, "participant": c.participant, "payload": c.payload}
             for c in found.calls]  # fmt: skip
    body = {"allowed": found.allowed, "why_not": found.why_not or None, "calls": calls, "revision": found.revision}
    return Status(200, body)


@router.post("/{saga_id}/retry", response=SAGA)
def retry(request: ApiRequest, saga_id: SagaId, body: requests.StepActIn) -> Any:
    """Try the step again at once, with a fresh set of tries."""
    return _perform(request, "retry", saga_id, body)


@router.post("/{saga_id}/compensate", response=SAGA)
def compensate(request: ApiRequest, saga_id: SagaId, body: requests.ActIn) -> Any:
    """Settle what is out, then undo everything, newest first; on a compensating saga nothing changes."""
    return _perform(request, "compensate", saga_id, body)


@router.post("/{saga_id}/skip", response=SAGA)
def skip(request: ApiRequest, saga_id: SagaId, body: requests.StepActIn) -> Any:
    """Leave the step that the saga is stuck on as it is, and go on without it."""
    return _perform(request, "skip", saga_id, body)


@router.post("/{saga_id}/resolve", response=SAGA)
def resolve(request: ApiRequest, saga_id: SagaId, body: requests.ResolveIn) -> Any:
    """Say what became of a step in doubt that the saga is stuck on."""
    return _perform(request, "resolve", saga_id, body)


@router.post("/{saga_id}/pause", response=SAGA)
def pause(request: ApiRequest, saga_id: SagaId, body: requests.ActIn) -> Any:
    """Make no new call, in either direction, until the saga is resumed."""
    return _perform(request, "pause", saga_id, body)


@router.post("/{saga_id}/resume", response=SAGA)
def resume(request: ApiRequest, saga_id: SagaId, body: requests.ActIn) -> Any:
    """Let calls go out again."""
    return _perform(request, "resume", saga_id, body)


@router.post("/{saga_id}/edit-and-retry", response=SAGA)
def edit_and_retry(request: ApiRequest, saga_id: SagaId, body: requests.EditAndRetryIn) -> Any:
    """As retry, and from now on the step's calls carry another input under the same key."""
    return _perform(request, "edit-and-retry", saga_id, body)


@router.post("/{saga_id}/abandon", response=SAGA)
def abandon(request: ApiRequest, saga_id: SagaId, body: requests.AbandonIn) -> Any:
    """End a stuck or paused saga as it stands, without another call."""
    return _perform(request, "abandon", saga_id, body)


@router.post("/{saga_id}/approve", response=SAGA)
def approve(request: ApiRequest, saga_id: SagaId, body: requests.ApproveIn) -> Any:
    """Decide an approval step that waits; the right is the one that the step names. Rejected: refused."""
    return _perform(request, "approve", saga_id, body)


@router.post("/{saga_id}/restart-from", response=RESTARTED)
def restart_from(request: ApiRequest, saga_id: SagaId, body: requests.RestartFromIn) -> Any:
    """Let a new saga take over a stuck one from `step` on. It keeps what was done before; the old one ends."""
    done = _performed(request, "restart-from", saga_id, body)
    if isinstance(done, Saga) and done.restarted_as_id is not None:
        return Status(201, saga_body(done.restarted_as_id))
    return done


@router.post("/{saga_id}/notes", response={200: SagaOut, **errors(404, *TAKES_BODY)})
def add_note(request: ApiRequest, saga_id: SagaId, body: requests.NoteIn) -> Any:
    """Keep a note in the journal, also after the saga's end."""
    only(request)
    try:
        saga = operator_actions.note(saga_id=saga_id_of(saga_id), actor=request.auth, text=body.text)
    except WrongAct as error:
        raise wrong(error.field, str(error)) from error
    return Status(200, saga_body(saga.pk))


def _perform(request: ApiRequest, act: str, saga_id: SagaId, body: requests.ActIn) -> Any:
    done = _performed(request, act, saga_id, body)
    return Status(200, saga_body(done.pk)) if isinstance(done, Saga) else done


def _performed(request: ApiRequest, act: str, saga_id: SagaId, body: requests.ActIn) -> Saga | HttpResponse:
    """The saga as it then stands; or a 409 that carries it as it stands, and who changed it last, by which act."""
    only(request)
    said = body.model_dump(exclude_unset=True)
    details = {name: value for name, value in said.items() if name not in _OF_EVERY_ACT}
    try:
        return operator_actions.perform(
            act, saga_id=saga_id_of(saga_id), actor=request.auth, reason=body.reason, revision=body.revision,
            step=said.get("step"), details=details,
        )  # fmt: skip
    except WrongAct as error:
        raise wrong(error.field, str(error)) from error
    except Conflict as conflict:
        return _conflict(conflict)


def _conflict(conflict: Conflict) -> HttpResponse:
    saga = SagaOut.model_validate(saga_body(conflict.saga.pk)).model_dump()
    return envelope(
        Refused(409, "conflict", conflict.message), saga=saga, changed_by=conflict.changed_by,
        last_act=conflict.last_act,
    )  # fmt: skip
