"""The participant protocol over HTTP: what each answer means is the table of the participant protocol."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from orchestration.participants.headers import Headers
from orchestration.participants.hosts import AllowList, CheckedResolver
from orchestration.participants.messages import Answer, Command, Outcome, problem
from orchestration.participants.tls import ssl_context

MAX_ANSWER = 1024 * 1024
CONNECT_SECONDS = 5.0
ASK_SECONDS = 5.0
# Shorter than any usual server's: a connection that the server closes while we send would put the call in doubt.
KEEPALIVE_SECONDS = 2.0
SHOWN = 500
_LATER = {408, 425, 429}
_IN_DOUBT = {500, 502, 504}
STATES = {
    "done": Outcome.SUCCEEDED, "refused": Outcome.REFUSED, "in_progress": Outcome.IN_PROGRESS,
    "compensated": Outcome.UNDONE, "absent": Outcome.ABSENT,
}  # fmt: skip
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class InvalidAnswer(ValueError):
    """The participant's answer is not what the protocol allows."""


class NotTold(Exception):
    """A participant was asked, and told nothing of use. `code`: host, not_sent, timeout, connection, invalid_answer or
    http_status, which comes with the `status`."""

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


class HttpParticipant:
    """How to reach one participant."""

    __slots__ = ("base_url", "host", "secret", "status_path")

    def __init__(self, base_url: str, status_path: str, secret: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = urlsplit(self.base_url).hostname or ""
        self.status_path = status_path
        self.secret = secret


class HttpTransport:
    """Calls participants over HTTP/1.1. Made inside the running loop; `close` ends its connections."""

    def __init__(self, allowed: AllowList, participant: Callable[[str], HttpParticipant], public_url: str) -> None:
        self._headers = Headers(public_url)
        self._allowed = allowed
        self._participant = participant
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=KEEPALIVE_SECONDS, resolver=CheckedResolver(allowed), ttl_dns_cache=10,
            ssl=ssl_context() or True,
        )  # fmt: skip
        self._session = aiohttp.ClientSession(
            connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
        )

    async def close(self) -> None:
        await self._session.close()

    async def send(self, command: Command) -> Answer:
        """POST the command once and read what the answer means. Never raises for what a participant does."""
        participant = self._participant(command.participant)
        if not self._allowed.allows(participant.host):
            return Answer(Outcome.NOT_SENT, error=problem(f"{participant.host} is not an allowed host", "host"))
        body = json.dumps(command.body(), separators=(",", ":")).encode()
        timeout = aiohttp.ClientTimeout(total=command.timeout, sock_connect=min(CONNECT_SECONDS, command.timeout))
        try:
            async with self._session.post(
                participant.base_url + command.target, data=body,
                headers={"Content-Type": "application/json"} | self._headers.of(command, participant.secret, body),
                timeout=timeout, allow_redirects=False,
            ) as response:  # fmt: skip
                answer = meaning(response, await _read(response), command)
                return answer._replace(askable=bool(participant.status_path))
        except _NOT_SENT as error:
            return Answer(Outcome.NOT_SENT, error=problem(first_line(error), "not_sent"))
        except TimeoutError:
            return Answer(Outcome.IN_DOUBT, error=problem(f"no answer in {command.timeout:g} s", "timeout"))
        except (aiohttp.ClientError, OSError) as error:
            return Answer(Outcome.IN_DOUBT, error=problem(f"connection lost: {first_line(error)}", "connection"))
        except InvalidAnswer as error:
            return Answer(Outcome.IN_DOUBT, error=problem(f"invalid answer: {error}", "invalid_answer"))

    async def ask(self, command: Command) -> Answer | None:
        """Ask the status endpoint about the command's key; None when there is none or its answer is of no use."""
        participant = self._participant(command.participant)
        if not participant.status_path or not self._allowed.allows(participant.host):
            return None
        timeout = aiohttp.ClientTimeout(total=ASK_SECONDS, sock_connect=ASK_SECONDS)
        url = participant.base_url + participant.status_path
        try:
            async with self._session.get(
                url, params={"key": command.key}, timeout=timeout, allow_redirects=False
            ) as response:
                raw = await _read(response)
                return status_meaning(parse_json(raw), response) if response.status == 200 else None
        except (aiohttp.ClientError, OSError, TimeoutError, InvalidAnswer, asyncio.IncompleteReadError):
            return None  # no usable answer: the contract says to try again with the same key

    async def look_up(self, name: str, path: str, **params: str) -> Any:
        """GET the JSON that a participant tells for a person, never for the engine. Raises NotTold."""
        participant = self._participant(name)
        if not self._allowed.allows(participant.host):
            raise NotTold("host", f"{participant.host} is not an allowed host")
        timeout = aiohttp.ClientTimeout(total=ASK_SECONDS, sock_connect=ASK_SECONDS)
        try:
            async with self._session.get(
                participant.base_url + path, params=params, timeout=timeout, allow_redirects=False
            ) as response:
                raw = await _read(response)
                if response.status != 200:
                    raise NotTold("http_status", said(raw, response.status)["message"], response.status)
                return parse_json(raw)
        except _NOT_SENT as error:
            raise NotTold("not_sent", first_line(error)) from error
        except TimeoutError as error:
            raise NotTold("timeout", f"no answer in {ASK_SECONDS:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NotTold("connection", first_line(error)) from error
        except InvalidAnswer as error:
            raise NotTold("invalid_answer", str(error)) from error


def meaning(response: aiohttp.ClientResponse, raw: bytes, command: Command) -> Answer:
    """What a status code and body say. Raises InvalidAnswer."""
    status = response.status
    if status == 202:
        return Answer(Outcome.ACCEPTED, retry_after=_retry_after(response))
    if 200 <= status < 300:
        return Answer(Outcome.SUCCEEDED, parse_json(raw) if raw.strip() else None)
    if status in _LATER or status >= 500:
        outcome = Outcome.IN_DOUBT if status in _IN_DOUBT else Outcome.TRY_LATER
        return Answer(outcome, error=said(raw, status), retry_after=_retry_after(response))
    if 400 <= status < 500:
        error = said(raw, status)
        if status == 409 and error.get("code") == "stale_epoch":
            return Answer(Outcome.STALE_EPOCH, error=error)
        return Answer(Outcome.REFUSED, error=error, for_ever=status == 410 and command.direction == "compensation")
    raise InvalidAnswer(f"status {status}")


def status_meaning(body: Any, response: aiohttp.ClientResponse) -> Answer | None:
    """What the status endpoint's `state` says; None when it says nothing we know."""
    state = body.get("state") if isinstance(body, dict) else None
    outcome = STATES.get(state) if isinstance(state, str) else None
    if outcome is None:
        return None
    if outcome is Outcome.SUCCEEDED:
        return Answer(outcome, body.get("output"))
    by_status = problem(f"the status endpoint says {state}", "status_endpoint")
    return Answer(outcome, error=by_status, retry_after=_retry_after(response))


def parse_json(raw: bytes) -> Any:
    """Strict JSON: no NaN, no NUL, no lone surrogates. Raises InvalidAnswer."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
        text = json.dumps(value, ensure_ascii=False)
        text.encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise InvalidAnswer(first_line(error) + ": " + shown(raw)) from error
    if "\\u0000" in text.replace("\\\\", ""):
        raise InvalidAnswer("holds a NUL character: " + shown(raw))
    return value


def shown(raw: bytes) -> str:
    """The beginning of an answer as harmless text."""
    text = raw[:SHOWN].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        raw += chunk
        if len(raw) > MAX_ANSWER:
            raise InvalidAnswer("longer than 1 MiB: " + shown(bytes(raw)))
    return bytes(raw)


def said(raw: bytes, status: int) -> dict[str, Any]:
    """The participant's own words, if it sent `{"error", "code"}`; else the beginning of what it did send."""
    try:
        body = parse_json(raw)
    except InvalidAnswer:
        body = None
    if isinstance(body, dict) and isinstance(body.get("error"), str):
        code = body.get("code")
        return problem(body["error"][:SHOWN], code[:64] if isinstance(code, str) else "refused", status=status)
    return problem(shown(raw) or f"answered {status}", "http_status", status=status)


def _retry_after(response: aiohttp.ClientResponse) -> timedelta | None:
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return timedelta(seconds=int(value))
    try:
        wait = parsedate_to_datetime(value) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None
    return max(wait, timedelta(0))


def first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:SHOWN]
