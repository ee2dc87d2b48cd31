"""What a drain knows of the configuration: definitions, participants and fault rules, read again when it changes."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from orchestration import faults
from orchestration.core import definitions
from orchestration.core.definitions import SagaDefinition, StepDefinition
from orchestration.drain.connections import Connection
from orchestration.faults import Fault
from orchestration.participants.http import HttpParticipant
from orchestration.participants.messages import Command

logger = logging.getLogger(__name__)
VERSION = "SELECT value FROM orchestration_enginestate WHERE name = 'configuration'"
PARTICIPANTS = """
SELECT name, transport, base_url, status_path, secret, paused, max_in_flight, timeout,
    coalesce(is_open, false), changed_at, probe_at
FROM orchestration_participant LEFT JOIN orchestration_flow ON participant = name
"""
DEFINITIONS = "SELECT id, document FROM orchestration_sagadefinition WHERE id = ANY(%s)"


NOBODY: frozenset[str] = frozenset()
UNLESS_SAID = 5.0


@dataclass(frozen=True, slots=True)
class KnownParticipant:
    """`timeout`: seconds for a call whose step names none. `may_be_called`: neither paused nor with an open
    circuit. `probe_at`: when somebody may try, as last read.
    """

    transport: str
    http: HttpParticipant
    paused: bool
    max_in_flight: int
    timeout: float
    is_open: bool
    circuit_changed_at: datetime | None
    probe_at: datetime | None
    may_be_called: bool


class Catalogue:
    """Definitions are kept for ever (published versions never change); the rest goes by the configuration's version.

    `is_stale`: nothing was read yet, or somebody has told of a change.
    """

    def __init__(self) -> None:
        self.definitions: dict[int, SagaDefinition] = {}
        self.participants: dict[str, KnownParticipant] = {}
        self.is_stale = True
        self._first: dict[str, frozenset[str]] = {}
        self._faults: list[Fault] = []
        self._version: int | None = None

    async def learn_definitions(self, ids: Iterable[int], connection: Connection) -> None:
        missing = set(ids) - self.definitions.keys()
        if missing:
            rows = await (await connection.execute(DEFINITIONS, [list(missing)])).fetchall()
            for definition_id, document in rows:
                try:
                    self.definitions[definition_id] = definitions.parse(document)
                except Exception:  # its sagas cannot be read then, and the others can
                    logger.exception("definition %s cannot be read", definition_id)
            self._first = {one.name: _first(one) for one in self.definitions.values()}

    def first_participants(self, definition: str) -> frozenset[str]:
        """Whom the first stage of a definition calls; nobody, where no version of it is known yet."""
        return self._first.get(definition, NOBODY)

    def concurrency_of(self, definition: str) -> int | None:
        """How many of its sagas may be in flight by the most generous version that is known."""
        return max(
            (d.concurrency for d in self.definitions.values() if d.name == definition and d.concurrency), default=None
        )

    def longest_timeout(self, participant: str) -> float:
        """Of the calls to it that are known, in seconds."""
        steps = (step for one in self.definitions.values() for step in one.steps if step.participant == participant)
        return max(map(self.timeout_of, steps), default=0.0)

    def timeout_of(self, step: StepDefinition) -> float:
        """Seconds for one call: the step's own, or those of its participant."""
        if step.timeout is not None:
            return step.timeout.total_seconds()
        known = self.participants.get(step.participant)
        return UNLESS_SAID if known is None else known.timeout

    async def follow(self, version: int | None, connection: Connection) -> None:
        """Read again if there is a newer version than the one that is known."""
        if self.is_stale:
            row = await (await connection.execute(VERSION)).fetchone()
            self._version, self.is_stale = None, False
            await self.refresh(row[0] if row else 0, connection)
        elif version is not None and self._version is not None and version > self._version:
            await self.refresh(version, connection)

    async def refresh(self, version: int, connection: Connection) -> None:
        """Read participants and fault rules again if the configuration's version has moved."""
        if version == self._version:
            return
        participants = await (await connection.execute(PARTICIPANTS)).fetchall()
        self.participants = {name: _known(*how) for name, *how in participants}
        self._faults = []
        if settings.SAGA_ALLOW_FAULTS:
            rows = await (await connection.execute(faults.IN_FORCE)).fetchall()
            self._faults = [faults.fault_from_row(row) for row in rows]
        self._version = version

    def http_participant(self, name: str) -> HttpParticipant:
        return self.participants[name].http

    @property
    def has_faults(self) -> bool:
        return bool(self._faults)

    def fault_for(self, command: Command, now: datetime, luck: float) -> Fault | None:
        """The first rule in force that meets this call."""
        return next((fault for fault in self._faults if fault.meets(command, now, luck)), None)


def _first(definition: SagaDefinition) -> frozenset[str]:
    return frozenset(step.participant for step in definition.steps if step.stage == 0 and step.participant)


def _known(
    transport: str, base_url: str, status_path: str, secret: str, paused: bool, limit: int, timeout: float,
    is_open: bool, changed_at: datetime | None, probe_at: datetime | None,
) -> KnownParticipant:  # fmt: skip
    return KnownParticipant(
        transport=transport, http=HttpParticipant(base_url, status_path, secret), paused=paused, max_in_flight=limit,
        timeout=timeout, is_open=is_open, circuit_changed_at=changed_at, probe_at=probe_at,
        may_be_called=not (paused or is_open),
    )  # fmt: skip
