"""What some acts take beside reason, revision and step. Each is checked before the saga is looked at."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orchestration import strict_json
from orchestration.operator_actions.refusals import WrongAct

NO_DETAILS: Mapping[str, Any] = {}
MAX_INPUT_BYTES = 256 * 1024
MAX_OUTPUT_BYTES = 1024 * 1024
RESOLUTIONS = ("applied", "not_applied")
VERDICTS = ("approved", "rejected")


@dataclass(frozen=True, slots=True)
class Detail:
    """One field of an act. `why_not(value, saga id)`: what is wrong with it; empty: nothing."""

    name: str
    why_not: Callable[[Any, UUID], str]
    required: bool = True


def checked(expected: tuple[Detail, ...], said: Mapping[str, Any], saga_id: UUID, *, in_full: bool) -> dict[str, Any]:
    """`said`, when it is as `expected`. Without `in_full` (a preview) nothing is required. Raises WrongAct."""
    known = {detail.name: detail for detail in expected}
    for name in said:
        if name not in known:
            raise WrongAct(name, "this act does not take it")
    for name, detail in known.items():
        if name not in said:
            if detail.required and in_full:
                raise WrongAct(name, "is required")
        elif reason := detail.why_not(said[name], saga_id):
            raise WrongAct(name, reason)
    if said.get("outcome") == "not_applied" and said.get("output") is not None:
        raise WrongAct("output", "goes with the outcome applied only")
    return dict(said)


def one_of(*words: str) -> Callable[[Any, UUID], str]:
    return lambda value, _saga_id: "" if value in words else "must be one of " + ", ".join(words)


def some_json(max_bytes: int, *, required: bool) -> Callable[[Any, UUID], str]:
    """Any JSON of at most `max_bytes`, not too deep; `required`: null is none."""

    def why_not(value: Any, _saga_id: UUID) -> str:
        if value is None:
            return "must not be null" if required else ""
        # First the size, which is quickly found out; what is no JSON at all has none, and its place is found below.
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            if len(strict_json.canonical(value)) > max_bytes:
                return f"is larger than {max_bytes // 1024} KiB"
        for problem in strict_json.find_problems(value, max_depth=strict_json.MAX_DEPTH):
            return str(problem) if problem.place else problem.reason
        return ""

    return why_not


def the_sagas_id(value: Any, saga_id: UUID) -> str:
    return "" if value == str(saga_id) else "must be the saga's id"


def a_version(value: Any, _saga_id: UUID) -> str:
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
    return "" if value is None or sound else "must be a whole number from 1"


RESOLVE = (
    Detail("outcome", one_of(*RESOLUTIONS)),
    Detail("output", some_json(MAX_OUTPUT_BYTES, required=False), required=False),
)
EDIT_AND_RETRY = (Detail("input", some_json(MAX_INPUT_BYTES, required=True)),)
ABANDON = (Detail("confirm", the_sagas_id),)
APPROVE = (Detail("outcome", one_of(*VERDICTS)),)
RESTART_FROM = (Detail("version", a_version, required=False),)
