"""What each answer of a gRPC participant means: the same table as over HTTP, by gRPC's codes."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.message import Message

from orchestration.participants.call import call
from orchestration.participants.messages import Answer, Command, Outcome
from participants_demo import signature
from sagaconsole_proto.v1 import participant_pb2 as pb
from tests.orchestration.participants.grpc_participant import (
    DONE,
    HUGE,
    NAN,
    Code,
    Handler,
    answering,
    failing,
    participant,
    send,
)
from tests.orchestration.participants.test_http import command


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        pytest.param(answering(DONE), Outcome.SUCCEEDED, id="OK and done is done"),
        pytest.param(answering(pb.ExecuteResponse(state="STATE_DONE")), Outcome.SUCCEEDED, id="no output is done"),
        pytest.param(answering(pb.ExecuteResponse(state="STATE_ACCEPTED")), Outcome.ACCEPTED, id="accepted"),
        pytest.param(answering(pb.ExecuteResponse()), Outcome.IN_DOUBT, id="no state is an invalid answer"),
        pytest.param(
            answering(pb.ExecuteResponse(state="STATE_DONE", output_json=NAN)), Outcome.IN_DOUBT, id="NaN is invalid"
        ),
        pytest.param(
            answering(pb.ExecuteResponse(state="STATE_DONE", output_json=HUGE)), Outcome.IN_DOUBT,
            id="more than 1 MiB is an invalid answer",
        ),
        pytest.param(failing(Code.FAILED_PRECONDITION), Outcome.REFUSED, id="FAILED_PRECONDITION is refused"),
        pytest.param(failing(Code.INVALID_ARGUMENT), Outcome.REFUSED, id="INVALID_ARGUMENT is refused"),
        pytest.param(failing(Code.NOT_FOUND), Outcome.REFUSED, id="NOT_FOUND is refused"),
        pytest.param(failing(Code.PERMISSION_DENIED), Outcome.REFUSED, id="PERMISSION_DENIED is refused"),
        pytest.param(failing(Code.UNIMPLEMENTED), Outcome.REFUSED, id="UNIMPLEMENTED is refused"),
        pytest.param(failing(Code.ABORTED, reason="LATE_ACTION"), Outcome.REFUSED, id="another ABORTED is refused"),
        pytest.param(failing(Code.ABORTED, reason="STALE_EPOCH"), Outcome.STALE_EPOCH, id="ABORTED as stale"),
        pytest.param(failing(Code.UNAVAILABLE, reason="BUSY"), Outcome.TRY_LATER, id="UNAVAILABLE with words: later"),
        pytest.param(failing(Code.UNAVAILABLE, retry_after=2), Outcome.TRY_LATER, id="UNAVAILABLE with a time: later"),
        pytest.param(failing(Code.RESOURCE_EXHAUSTED, reason="QUOTA"), Outcome.TRY_LATER, id="RESOURCE_EXHAUSTED"),
        pytest.param(failing(Code.UNAVAILABLE), Outcome.IN_DOUBT, id="a bare UNAVAILABLE may come from anywhere"),
        pytest.param(failing(Code.RESOURCE_EXHAUSTED), Outcome.IN_DOUBT, id="so may a bare RESOURCE_EXHAUSTED"),
        pytest.param(failing(Code.INTERNAL, reason="INTERNAL"), Outcome.IN_DOUBT, id="INTERNAL is in doubt"),
        pytest.param(failing(Code.UNKNOWN), Outcome.IN_DOUBT, id="UNKNOWN is in doubt"),
        pytest.param(failing(Code.DEADLINE_EXCEEDED), Outcome.IN_DOUBT, id="DEADLINE_EXCEEDED is in doubt"),
        pytest.param(failing(Code.CANCELLED), Outcome.IN_DOUBT, id="CANCELLED is in doubt"),
        pytest.param(failing(Code.DATA_LOSS), Outcome.IN_DOUBT, id="DATA_LOSS is in doubt"),
    ],
)  # fmt: skip
def test_what_an_answer_means(handler: Handler, outcome: Outcome) -> None:
    assert send(handler).outcome is outcome


def test_a_refusal_keeps_the_participants_words() -> None:
    answer = send(failing(Code.FAILED_PRECONDITION, "card over its limit", "CARD_LIMIT"))
    assert answer.error == {"message": "card over its limit", "code": "card_limit", "status": "FAILED_PRECONDITION"}


@pytest.mark.parametrize(("direction", "for_ever"), [("action", False), ("compensation", True)])
def test_gone_can_never_be_undone(direction: str, for_ever: bool) -> None:
    answer = send(failing(Code.FAILED_PRECONDITION, reason="GONE"), direction=direction)
    assert (answer.outcome, answer.for_ever) == (Outcome.REFUSED, for_ever)


def test_retry_info_is_honoured() -> None:
    answer = send(failing(Code.UNAVAILABLE, reason="BUSY", retry_after=7))
    assert answer.retry_after == timedelta(seconds=7)


def test_a_call_past_its_time_is_in_doubt() -> None:
    async def handler(_raw: bytes, _context: Any) -> None:
        await asyncio.Event().wait()

    answer = send(handler, timeout=0.2)
    assert (answer.outcome, answer.error and answer.error["code"]) == (Outcome.IN_DOUBT, "deadline_exceeded")


def test_what_is_sent_and_how_it_is_signed() -> None:
    seen: list[Any] = []

    async def handler(raw: bytes, context: Any) -> Message:
        headers = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
        signature.check(secret="shared", headers=headers, body=raw)
        seen.extend([pb.ExecuteRequest.FromString(raw), headers])
        return DONE

    sent = command(target="charge", direction="compensation", input={"n": 9007199254740993}, output={"ref": "é"})

    async def go() -> Answer:
        async with participant(handler, secret="shared") as transport:
            return await transport.send(sent)

    assert asyncio.run(go()) == Answer(Outcome.SUCCEEDED, {"ref": 1})
    request, headers = seen
    assert (request.method, request.direction, request.step, request.attempt) == ("charge", "compensation", "one", 1)
    assert json.loads(request.input_json) == {"n": 9007199254740993}
    assert json.loads(request.output_json) == {"ref": "é"}
    assert (headers["idempotency-key"], headers["saga-epoch"]) == (sent.key, "7")
    assert headers["saga-callback"].startswith("http://console.test/api/v1/callbacks/")


def test_an_output_that_nobody_knows_is_absent() -> None:
    seen: list[pb.ExecuteRequest] = []

    async def handler(raw: bytes, _context: Any) -> Message:
        seen.append(pb.ExecuteRequest.FromString(raw))
        return DONE

    send(handler, direction="compensation")
    assert not seen[0].HasField("output_json")


# -- the status ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("DONE", Outcome.SUCCEEDED), ("REFUSED", Outcome.REFUSED), ("IN_PROGRESS", Outcome.IN_PROGRESS),
     ("ABSENT", Outcome.ABSENT), ("COMPENSATED", Outcome.UNDONE), ("UNSPECIFIED", None)],
)  # fmt: skip
def test_what_status_says(state: str, outcome: Outcome | None) -> None:
    async def go() -> Answer | None:
        said = pb.StatusResponse(state="STATE_" + state, output_json="5")
        async with participant(answering(DONE), answering(said)) as transport:
            return await transport.ask(command())

    answer = asyncio.run(go())
    assert (answer.outcome if answer else None) is outcome


def test_a_participant_without_status_is_not_asked_and_one_that_fails_tells_nothing() -> None:
    async def go(status: Handler | None) -> Answer | None:
        async with participant(answering(DONE), status) as transport:
            return await transport.ask(command())

    assert asyncio.run(go(None)) is None
    assert asyncio.run(go(failing(Code.INTERNAL))) is None


def test_in_doubt_is_settled_by_asking() -> None:
    async def go() -> Answer:
        said = answering(pb.StatusResponse(state="STATE_DONE", output_json='{"ref": 2}'))

        async def nothing(_command: Command) -> None:
            return None

        async with participant(failing(Code.UNAVAILABLE), said) as transport:
            return await call(command(), transport, nothing)

    answer = asyncio.run(go())
    assert (answer.outcome, answer.output) == (Outcome.SUCCEEDED, {"ref": 2})
