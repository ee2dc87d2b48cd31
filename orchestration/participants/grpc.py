"""The participant protocol over gRPC: `sagaconsole.v1.Participant`. What each status means follows the HTTP table.

Import this module only where calls are made, after a worker's fork: gRPC keeps threads, and a fork would lose them.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_status import rpc_status

from orchestration.participants.headers import Headers
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import (
    ASK_SECONDS,
    CONNECT_SECONDS,
    MAX_ANSWER,
    SHOWN,
    HttpParticipant,
    InvalidAnswer,
    NotTold,
    parse_json,
    shown,
)
from orchestration.participants.messages import Answer, Command, Outcome, problem
from orchestration.participants.tls import grpc_credentials
from sagaconsole_proto.v1 import participant_pb2 as pb

EXECUTE, STATUS = "/sagaconsole.v1.Participant/Execute", "/sagaconsole.v1.Participant/Status"
OPTIONS = [
    ("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0), ("grpc.max_receive_message_length", MAX_ANSWER + 4096),
    ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]  # fmt: skip
_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_Code, _State, _Connectivity = grpc.StatusCode, pb.StatusResponse.State, grpc.ChannelConnectivity
# Codes that gRPC's own libraries send as well, for a call that may or may not have been executed: they say that nothing
# was done only when the participant's own words come with them.
_LATER = {_Code.UNAVAILABLE, _Code.RESOURCE_EXHAUSTED}
_IN_DOUBT = {_Code.DEADLINE_EXCEEDED, _Code.CANCELLED, _Code.UNKNOWN, _Code.INTERNAL, _Code.DATA_LOSS}
_STATES = {
    _State.STATE_REFUSED: Outcome.REFUSED, _State.STATE_IN_PROGRESS: Outcome.IN_PROGRESS,
    _State.STATE_ABSENT: Outcome.ABSENT, _State.STATE_COMPENSATED: Outcome.UNDONE,
}  # fmt: skip


class NotReachable(Exception):
    """There is no connection, so nothing was sent."""


class GrpcTransport:
    """Calls participants over HTTP/2, one channel for each address. Made inside the running loop."""

    def __init__(self, allowed: AllowList, participant: Callable[[str], HttpParticipant], public_url: str) -> None:
        self._headers = Headers(public_url)
        self._allowed = allowed
        self._participant = participant
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def close(self) -> None:
        await asyncio.gather(*(channel.close() for channel in self._channels.values()))

    async def send(self, command: Command) -> Answer:
        """Execute the command once. Never raises for what a participant does."""
        participant = self._participant(command.participant)
        if not self._allowed.allows(participant.host):
            return Answer(Outcome.NOT_SENT, error=problem(f"{participant.host} is not an allowed host", "host"))
        raw = _request(command).SerializeToString()
        headers = self._headers.of(command, participant.secret, raw)
        metadata = tuple((name.lower(), value) for name, value in headers.items())
        end = asyncio.get_running_loop().time() + command.timeout
        try:
            channel = await self._connected(participant, min(CONNECT_SECONDS, command.timeout))
            execute = channel.unary_unary(EXECUTE, response_deserializer=pb.ExecuteResponse.FromString)
            left = max(0.001, end - asyncio.get_running_loop().time())
            answer = meaning(await execute(raw, metadata=metadata, timeout=left))
        except NotReachable as error:
            return Answer(Outcome.NOT_SENT, error=problem(str(error), "not_sent"))
        except grpc.aio.AioRpcError as error:
            return refusal(error, command)
        except InvalidAnswer as error:
            return Answer(Outcome.IN_DOUBT, error=problem(f"invalid answer: {error}", "invalid_answer"))
        return answer._replace(askable=bool(participant.status_path))

    async def ask(self, command: Command) -> Answer | None:
        """Ask Status about the command's key; None when that is not served or its answer is of no use."""
        participant = self._participant(command.participant)
        if not participant.status_path or not self._allowed.allows(participant.host):
            return None
        try:
            channel = await self._connected(participant, ASK_SECONDS)
            return status_meaning(await _ask(channel, command.key, ASK_SECONDS))
        except (NotReachable, grpc.aio.AioRpcError, InvalidAnswer):
            return None  # no usable answer: the contract says to try again with the same key

    async def look_up(self, name: str, path: str, **params: str) -> Any:  # noqa: ARG002  there is one Status
        """What Status tells of a key, for a person, in the words of the HTTP protocol. Raises NotTold."""
        participant = self._participant(name)
        if not self._allowed.allows(participant.host):
            raise NotTold("host", f"{participant.host} is not an allowed host")
        try:
            channel = await self._connected(participant, ASK_SECONDS)
            return status_body(await _ask(channel, params["key"], ASK_SECONDS))
        except NotReachable as error:
            raise NotTold("not_sent", str(error)) from error
        except grpc.aio.AioRpcError as error:
            code = "timeout" if error.code() is _Code.DEADLINE_EXCEEDED else "invalid_answer"
            raise NotTold(code, shown(f"{error.code().name}: {error.details()}".encode())) from error
        except InvalidAnswer as error:
            raise NotTold("invalid_answer", str(error)) from error

    async def _connected(self, participant: HttpParticipant, seconds: float) -> grpc.aio.Channel:
        """The participant's channel with a connection: what is sent over one that has none may or may not be sent."""
        channel = self._channels.get(participant.base_url)
        if channel is None:
            channel = self._channels[participant.base_url] = _channel(participant.base_url)
        try:
            async with asyncio.timeout(seconds):
                while (state := channel.get_state(try_to_connect=True)) is not _Connectivity.READY:
                    if state is _Connectivity.TRANSIENT_FAILURE:
                        raise NotReachable(await _why_not(channel))
                    await channel.wait_for_state_change(state)
        except TimeoutError as error:
            raise NotReachable(f"no connection in {seconds:g} s") from error
        return channel


def _channel(base_url: str) -> grpc.aio.Channel:
    scheme, _colon, rest = base_url.partition("://")
    target = f"dns:///{rest}"
    if scheme == "grpcs":
        return grpc.aio.secure_channel(target, grpc_credentials(), options=OPTIONS)
    return grpc.aio.insecure_channel(target, options=OPTIONS)


async def _why_not(channel: grpc.aio.Channel) -> str:
    """The channel does not tell; a question that changes nothing does."""
    try:
        await _ask(channel, "", 1)
    except grpc.aio.AioRpcError as error:
        return shown((error.details() or "no connection").encode())
    return "the connection was lost for a moment"


def _ask(channel: grpc.aio.Channel, key: str, seconds: float) -> Any:
    ask = channel.unary_unary(
        STATUS, request_serializer=pb.StatusRequest.SerializeToString,
        response_deserializer=pb.StatusResponse.FromString,
    )  # fmt: skip
    return ask(pb.StatusRequest(key=key), timeout=seconds)


def _request(command: Command) -> pb.ExecuteRequest:
    body = command.body()
    return pb.ExecuteRequest(
        saga_id=body["saga_id"], saga=command.saga, business_key=command.business_key, step=command.step,
        direction=command.direction, attempt=command.attempt, method=command.target,
        input_json=_json(command.input), output_json=None if command.output is None else _json(command.output),
    )  # fmt: skip


def meaning(response: pb.ExecuteResponse) -> Answer:
    """What an answer with the status OK says. Raises InvalidAnswer."""
    match response.state:
        case pb.ExecuteResponse.State.STATE_DONE:
            return Answer(Outcome.SUCCEEDED, _output(response.output_json))
        case pb.ExecuteResponse.State.STATE_ACCEPTED:
            return Answer(Outcome.ACCEPTED, retry_after=_wait(response))
    raise InvalidAnswer(f"state {response.state}")


def refusal(error: grpc.aio.AioRpcError, command: Command) -> Answer:
    """What any other status says."""
    code, info, wait = error.code(), *_details(error)
    words = info.reason.lower()[:64] if info else code.name.lower()
    about = problem(shown((error.details() or code.name).encode())[:SHOWN], words, status=code.name)
    if code in _IN_DOUBT or (code in _LATER and info is None and wait is None):
        return Answer(Outcome.IN_DOUBT, error=about)
    if code in _LATER:
        return Answer(Outcome.TRY_LATER, error=about, retry_after=wait)
    if code is _Code.ABORTED and words == "stale_epoch":
        return Answer(Outcome.STALE_EPOCH, error=about)
    gone = words == "gone" or (info is not None and info.metadata.get("http_status") == "410")
    return Answer(Outcome.REFUSED, error=about, for_ever=gone and command.direction == "compensation")


def status_meaning(response: pb.StatusResponse) -> Answer | None:
    """What Status says; None when it says nothing we know. Raises InvalidAnswer."""
    if response.state == _State.STATE_DONE:
        return Answer(Outcome.SUCCEEDED, _output(response.output_json))
    outcome = _STATES.get(response.state)
    if outcome is None:
        return None
    word = _State.Name(response.state).removeprefix("STATE_").lower()
    return Answer(
        outcome, error=problem(f"the status endpoint says {word}", "status_endpoint"), retry_after=_wait(response)
    )


def status_body(response: pb.StatusResponse) -> dict[str, Any]:
    """What Status says, as the JSON of the HTTP protocol. Raises InvalidAnswer."""
    body: dict[str, Any] = {"state": _State.Name(response.state).removeprefix("STATE_").lower()}
    if response.output_json:
        body["output"] = _output(response.output_json)
    return body | {name: getattr(response, name) for name in ("error", "code") if getattr(response, name)}


def _details(error: grpc.aio.AioRpcError) -> tuple[ErrorInfo | None, timedelta | None]:
    """The participant's own words, and when to come again, if it said so."""
    info, wait = ErrorInfo(), RetryInfo()
    try:
        status = rpc_status.from_call(error)
    except ValueError:
        status = None
    packed = status.details if status is not None else []
    told = any(one.Unpack(info) for one in packed if one.Is(ErrorInfo.DESCRIPTOR))
    when = any(one.Unpack(wait) for one in packed if one.Is(RetryInfo.DESCRIPTOR))
    return info if told else None, _timedelta(wait.retry_delay) if when else None


def _wait(response: Any) -> timedelta | None:
    return _timedelta(response.retry_after) if response.HasField("retry_after") else None


def _timedelta(duration: Duration) -> timedelta:
    return max(timedelta(0), timedelta(seconds=min(duration.seconds, 10**9), microseconds=duration.nanos // 1000))


def _output(text: str) -> Any:
    if len(text) > MAX_ANSWER:
        raise InvalidAnswer("longer than 1 MiB: " + shown(text[:SHOWN].encode()))
    return parse_json(text.encode()) if text.strip() else None
