"""What every way in that carries a start message does with it: the checks of the REST API's launch, then `launch()`."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from orchestration.core.definitions import Problem
from orchestration.launch import Launched
from orchestration.triggers.rest.errors import place_of, problems_found, reason_of
from orchestration.triggers.rest.launching import launch_one
from orchestration.triggers.rest.requests import BatchItem


def start(message: Mapping[str, Any], *, trigger: str, launched_by: str) -> Launched:
    """`message`: definition, input, and if given version, business_key and idempotency_key. Raises Refused."""
    try:
        body = BatchItem.model_validate(message)
    except ValidationError as error:
        raise problems_found(Problem(place_of(one["loc"]), reason_of(one)) for one in error.errors()) from error
    return launch_one(body, body.idempotency_key, launched_by, trigger=trigger, key_place="idempotency_key")
