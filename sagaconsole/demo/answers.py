"""Whether an address of this machine answers."""

import urllib.error
import urllib.request

# Without the proxies of the environment: the addresses are on the loopback interface.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS = 2.0


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    try:
        with _OPENER.open(url, timeout=_SECONDS) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
