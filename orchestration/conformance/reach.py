"""From an enrolled participant to something that can be called, by whatever transport it speaks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings

from orchestration.conformance.subject import Asked, Ledger, Subject
from orchestration.models import Participant
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import HttpParticipant, HttpTransport, NotTold
from orchestration.participants.messages import Transport
from orchestration.participants.transports import Transports

LEDGER_PATH = "/ledger"
NOBODY = UUID(int=0)


class Closable(Protocol):
    async def close(self) -> None: ...


@asynccontextmanager
async def subject(participant: Participant, asked: Asked, ledger_url: str = "") -> AsyncIterator[Subject]:
    """The participant, to be called inside a running loop as long as the context lasts, by whatever it speaks.

    Its ledger is looked for where it is called over HTTP, or at `ledger_url`. Raises NotTold: there is none at that.
    """
    opened: list[Closable] = []

    def transport(secret: str) -> Transport:
        reach = HttpParticipant(participant.base_url, participant.status_path, secret)
        transports = Transports(lambda _name: reach)
        opened.append(transports)
        return transports.by_name(participant.transport)

    try:
        own = transport(participant.secret)
        if ledger_url:
            books = _http(ledger_url)
            opened.append(books)
            await _entries(books, NOBODY)
        yield Subject(
            asked, own, has_status=bool(participant.status_path),
            stranger=transport(f"not {participant.secret}") if participant.secret else None,
            ledger=_ledger(books) if ledger_url else await _ledger_if_any(own),
        )  # fmt: skip
    finally:
        for one in opened:
            await one.close()


def _http(base_url: str) -> HttpTransport:
    reach = HttpParticipant(base_url.rstrip("/"), "", "")
    return HttpTransport(AllowList(settings.SAGA_PARTICIPANT_HOSTS), lambda _name: reach, settings.SAGA_PUBLIC_URL)


async def _ledger_if_any(transport: Transport) -> Ledger | None:
    """That of a participant that is called over HTTP, if it serves one."""
    if not isinstance(transport, HttpTransport):
        return None
    try:
        await _entries(transport, NOBODY)
    except NotTold:
        return None
    return _ledger(transport)


def _ledger(transport: HttpTransport) -> Ledger:
    async def entries(saga_id: UUID) -> list[dict[str, Any]]:
        return await _entries(transport, saga_id)

    return entries


async def _entries(transport: HttpTransport, saga_id: UUID) -> list[dict[str, Any]]:
    """The saga's entries. Raises NotTold when no ledger is served there."""
    told = await transport.look_up("", LEDGER_PATH, saga_id=str(saga_id))
    entries = told.get("entries") if isinstance(told, dict) else None
    if not isinstance(entries, list):
        raise NotTold("invalid_answer", "it has no list of entries")
    return [one for one in entries if isinstance(one, dict)]
