"""Which hosts may be called: names and networks from the deployment's allow-list, and the address that was checked."""

import ipaddress
import socket
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver


class HostNotAllowed(OSError):
    """The host is not on the deployment's allow-list (SAGA_PARTICIPANT_HOSTS)."""


class AllowList:
    """Entries are host names, addresses or networks (`10.1.0.0/16`)."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._names.add(entry.lower())

    def allows(self, host: str) -> bool:
        """Whether `host` (a name or an address) may be called."""
        return host.lower() in self._names or self.allows_address(host)

    def allows_address(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text.strip("[]"))
        except ValueError:
            return False
        return any(address in network for network in self._networks)


class CheckedResolver(AbstractResolver):
    """Resolves a name once; the connection then goes to the very address that was resolved and checked."""

    def __init__(self, allowed: AllowList) -> None:
        self._allowed = allowed
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if not self._allowed.allows(host):
            raise HostNotAllowed(f"{host} is not on the allow-list of participant hosts")
        return await self._resolver.resolve(host, port, family)

    async def close(self) -> None:
        await self._resolver.close()
