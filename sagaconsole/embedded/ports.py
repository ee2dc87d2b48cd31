"""Free TCP ports on the loopback interface."""

import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
_LOWEST = 10_240
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A port that nothing listens on, below the range the kernel hands out to outgoing connections.

    A port of that range could be taken by any client, even by one that tries to reach a server that is just being
    restarted: it would then be connected to itself and hold the port.
    """
    return next(port for port in _candidates() if port_is_free(port))


def port_is_free(port: int) -> bool:
    """Whether a server could listen on `port` now. Leftovers of closed connections do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _candidates() -> list[int]:
    first, last = (int(text) for text in _EPHEMERAL.read_text().split())
    below = range(_LOWEST, first)
    outside = below if len(below) >= 1_000 else [port for port in range(_LOWEST, 65_536) if not first <= port <= last]
    return random.sample(outside or range(_LOWEST, 65_536), k=200)
