"""Where messages may go: listed hosts only, and to no private address that is not listed itself."""

import ipaddress
import socket
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from orchestration.participants.hosts import AllowList, HostNotAllowed

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PublicResolver(AbstractResolver):
    """Resolves a listed name once, and gives only addresses that are public, or listed as addresses or networks.

    So whoever rules a listed name's zone cannot turn our messages to something inside.
    """

    def __init__(self, allowed: AllowList) -> None:
        self._allowed = allowed
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if not self._allowed.allows(host):
            raise HostNotAllowed(f"{host} is not in SAGA_WEBHOOK_HOSTS")
        found = await self._resolver.resolve(host, port, family)
        fit = [one for one in found if self._may_be_reached(one["host"])]
        if not fit:
            raise HostNotAllowed(f"{host} is at a private address that is not in SAGA_WEBHOOK_HOSTS")
        return fit

    def _may_be_reached(self, address: str) -> bool:
        return is_public(address) or self._allowed.allows_address(address)

    async def close(self) -> None:
        await self._resolver.close()


def is_public(text: str) -> bool:
    """Whether the address is anybody's, and so is every IPv4 address that it stands for."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return all(one.is_global and not one.is_multicast for one in inner if one is not None)


def is_sendable(url: str, allowed: AllowList) -> bool:
    """Whether messages may be sent to `url`: http or https, without user and fragment, at a listed host."""
    try:
        parts = urlsplit(url)
        sound = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = parts.scheme in ("http", "https") and not parts.fragment and "@" not in parts.netloc
    return plain and sound and allowed.allows(parts.hostname or "") and url.isprintable() and " " not in url
