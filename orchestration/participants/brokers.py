"""The brokers that this deployment knows: their passwords stand in the environment, never in a participant's row."""

from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

PORTS = {"amqp": 5672, "amqps": 5671}


def broker_of(base_url: str) -> str | None:
    """The address with user and password of the broker at `base_url`; None when no such broker is known."""
    wanted = _place(urlsplit(base_url))
    return next((url for url in settings.SAGA_AMQP_BROKERS if _place(urlsplit(url)) == wanted), None)


def without_password(url: str) -> str:
    """For people and for participants' rows."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _place(parts: SplitResult) -> tuple[str, str, int, str]:
    port = parts.port or PORTS.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port, unquote(parts.path.removeprefix("/")) or "/"
