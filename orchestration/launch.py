"""Launch: a saga and all its step rows, once per idempotency key, in one statement."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from orchestration import dispatch
from orchestration.core import mapping
from orchestration.core.definitions import Problem
from orchestration.core.definitions import SagaDefinition as Definition
from orchestration.definitions import compiled_definition, input_validator
from orchestration.identifiers import uuid7
from orchestration.models import LaunchKey, Saga
from orchestration.store.launches import LAUNCH, NEWEST
from orchestration.store.prepared import prepared

MAX_KEY = 255


class UnknownDefinition(LookupError):
    """No usable definition has that name (and version)."""


class WrongInput(ValueError):
    """The input or the keys break the contract; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


class KeyReused(Exception):
    """The idempotency key was used before, with another body."""


@dataclass(frozen=True, slots=True)
class Launched:
    """`created` is False when the key had launched this very saga before."""

    saga_id: UUID
    created: bool

    @property
    def saga(self) -> Saga:
        return Saga.objects.get(pk=self.saga_id)


class Parent(NamedTuple):
    """The step that a sub-saga is; `depth`: of the sub-saga, 1 for one whose parent is none itself."""

    saga_id: UUID
    position: int
    depth: int
    business_key: str


def launch(
    *,
    definition: str,
    saga_input: dict[str, Any],
    trigger: str,
    launched_by: str,
    version: int | None = None,
    business_key: str | None = None,
    idempotency_key: str | None = None,
    parent: Parent | None = None,
) -> Launched:
    """Store a new saga, due at once, and wake a drain after the commit.

    The same idempotency key with the same body gives the saga that is there; while the first launch with it is still
    in its transaction, this one waits for it. Raises UnknownDefinition, WrongInput, KeyReused.
    """
    definition_id = _definition_id(definition, version)
    compiled = compiled_definition(definition_id)
    problems = input_validator(definition_id)(saga_input)
    problems += _key_problems("business_key", business_key) + _key_problems("idempotency_key", idempotency_key)
    if problems:
        raise WrongInput(problems)
    fingerprint = _fingerprint(definition, version, saga_input, business_key)
    saga_id = uuid7()
    values: dict[str, Any] = {
        "id": saga_id, "definition_id": definition_id, "definition_name": compiled.name,
        "key": idempotency_key, "fingerprint": fingerprint,
        "business_key": business_key or _derived_business_key(compiled, saga_input) or _business_key_of(parent),
        "parent_id": parent and parent.saga_id, "parent_position": parent and parent.position,
        "depth": parent.depth if parent else 0,
        "lock_key": _lock_key(compiled, saga_input), "limited": compiled.concurrency is not None,
        "trigger": trigger, "launched_by": launched_by, "deadline": compiled.deadline,
        "input": json.dumps(saga_input, separators=(",", ":")),
        "names": [step.name for step in compiled.steps], "stages": [step.stage for step in compiled.steps],
        "moves": " ".join(f"{step.index}:pending>due" for step in compiled.steps if step.stage == 0),
    }  # fmt: skip
    if not prepared(LAUNCH, values):
        return _launched_before(compiled.name, str(idempotency_key), fingerprint)
    dispatch.launched(saga_id)
    return Launched(saga_id, created=True)


def _definition_id(name: str, version: int | None) -> int:
    found = prepared(NEWEST, {"name": name, "version": version})
    if not found:
        wanted = name if version is None else f"{name} version {version}"
        raise UnknownDefinition(f"there is no definition {wanted}")
    return int(found[0][0])


def _launched_before(name: str, key: str, fingerprint: str) -> Launched:
    known = LaunchKey.objects.get(definition_name=name, key=key)
    if known.fingerprint != fingerprint:
        raise KeyReused(f"the idempotency key {key!r} was used before with another body")
    return Launched(known.saga_id, created=False)


def _fingerprint(name: str, version: int | None, saga_input: dict[str, Any], business_key: str | None) -> str:
    body = {"definition": name, "version": version, "input": saga_input, "business_key": business_key}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _key_problems(field: str, value: str | None) -> list[Problem]:
    if value is None or (0 < len(value) <= MAX_KEY and value.isprintable()):
        return []
    return [Problem(field, f"must be 1 to {MAX_KEY} printable characters")]


def _business_key_of(parent: Parent | None) -> str:
    """A sub-saga that has no business key of its own is found by its parent's."""
    return parent.business_key if parent is not None else ""


def _derived_business_key(definition: Definition, saga_input: dict[str, Any]) -> str:
    """What the definition's expression finds in the input; empty when it finds no text or number."""
    if definition.business_key is None:
        return ""
    try:
        value = mapping.evaluate(definition.business_key, saga_input)
    except mapping.MappingError as error:
        raise WrongInput([Problem("business_key", str(error))]) from error
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if problems := _key_problems("business_key", str(value)):
        raise WrongInput(problems)
    return str(value)


def _lock_key(definition: Definition, saga_input: dict[str, Any]) -> str | None:
    """The value that one live saga of the definition may have. Not to find one would mean to go on unlocked:
    refused."""
    if definition.lock_key is None:
        return None
    try:
        value = mapping.evaluate(definition.lock_key, saga_input)
    except mapping.MappingError as error:
        raise WrongInput([Problem("lock_key", str(error))]) from error
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongInput([Problem("lock_key", f"{definition.lock_key} finds neither text nor number in the input")])
    if problems := _key_problems("lock_key", str(value)):
        raise WrongInput(problems)
    return str(value)
