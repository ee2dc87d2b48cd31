"""The transports of one drain, by name; what is seldom used is loaded and connected when it is first used."""

from collections.abc import Callable
from typing import Any, Protocol

from django.conf import settings

from orchestration.participants.function import FunctionTransport
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import HttpParticipant, HttpTransport
from orchestration.participants.messages import Transport
from orchestration.participants.sub_saga import SubSagaTransport

SUB_SAGA = "sub-saga"


class Connected(Transport, Protocol):
    """A transport with connections to end."""

    async def close(self) -> None: ...

    async def look_up(self, name: str, path: str, **params: str) -> Any:
        """What the participant `name` tells at `path`, for a person. Raises NotTold."""
        ...


class Transports:
    """Made inside the running loop, after the fork; `close` ends all connections."""

    def __init__(self, participant: Callable[[str], HttpParticipant]) -> None:
        self._participant = participant
        self._allowed = AllowList(settings.SAGA_PARTICIPANT_HOSTS)
        self._functions = FunctionTransport()
        self._connected: dict[str, Connected] = {"http": self._http()}
        self._sub_sagas: SubSagaTransport | None = None

    def by_name(self, name: str) -> Transport:
        """`name`: of Participant.Transport, or SUB_SAGA."""
        if name == SUB_SAGA:
            return self.sub_sagas()
        return self.over_network(name) or self._functions

    def over_network(self, name: str) -> Connected | None:
        """None for functions: nobody can ask them anything."""
        if name == "function":
            return None
        if name not in self._connected:
            self._connected[name] = self._grpc() if name == "grpc" else self._amqp()
        return self._connected[name]

    def sub_sagas(self) -> SubSagaTransport:
        if self._sub_sagas is None:
            self._sub_sagas = SubSagaTransport()
            self._connected[SUB_SAGA] = self._sub_sagas
        return self._sub_sagas

    async def close(self) -> None:
        self._functions.close()
        for transport in self._connected.values():
            await transport.close()

    def _http(self) -> Connected:
        return HttpTransport(self._allowed, self._participant, settings.SAGA_PUBLIC_URL)

    def _grpc(self) -> Connected:
        from orchestration.participants.grpc import GrpcTransport  # noqa: PLC0415  never before the fork

        return GrpcTransport(self._allowed, self._participant, settings.SAGA_PUBLIC_URL)

    def _amqp(self) -> Connected:
        from orchestration.participants.amqp import AmqpTransport  # noqa: PLC0415  loaded by those who use it

        return AmqpTransport(self._allowed, self._participant, settings.SAGA_PUBLIC_URL)
