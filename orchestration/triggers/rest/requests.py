"""What a request may carry: strict bodies, known query parameters, well-formed ids."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from ninja.parser import Parser
from pydantic import ConfigDict, Field, WithJsonSchema

from orchestration import faults, queries, strict_json
from orchestration.core.definitions import Problem
from orchestration.core.states import Direction, SagaStatus
from orchestration.definitions import UnknownContentType
from orchestration.enrolment import LONGEST_CALL, MAX_LENGTH, MOST_IN_FLIGHT, SHORTEST_CALL
from orchestration.models import FaultRule, Participant, Saga
from orchestration.operator_actions import ACTS, MAX_NOTE, MAX_REASON
from orchestration.triggers.rest.errors import problems_found
from orchestration.triggers.rest.words import SomeName, text, words

Key = Annotated[str, Field(min_length=1, max_length=255)]
Reason = Annotated[str, Field(min_length=1, max_length=MAX_REASON)]
Name = Annotated[str, Field(max_length=64)]
MAX_INT = 2**31 - 1
MOST = 1_000_000
StatusWord = Annotated[str, words(SagaStatus)]
ActName = Annotated[str, words(ACTS)]
FaultKindWord = Annotated[str, words(FaultRule.Kind)]
TransportWord = Annotated[str, words(Participant.Transport)]
AnyDirectionWord = Annotated[str, words(Direction, "")]
Searched = Annotated[str, text(maxLength=255)]
Moment = Annotated[str, text(description="RFC 3339 with a zone, or a date", examples=["2026-01-31"])]
BaseUrl = Annotated[str, text(maxLength=MAX_LENGTH["base_url"])]
StatusPath = Annotated[str, text(maxLength=MAX_LENGTH["status_path"])]
ATTEMPTS = WithJsonSchema(
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": MOST}, "minItems": 1, "maxItems": 100}
)


class StrictParser(Parser):
    """Bodies are JSON and nothing else, by their label and by their bytes."""

    def parse_body(self, request: HttpRequest) -> Any:
        kind = (request.content_type or "").lower()
        if kind != "application/json":
            raise UnknownContentType(f"{kind or 'no content type'}: bodies are application/json")
        return strict_json.loads(request.body)


class Body(Schema):
    """A JSON object: unknown fields are refused, and no value is bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Listing(Schema):
    """The parameters that every list takes."""

    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=queries.MAX_LIMIT)] = queries.DEFAULT_LIMIT


class SagaListing(Listing):
    """`status` may come more than once; times are RFC 3339 with a zone, or plain dates (UTC)."""

    status: Annotated[list[StatusWord], Field(default_factory=list)]
    definition: SomeName = ""
    business_key: Searched = ""
    participant: SomeName = ""
    step: SomeName = ""
    error: Searched = ""
    q: Searched = ""
    created_after: Moment = ""
    created_before: Moment = ""


class LaunchIn(Body):
    definition: str
    version: Annotated[int, Field(ge=1, le=MAX_INT)] | None = None
    input: dict[str, Any]
    business_key: Key | None = None


class BatchItem(LaunchIn):
    idempotency_key: Key | None = None


class BatchIn(Body):
    items: Annotated[list[Any], Field(min_length=1, max_length=1000)]


class ActIn(Body):
    """On the whole saga. With `revision` the act is done only on that state of the saga."""

    reason: Reason
    revision: Annotated[int, Field(ge=0)] | None = None


class StepActIn(ActIn):
    """`step` may be left out when only one fits."""

    step: Name | None = None


class ResolveIn(StepActIn):
    """What became of a step in doubt; `output`: what its action answered."""

    outcome: Literal["applied", "not_applied"]
    output: Any = None


class EditAndRetryIn(StepActIn):
    """`input`: what the step's calls carry from now on."""

    input: Any


class AbandonIn(ActIn):
    """`confirm`: the saga's id."""

    confirm: str


class ApproveIn(StepActIn):
    """A person's decision; the reason is kept with it."""

    outcome: Literal["approved", "rejected"]


class RestartFromIn(StepActIn):
    """`step`: where the new saga begins; `version`: what it runs, the same as the old one or newer."""

    version: Annotated[int, Field(ge=1, le=MAX_INT)] | None = None


class NoteIn(Body):
    text: Annotated[str, Field(min_length=1, max_length=MAX_NOTE)]


class ParticipantIn(Body):
    transport: TransportWord
    base_url: BaseUrl = ""
    status_path: StatusPath = ""
    secret: Annotated[str, Field(max_length=MAX_LENGTH["secret"])] | None = None
    max_in_flight: Annotated[int, Field(ge=1, le=MOST_IN_FLIGHT)] | None = None
    timeout: Annotated[float, Field(ge=SHORTEST_CALL, le=LONGEST_CALL)] | None = None


class ReasonIn(Body):
    reason: Reason


class FaultIn(Body):
    kind: FaultKindWord
    expires_in: Annotated[float, Field(gt=0, le=900)]
    definition: Name = ""
    step: Name = ""
    participant: Name = ""
    direction: AnyDirectionWord = ""
    saga_id: Annotated[UUID | None, Field(strict=False)] = None
    attempts: Annotated[list[int], ATTEMPTS] | None = None
    delay: Annotated[float, Field(ge=0, le=faults.MAX_DELAY)] | None = None
    times: Annotated[int, Field(ge=1, le=MOST)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] | None = None


def only(request: HttpRequest, *names: str) -> None:
    """Refuses query parameters that are not in `names`, and a second value of any of them but `status`."""
    problems = [Problem(name[:80], "unknown parameter") for name in request.GET if name not in names]
    problems += [
        Problem(name, "may be given once")
        for name in names
        if name != "status" and len(request.GET.getlist(name)) > 1
    ]  # fmt: skip
    if problems:
        raise problems_found(problems)


def saga_id_of(text: str) -> UUID:
    """The id in a path. Raises Saga.DoesNotExist: there is no saga with an id that is none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise Saga.DoesNotExist from error
