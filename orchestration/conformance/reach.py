"""From an enrolled participant to something that can be called, by whatever transport it speaks."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from orchestration.conformance.subject import Asked, Ledger, Subject
from orchestration.models import Participant
from orchestration.participants.http import HttpParticipant, HttpTransport, NotTold
from orchestration.participants.messages import Transport
from orchestration.participants.transports import Transports

LEDGER_PATH = "/ledger"


@asynccontextmanager
async def subject(participant: Participant, asked: Asked) -> AsyncIterator[Subject]:
    """The participant, to be called inside a running loop as long as the context lasts, by whatever it speaks."""
    own, strangers = _transports(participant, participant.secret), None
    try:
        transport = own.by_name(participant.transport)
        if participant.secret:
            strangers = _transports(participant, f"not {participant.secret}")
        yield Subject(
            asked, transport, has_status=_has_status(participant),
            stranger=strangers.by_name(participant.transport) if strangers else None,
            ledger=await _ledger_of(transport, participant.name),
        )  # fmt: skip
    finally:
        await own.close()
        if strangers is not None:
            await strangers.close()


def _has_status(participant: Participant) -> bool:
    """Functions have none, gRPC has it in the service; over HTTP it is where the path says."""
    match participant.transport:
        case Participant.Transport.HTTP:
            return bool(participant.status_path)
        case Participant.Transport.GRPC:
            return True
    return False


def _transports(participant: Participant, secret: str) -> Transports:
    reach = HttpParticipant(participant.base_url, participant.status_path, secret)
    return Transports(lambda _name: reach)


async def _ledger_of(transport: Transport, name: str) -> Ledger | None:
    """Where there is one: over HTTP only."""
    if not isinstance(transport, HttpTransport) or await _entries(transport, name, UUID(int=0)) is None:
        return None
    return _ledger(transport, name)


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
