"""Whether an address of this machine answers."""

import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

# Without the proxies of the environment: the addresses are on the loopback interface.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS = 2.0


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200; of a `tcp://` address, whether somebody listens there."""
    if url.startswith("tcp://"):
        return _is_listened_at(url)
    try:
        with _OPENER.open(url, timeout=_SECONDS) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def _is_listened_at(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=_SECONDS):
            return True
    except OSError:
        return False
