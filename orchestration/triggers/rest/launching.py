"""Launches by the API: the request's own checks, then `launch()`; one by one or in a batch."""

from typing import Any

from pydantic import ValidationError

from orchestration.core.definitions import Problem
from orchestration.launch import KeyReused, Launched, UnknownDefinition, WrongInput, launch
from orchestration.models import Saga
from orchestration.schemas import MAX_INPUT_BYTES
from orchestration.strict_json import canonical
from orchestration.triggers.rest.answers import saga_bodies
from orchestration.triggers.rest.errors import Refused, place_of, problems_found, reason_of
from orchestration.triggers.rest.requests import BatchItem, LaunchIn

HEADER = "Idempotency-Key"


def launch_one(
    body: LaunchIn, idempotency_key: str | None, launched_by: str, *, trigger: str = "rest", key_place: str = HEADER
) -> Launched:
    """`key_place`: where the caller gave the key, for the words of a refusal. Raises Refused."""
    if len(canonical(body.input)) > MAX_INPUT_BYTES:
        raise problems_found([Problem("input", "is larger than 256 KiB")], status=413, code="too_large")
    try:
        return launch(
            definition=body.definition, saga_input=body.input, version=body.version, business_key=body.business_key,
            idempotency_key=idempotency_key, trigger=trigger, launched_by=launched_by,
        )  # fmt: skip
    except UnknownDefinition as error:
        raise Refused(404, "not_found", str(error)) from error
    except WrongInput as error:
        raise problems_found(_named(error.problems, key_place)) from error
    except KeyReused as error:
        raise Refused(422, "key_reused", str(error)) from error


def launch_batch(items: list[Any], launched_by: str) -> list[dict[str, Any]]:
    """One result per item, in order; what one item does wrong is its own affair."""
    outcomes = [_attempted(item, launched_by) for item in items]
    launched = {outcome.saga_id for outcome in outcomes if isinstance(outcome, Launched)}
    bodies = {body["id"]: body for body in saga_bodies(list(Saga.objects.filter(pk__in=launched)))}
    return [_result(outcome, bodies) for outcome in outcomes]


def _attempted(item: Any, launched_by: str) -> Launched | Refused:
    try:
        body = BatchItem.model_validate(item)
        return launch_one(body, body.idempotency_key, launched_by)
    except ValidationError as error:
        return problems_found(Problem(place_of(one["loc"]), reason_of(one)) for one in error.errors())
    except Refused as refused:
        return refused


def _result(outcome: Launched | Refused, bodies: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(outcome, Launched):
        return {"status": 201 if outcome.created else 200, "saga": bodies[outcome.saga_id]}
    # The contract knows four statuses for an item: what is not the key's conflict is a bad request.
    error = {"code": outcome.code, "message": outcome.message, "fields": outcome.fields}
    return {"status": 422 if outcome.status == 422 else 400, "error": error}


def _named(problems: list[Problem], key_place: str) -> list[Problem]:
    return [Problem(key_place if one.place == "idempotency_key" else one.place, one.reason) for one in problems]
