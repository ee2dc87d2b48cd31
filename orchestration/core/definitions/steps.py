"""The steps of a document: one after another, or side by side in a `parallel` group, which is one stage."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from orchestration.core.definitions.reader import Reader, at
from orchestration.core.definitions.values import (
    ACTION_RETRY,
    COMPENSATION_RETRY,
    SUB_SAGA_RETRY,
    RetryPolicy,
    StepDefinition,
)
from orchestration.core.states import StepKind

MAX_STEPS = 100
LONGEST = timedelta(days=90).total_seconds()
SHORTEST, LONGEST_CALL = 0.05, 3600.0
PERMISSION = re.compile(r"[a-z_]{1,64}")
STEP_FIELDS_LATER = {"secrets"}
FIELDS = {
    StepKind.CALL: {
        "name", "participant", "action", "compensation", "payload", "when", "timeout", "answer_within", "retry",
        "compensation_retry", "on_exhausted", "compensate_when_refused", "pivot",
    },
    StepKind.APPROVAL: {"name", "when", "approval"},
    StepKind.WAIT: {"name", "when", "wait"},
    StepKind.SAGA: {"name", "saga", "payload", "when", "pivot"},
}  # fmt: skip
STEP_FIELDS = {"parallel"}.union(*FIELDS.values())
RETRY_FIELDS = {"max_attempts", "initial", "factor", "max"}


class _Item(NamedTuple):
    """One step as it stands in the document, at `place`."""

    body: Mapping[str, Any]
    place: str
    stage: int
    in_group: bool


def read_steps(reader: Reader, value: Any, deadline: timedelta) -> tuple[StepDefinition, ...]:
    """All steps in order. `deadline`: the saga's, which bounds how long an accepted call may take."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_STEPS:
        reader.wrong("steps", f"must be a list of 1 to {MAX_STEPS} steps")
        return ()
    items = [item for stage, one in enumerate(value) for item in _items(reader, one, stage)]
    if len(items) > MAX_STEPS:
        reader.wrong("steps", f"must be 1 to {MAX_STEPS} steps, those in groups counted")
        return ()
    steps = tuple(_step(reader, item, index, deadline) for index, item in enumerate(items))
    _check_names(reader, steps)
    _check_pivot(reader, steps, items)
    return steps


def _items(reader: Reader, value: Any, stage: int) -> Iterator[_Item]:
    place = f"steps[{stage}]"
    body = reader.mapping(value, place)
    if "parallel" not in body:
        yield _Item(body, place, stage, in_group=False)
        return
    reader.fields(body, place, {"parallel"})
    place = at(place, "parallel")
    group = body["parallel"]
    if not isinstance(group, list) or not group:
        reader.wrong(place, "must be a list of one step or more")
        return
    for number, one in enumerate(group):
        member, where = reader.mapping(one, f"{place}[{number}]"), f"{place}[{number}]"
        if "parallel" in member:
            reader.wrong(at(where, "parallel"), "a group cannot stand in a group")
        else:
            yield _Item(member, where, stage, in_group=True)


def _step(reader: Reader, item: _Item, index: int, deadline: timedelta) -> StepDefinition:
    body, place, kind = item.body, item.place, _kind(item.body)
    others = STEP_FIELDS - FIELDS[kind]
    reader.fields({name: body[name] for name in body if name not in others}, place, FIELDS[kind], STEP_FIELDS_LATER)
    for name in others & body.keys():
        reader.wrong(at(place, name), f"does not go with a step of the kind {kind}")
    common: dict[str, Any] = {
        "index": index, "stage": item.stage, "place": place, "kind": kind, "name": reader.slug(body, "name", place),
        "when": reader.expression(body, "when", place),
    }  # fmt: skip
    match kind:
        case StepKind.CALL:
            return StepDefinition(**common, **_call(reader, body, place, deadline))
        case StepKind.APPROVAL:
            return StepDefinition(**common, participant="", action="", **_approval(reader, body, place))
        case StepKind.WAIT:
            wait = reader.seconds(body, "wait", place, default=1, low=SHORTEST, high=LONGEST)
            return StepDefinition(**common, participant="", action="", wait=wait)
        case StepKind.SAGA:
            return StepDefinition(**common, **_sub_saga(reader, body, place))


def _kind(body: Mapping[str, Any]) -> StepKind:
    if "approval" in body:
        return StepKind.APPROVAL
    if "saga" in body:
        return StepKind.SAGA
    return StepKind.WAIT if "wait" in body else StepKind.CALL


def _call(reader: Reader, body: Mapping[str, Any], place: str, deadline: timedelta) -> dict[str, Any]:
    compensation = reader.text(body, "compensation", place)
    on_exhausted = body.get("on_exhausted", "compensate")
    if on_exhausted not in ("compensate", "hold"):
        reader.wrong(f"{place}.on_exhausted", "must be compensate or hold")
    answer_within = None
    if "answer_within" in body:
        answer_within = reader.seconds(body, "answer_within", place, default=60, low=SHORTEST, high=LONGEST)
    timeout = None
    if "timeout" in body:
        timeout = reader.seconds(body, "timeout", place, default=5, low=SHORTEST, high=LONGEST_CALL)
    return {
        "participant": reader.slug(body, "participant", place),
        "action": reader.text(body, "action", place, required=True),
        "compensation": compensation if compensation not in ("", "none") else None,
        "payload": reader.expression(body, "payload", place),
        "timeout": timeout,
        "retry": _retry(reader, body, "retry", place, ACTION_RETRY),
        "compensation_retry": _retry(reader, body, "compensation_retry", place, COMPENSATION_RETRY),
        "hold_when_exhausted": on_exhausted == "hold",
        "compensate_when_refused": reader.flag(body, "compensate_when_refused", place, default=True),
        "pivot": reader.flag(body, "pivot", place, default=False),
        "answer_within": answer_within,
        "longest_wait": answer_within or deadline,
    }


def _sub_saga(reader: Reader, body: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Launched as its action, compensated as its undo."""
    name = reader.slug(body, "saga", place)
    return {
        "participant": "", "saga": name, "action": name, "compensation": name,
        "payload": reader.expression(body, "payload", place), "retry": SUB_SAGA_RETRY,
        "compensation_retry": SUB_SAGA_RETRY, "pivot": reader.flag(body, "pivot", place, default=False),
    }  # fmt: skip


def _approval(reader: Reader, body: Mapping[str, Any], place: str) -> dict[str, Any]:
    place = at(place, "approval")
    value = reader.mapping(body["approval"], place)
    reader.fields(value, place, {"permission", "timeout"})
    permission = value.get("permission", "approve_saga")
    if not isinstance(permission, str) or not PERMISSION.fullmatch(permission):
        reader.wrong(at(place, "permission"), "must be 1 to 64 of a-z and _")
    timeout = reader.seconds(value, "timeout", place, default=86_400, low=SHORTEST, high=LONGEST)
    return {"permission": permission, "wait": timeout}


def _retry(reader: Reader, body: Mapping[str, Any], name: str, place: str, default: RetryPolicy) -> RetryPolicy:
    if name not in body:
        return default
    place = at(place, name)
    value = reader.mapping(body[name], place)
    reader.fields(value, place, RETRY_FIELDS)

    def seconds(key: str, normal: timedelta) -> timedelta:
        return reader.seconds(value, key, place, default=normal.total_seconds(), low=0, high=86_400)

    return RetryPolicy(
        max_attempts=reader.whole(value, "max_attempts", place, default=default.max_attempts, high=1000),
        initial=seconds("initial", default.initial),
        factor=reader.number(value, "factor", place, default=default.factor, low=1, high=100),
        max=seconds("max", default.max),
    )


def _check_names(reader: Reader, steps: tuple[StepDefinition, ...]) -> None:
    seen: set[str] = set()
    for step in steps:
        if step.name and step.name in seen:
            reader.wrong(at(step.place, "name"), f"there is already a step {step.name!r}")
        seen.add(step.name)


def _check_pivot(reader: Reader, steps: tuple[StepDefinition, ...], items: list[_Item]) -> None:
    """At most one, in no group; and what comes before it must be undoable, or say that it need not be."""
    pivots = [step for step in steps if step.pivot]
    for step in pivots:
        if step is not pivots[0]:
            reader.wrong(at(step.place, "pivot"), f"there is already a pivot, {pivots[0].name!r}")
        if items[step.index].in_group:
            reader.wrong(at(step.place, "pivot"), "the pivot cannot stand in a parallel group")
    for step in steps[: pivots[0].index] if pivots else ():
        if step.kind is StepKind.CALL and items[step.index].body.get("compensation") is None:
            reader.wrong(at(step.place, "compensation"), "a step before the pivot needs a compensation, or says none")
