"""From an enrolled participant to something that can be called. A new transport is a new line in `_OPEN`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

from django.conf import settings

from orchestration.conformance.subject import Asked, Subject
from orchestration.models import Participant
from orchestration.participants.function import FunctionTransport
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import HttpParticipant, HttpTransport, NotTold

LEDGER_PATH = "/ledger"


def subject(participant: Participant, asked: Asked) -> AbstractAsyncContextManager[Subject]:
    """The participant, to be called inside a running loop as long as the context lasts."""
    return _OPEN[participant.transport](participant, asked)


@asynccontextmanager
async def _http(participant: Participant, asked: Asked) -> AsyncIterator[Subject]:
    transport = _http_transport(participant, participant.secret)
    stranger = _http_transport(participant, f"not {participant.secret}") if participant.secret else None
    try:
        has_ledger = await _entries(transport, participant.name, UUID(int=0)) is not None
        yield Subject(
            asked, transport, has_status=bool(participant.status_path), stranger=stranger,
            ledger=_ledger(transport, participant.name) if has_ledger else None,
        )  # fmt: skip
    finally:
        await transport.close()
        if stranger is not None:
            await stranger.close()


@asynccontextmanager
async def _function(_participant: Participant, asked: Asked) -> AsyncIterator[Subject]:
    transport = FunctionTransport()
    try:
        yield Subject(asked, transport, has_status=False)
    finally:
        transport.close()


_OPEN: dict[str, Callable[[Participant, Asked], AbstractAsyncContextManager[Subject]]] = {
    Participant.Transport.HTTP: _http,
    Participant.Transport.FUNCTION: _function,
}


def _http_transport(participant: Participant, secret: str) -> HttpTransport:
    reach = HttpParticipant(participant.base_url, participant.status_path, secret)
    return HttpTransport(AllowList(settings.SAGA_PARTICIPANT_HOSTS), lambda _name: reach, settings.SAGA_PUBLIC_URL)


def _ledger(transport: HttpTransport, name: str) -> Callable[[UUID], Any]:
    async def entries(saga_id: UUID) -> list[dict[str, Any]]:
        return await _entries(transport, name, saga_id) or []

    return entries


async def _entries(transport: HttpTransport, name: str, saga_id: UUID) -> list[dict[str, Any]] | None:
    """The saga's entries; None when no ledger is served there."""
    try:
        told = await transport.look_up(name, LEDGER_PATH, saga_id=str(saga_id))
    except NotTold:
        return None
    entries = told.get("entries") if isinstance(told, dict) else None
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else None
