"""What a drain knows of the configuration: definitions, participants and fault rules, read again when it changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from orchestration import faults
from orchestration.core import definitions
from orchestration.core.definitions import SagaDefinition
from orchestration.drain.connections import Connection
from orchestration.faults import Fault
from orchestration.participants.http import HttpParticipant
from orchestration.participants.messages import Command

PARTICIPANTS = "SELECT name, transport, base_url, status_path, secret, paused FROM orchestration_participant"
DEFINITIONS = "SELECT id, document FROM orchestration_sagadefinition WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class KnownParticipant:
    transport: str
    http: HttpParticipant
    paused: bool


class Catalogue:
    """Definitions are kept for ever (published versions never change); the rest goes by the configuration's version."""

    def __init__(self) -> None:
        self.definitions: dict[int, SagaDefinition] = {}
        self.participants: dict[str, KnownParticipant] = {}
        self._faults: list[Fault] = []
        self._version: int | None = None

    async def learn_definitions(self, ids: Iterable[int], connection: Connection) -> None:
        missing = set(ids) - self.definitions.keys()
        if missing:
            rows = await (await connection.execute(DEFINITIONS, [list(missing)])).fetchall()
            self.definitions |= {row[0]: definitions.parse(row[1]) for row in rows}

    async def refresh(self, version: int, connection: Connection) -> None:
        """Read participants and fault rules again if the configuration's version has moved."""
        if version == self._version:
            return
        participants = await (await connection.execute(PARTICIPANTS)).fetchall()
        self.participants = {
            name: KnownParticipant(transport, HttpParticipant(base_url, status_path, secret), paused)
            for name, transport, base_url, status_path, secret, paused in participants
        }
        self._faults = []
        if settings.SAGA_ALLOW_FAULTS:
            rows = await (await connection.execute(faults.IN_FORCE)).fetchall()
            self._faults = [faults.fault_from_row(row) for row in rows]
        self._version = version

    def http_participant(self, name: str) -> HttpParticipant:
        return self.participants[name].http

    def may_be_called(self, name: str) -> bool:
        known = self.participants.get(name)
        return known is not None and not known.paused

    @property
    def has_faults(self) -> bool:
        return bool(self._faults)

    def fault_for(self, command: Command, now: datetime, luck: float) -> Fault | None:
        """The first rule in force that meets this call."""
        return next((fault for fault in self._faults if fault.meets(command, now, luck)), None)
