"""What the documentation says of names, files and bounds is so in the code."""

import asyncio
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import environ
import pytest

from orchestration.conformance import PROMISES
from orchestration.core import definitions
from orchestration.core.saga_state import Stuck
from orchestration.core.states import SagaStatus
from orchestration.models import FaultRule
from orchestration.operator_actions import ACTS
from orchestration.participants.function import REGISTRY, FunctionTransport
from orchestration.participants.messages import Answer, Command, Outcome
from orchestration.roles import ROLES
from orchestration.tokens import SCOPES
from orchestration.triggers.rest.api import api
from sagaconsole import environment
from tests.docs.pages import PAGES, ROOT, anchors, blocks, files_named, first_column, links, name_of, rows

OPERATING = ROOT / "docs" / "operating.md"
SAGAS = ROOT / "docs" / "writing_a_saga.md"
API = ROOT / "docs" / "api.md"
DECISIONS = ROOT / "docs" / "decisions.md"
PARTICIPANTS = ROOT / "docs" / "writing_a_participant.md"


@pytest.mark.parametrize("doc", PAGES, ids=name_of)
def test_every_link_leads_somewhere(doc: Path):
    for target in links(doc):
        path, _hash, anchor = target.partition("#")
        found = (doc.parent / path).resolve() if path else doc
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.parametrize("doc", PAGES, ids=name_of)
def test_every_file_that_is_named_exists(doc: Path):
    for name in files_named(doc):
        assert list(ROOT.glob(name.rstrip("/"))), name


def test_the_pictures_are_small():
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert pictures
    assert all(picture.stat().st_size <= 300 * 1024 for picture in pictures)


def test_the_table_of_variables_is_complete(monkeypatch: pytest.MonkeyPatch):
    read: dict[str, str] = {}

    class Recorder(environ.Env):  # type: ignore[misc]  # the library has no types
        def str(self, name: str, *more: Any, **named: Any) -> Any:
            read[name] = named["default"]
            return super().str(name, *more, **named)

    monkeypatch.setattr(environment, "_env", Recorder())
    environment.read_environment()
    said = {name.strip("`"): default for name, default, *_meaning in rows(OPERATING, "Environment variables")}
    assert said.keys() == read.keys()
    assert {name: said[name] for name, default in read.items() if default} == {
        name: f"`{default}`" for name, default in read.items() if default
    }


def test_the_fields_of_a_document_are_those_of_the_parser():
    fields = definitions.STEP_FIELDS | definitions.RETRY_FIELDS
    assert first_column(SAGAS, "Fields of the saga") == sorted(definitions.SAGA_FIELDS)
    assert first_column(SAGAS, "Fields of a step") == sorted(fields)
    assert later_fields() == definitions.STEP_FIELDS_LATER | {"x-secret"}


def test_the_defaults_of_retries_are_those_of_the_parser():
    said = {
        row[0].strip("`"): (float(row[1]), float(row[2])) for row in rows(SAGAS, "Fields of a step") if len(row) == 4
    }
    both = definitions.ACTION_RETRY, definitions.COMPENSATION_RETRY
    assert said == {
        "max_attempts": tuple(policy.max_attempts for policy in both),
        "initial": tuple(policy.initial.total_seconds() for policy in both),
        "factor": tuple(policy.factor for policy in both),
        "max": tuple(policy.max.total_seconds() for policy in both),
    }


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("What stuck means", list(Stuck)),
        ("Statuses of a saga", list(SagaStatus)),
        ("Acts", list(ACTS)),
        ("Roles and rights", list(ROLES)),
        ("Fault rules", FaultRule.Kind.values),
    ],
)
def test_a_table_for_operators_is_complete(heading: str, words: list[str]):
    assert first_column(OPERATING, heading) == sorted(words)


def test_every_scope_of_a_token_is_named():
    assert all(f"`{scope}`" in OPERATING.read_text() for scope in SCOPES)


def test_the_table_of_addresses_is_the_api():
    paths = api.get_openapi_schema()["paths"]
    served = {f"{method.upper()} {path.removeprefix('/api/v1')}" for path, item in paths.items() for method in item}
    assert first_column(API, "All addresses") == sorted(served)


def test_the_functions_of_the_page_work(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestration.participants.function.REGISTRY", {})
    [code] = [block.text for block in blocks(SAGAS) if block.language == "python"]
    exec(code, {})  # noqa: S102  the page's own example
    assert answered("check-address", {"region": "north"}).output == {"region": "north"}
    assert answered("check-address", {"region": "moon"}).outcome is Outcome.REFUSED
    assert answered("forget-address", None).outcome is Outcome.SUCCEEDED
    assert "check-address" not in REGISTRY


def test_a_small_definition_on_the_page_is_one():
    from orchestration.definitions import load_document  # noqa: PLC0415

    text = next(block.text for block in blocks(SAGAS) if block.language == "yaml")
    assert definitions.parse(load_document(text.encode(), "application/yaml")).name == "refund-order"


def test_a_decision_takes_eight_lines_at_most():
    entries = re.split(r"^## (\d{4}) .*$", DECISIONS.read_text(), flags=re.MULTILINE)
    assert entries[1::2] == [f"{number:04}" for number in range(1, len(entries) // 2 + 1)]
    assert all(len(body.strip().splitlines()) <= 8 for body in entries[2::2])


def answered(name: str, saga_input: Any) -> Answer:
    command = Command(
        saga_id=uuid4(), saga="s", business_key="", step="one", direction="action", target=name, participant="local",
        attempt=1, epoch=1, timeout=5, input=saga_input, output=None, ask_first=False,
    )  # fmt: skip
    transport = FunctionTransport()
    try:
        return asyncio.run(transport.send(command))
    finally:
        transport.close()


def later_fields() -> set[str]:
    lines = re.findall(r"^- (?:of|anywhere).*$", SAGAS.read_text(), re.MULTILINE)
    return {name for line in lines for name in re.findall(r"`([^`]+)`", line)}


def test_the_table_of_promises_is_that_of_the_checker():
    said = {rule.strip("`"): promise for rule, promise in rows(PARTICIPANTS, "Check it")}
    assert said == PROMISES
