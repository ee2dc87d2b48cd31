"""Sub-sagas: how a step that is another saga is begun, undone and asked about. It runs in the drains' threads.

The launch is written in one transaction with the link from the parent's step, under the parent's row lock, and only
while the parent's intent stands: a crash makes no second sub-saga, and a worker that has lost its lease makes none.
"""

from uuid import UUID

from django.db import transaction

from orchestration import advance, dispatch, parents
from orchestration.core.draft import NotAllowed
from orchestration.core.events import ParentGoesBack
from orchestration.core.nesting import MAX_DEPTH
from orchestration.core.pivot import is_past
from orchestration.core.states import SagaStatus, StepStatus
from orchestration.definitions import compiled_definition
from orchestration.launch import Parent, UnknownDefinition, WrongInput, launch
from orchestration.models import Saga, Step
from orchestration.participants import sub_saga
from orchestration.participants.messages import Answer, Command, Outcome, problem
from orchestration.schemas import MAX_INPUT_BYTES
from orchestration.store import outside
from orchestration.strict_json import canonical

TRIGGER = "sub-saga"
_ACCEPTED = Answer(Outcome.ACCEPTED, askable=True)


class Provided:
    """What `participants.sub_saga` calls."""

    def begin(self, command: Command) -> Answer:
        with transaction.atomic():
            parent, step = _intent(command, StepStatus.RUNNING)
            if parent is None or step is None:
                return Answer(Outcome.IN_DOUBT, error=problem("the step is not being called any more", "moved_on"))
            if step.child_saga_id is not None:
                before = parents.end_of(step.child_saga_id, command.direction)
                if before is None or before.outcome is not Outcome.UNDONE:
                    return before or _ACCEPTED
            return self._launched(command, parent, step)

    def undo(self, command: Command) -> Answer:
        """Where nothing was launched nothing ever will be: the parent has no such intent any more."""
        child_id = _child_of(command)
        if child_id is None:
            return Answer(Outcome.SUCCEEDED)
        with transaction.atomic():
            return parents.end_of(child_id, command.direction) or _told_to_go_back(child_id, command)

    def look(self, command: Command) -> Answer | None:
        child_id = _child_of(command)
        found = parents.end_of(child_id, command.direction) if child_id is not None else None
        if found is None and child_id is not None and command.direction == "action":
            return _ACCEPTED
        return found

    def tell_parent(self, saga_id: UUID) -> None:
        parents.tell(saga_id)

    def _launched(self, command: Command, parent: Saga, step: Step) -> Answer:
        if parent.depth >= MAX_DEPTH:
            return _refused(f"sub-sagas go {MAX_DEPTH} deep at most", "too_deep")
        if not isinstance(command.input, dict):
            return _refused("the payload of a sub-saga is its input, and must be an object", "mapping")
        if len(canonical(command.input)) > MAX_INPUT_BYTES:
            return _refused(f"the input of the sub-saga is larger than {MAX_INPUT_BYTES // 1024} KiB", "too_large")
        link = Parent(parent.pk, step.position, parent.depth + 1, parent.business_key)
        try:
            made = launch(
                definition=command.target, saga_input=command.input, trigger=TRIGGER, launched_by=parent.launched_by,
                parent=link,
            )  # fmt: skip
        except (UnknownDefinition, WrongInput) as error:
            return _refused(f"the sub-saga {command.target} cannot be launched: {error}"[:500], "not_launched")
        Step.objects.filter(saga_id=parent.pk, position=step.position).update(child_saga_id=made.saga_id)
        return _ACCEPTED


def serve() -> None:
    """Let this process' drains call sub-sagas."""
    sub_saga.provide(Provided())


def _intent(command: Command, wanted: StepStatus) -> tuple[Saga | None, Step | None]:
    """The parent, its row locked, and its step, if this very try stands there."""
    parent = Saga.objects.select_for_update(no_key=True).filter(pk=command.waiting_saga, epoch=command.epoch).first()
    if parent is None:
        return None, None
    step = Step.objects.filter(
        saga_id=parent.pk, position=command.position, status=wanted, action_attempts=command.attempt
    ).first()
    return parent, step


def _child_of(command: Command) -> UUID | None:
    steps = Step.objects.filter(saga_id=command.waiting_saga, position=command.position)
    return steps.values_list("child_saga_id", flat=True).first()


def _told_to_go_back(child_id: UUID, command: Command) -> Answer:
    """Once told it goes on by itself, however often it is told. One that was restarted meanwhile is told next time."""
    definition_id = outside.definition_of(child_id)
    if definition_id is None:
        return _refused("the sub-saga is not stored any more", "gone")
    saga, now = outside.load(child_id, compiled_definition(definition_id), lock=True)
    happened = advance.Happened("parent_goes_back", reason=f"saga {command.waiting_saga} goes back")
    try:
        change = advance.outside(saga, ParentGoesBack(), happened, now)
    except NotAllowed as error:
        if is_past(saga.state.steps):
            return Answer(Outcome.REFUSED, error=problem(f"sub-saga: {error}", "past_pivot"), for_ever=True)
        return _ACCEPTED  # its pivot is being called: it is told again later
    if change.state != saga.state:
        if not outside.record(saga, change):
            raise RuntimeError(f"saga {child_id} was written by somebody else while its row was locked")
        dispatch.acted(child_id, change.revision)
    return Answer(Outcome.SUCCEEDED) if change.state.status is SagaStatus.COMPENSATED else _ACCEPTED


def _refused(message: str, code: str) -> Answer:
    return Answer(Outcome.REFUSED, error=problem(message, code), sent=False)
