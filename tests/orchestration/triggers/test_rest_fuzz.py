"""schemathesis reads the OpenAPI document and asks for everything in it, in ways that fit it and in ways that do not.

A few examples for each operation here; more with SAGA_FUZZ_EXAMPLES, each time other ones (see CONTRIBUTING.md).
"""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from orchestration.callback_tokens import token_of
from orchestration.drafts import save_draft
from orchestration.triggers.rest.api import api
from tests.cast import Cast, Person
from tests.orchestration.bulk.sets import make
from tests.orchestration.scripted import start


@cache
def _handler() -> WSGIHandler:
    """Made when the tests run: only then the folder of static files is there."""
    return WSGIHandler()


def application(environ: Any, start_response: Any) -> Any:
    return _handler()(environ, start_response)


def _good(result: Any) -> Any:
    return result.ok()


EXAMPLES = int(os.environ.get("SAGA_FUZZ_EXAMPLES", "8"))
DESCRIPTION = schemathesis.openapi.from_dict({**api.get_openapi_schema(), "servers": [{"url": "/"}]})
DESCRIPTION.app = application
OPERATIONS = {found.label: found for found in map(_good, DESCRIPTION.get_all_operations())}
# Rules between fields (an output goes with one outcome only) cannot be said in the document, nor can "printable".
TOO_STRICT: list[Any] = [positive_data_acceptance]
WAYS = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture(autouse=True)
def connection_stays_open() -> Iterator[None]:
    """Between requests Django closes its connection, and with it would go the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def there(settings: Any, place_order: Any, cast: Cast, document: dict[str, Any]) -> dict[str, str]:
    """Something at each kind of address, so that not everything ends in 404."""
    settings.ALLOWED_HOSTS = ["localhost"]
    save_draft(document=document, text="{}", content_type="application/json", actor=cast.admin.actor)
    saga = start("place-order", order_id="o-1")
    bulk = make("pause", [saga])
    return {
        "saga_id": str(saga.pk),
        "bulk_id": str(bulk.pk),
        "name": "place-order",
        "version": "1",
        "token": token_of(saga.pk, 0, "action"),
    }


@pytest.mark.parametrize("label", OPERATIONS)
def test_the_api_keeps_what_its_description_says(label: str, cast: Cast, there: dict[str, str]):
    operation = OPERATIONS[label]
    known = {one.name: there[one.name] for one in operation.path_parameters if one.name in there}
    cases = [
        operation.as_strategy(way, path_parameters=path)
        for way in WAYS
        for path in ([None, known] if known else [None])
    ]

    @hypothesis_settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize="SAGA_FUZZ_EXAMPLES" not in os.environ,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=st.one_of(cases))
    def ask(case: schemathesis.Case[Any]) -> None:
        # Called without a network: nothing would unpack a compressed answer.
        headers = _token(cast.admin) | {"Accept-Encoding": "identity"}
        case.call_and_validate(headers=headers, excluded_checks=TOO_STRICT)

    ask()


def _token(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}
