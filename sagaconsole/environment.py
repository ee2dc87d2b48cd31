"""The environment, read once into typed values; nonsense stops the process with one clear line."""

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from sagaconsole import logs

_env = environ.Env()


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything a deployment can set. Durations are seconds."""

    database_url: str
    redis_url: str
    secret_key: str
    debug: bool
    allowed_hosts: list[str]
    public_url: str
    participant_hosts: list[str]
    webhook_hosts: list[str]
    webhook_log_days: int
    webhook_log_rows: int
    allow_faults: bool
    is_demo: bool
    function_modules: list[str]
    max_calls: int
    database_pool: int
    api_rate: int
    time_zone: str
    log_format: str
    amqp_url: str
    amqp_brokers: list[str]
    amqp_prefix: str
    amqp_prefetch: int
    announcements: int
    grpc_address: str
    grpc_certificate: str
    grpc_key: str
    participant_ca: str
    participant_certificate: str
    participant_key: str
    database: dict[str, Any]

    @property
    def behind_tls(self) -> bool:
        return self.public_url.startswith("https://")


def read_environment() -> Environment:
    """Read and check the environment. Raises ImproperlyConfigured naming the variable and the reason."""
    debug = _boolean("DEBUG")
    public_url = _text("SAGA_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    _check_url("SAGA_PUBLIC_URL", public_url, ("http", "https"))
    database_url = _required("DATABASE_URL", "postgres://user:password@host:5432/name")
    _check_url("DATABASE_URL", database_url, ("postgres", "postgresql"))
    redis_url = _required("REDIS_URL", "redis://:password@host:6379/0")
    _check_url("REDIS_URL", redis_url, ("redis", "rediss", "unix"))
    amqp_url = _broker_url("AMQP_URL", _text("AMQP_URL", ""), debug=debug or _boolean("SAGA_DEMO"))
    return Environment(
        database_url=database_url,
        redis_url=redis_url,
        secret_key=_secret_key(debug=debug),
        debug=debug,
        allowed_hosts=_list("ALLOWED_HOSTS") or [urlsplit(public_url).hostname or "127.0.0.1"],
        public_url=public_url,
        participant_hosts=_list("SAGA_PARTICIPANT_HOSTS"),
        webhook_hosts=_list("SAGA_WEBHOOK_HOSTS"),
        webhook_log_days=_whole("SAGA_WEBHOOK_LOG_DAYS", 30, low=1, high=3650),
        webhook_log_rows=_whole("SAGA_WEBHOOK_LOG_ROWS", 1_000_000, low=1000, high=100_000_000),
        allow_faults=_boolean("SAGA_ALLOW_FAULTS"),
        is_demo=_boolean("SAGA_DEMO"),
        function_modules=_list("SAGA_FUNCTION_MODULES"),
        max_calls=_whole("SAGA_MAX_CALLS", 1000, low=1, high=10_000),
        database_pool=_whole("DATABASE_POOL", 0, low=0, high=100),
        api_rate=_whole("SAGA_API_RATE", 12_000, low=0, high=1_000_000),
        time_zone=_text("TIME_ZONE", "UTC"),
        log_format=_one_of("LOG_FORMAT", "text", logs.FORMATS),
        amqp_url=amqp_url,
        amqp_brokers=_brokers("SAGA_AMQP_BROKERS"),
        amqp_prefix=_text("AMQP_PREFIX", "saga"),
        amqp_prefetch=_whole("AMQP_PREFETCH", 50, low=1, high=1000),
        announcements=_whole("SAGA_ANNOUNCEMENTS", 100_000, low=1000, high=10_000_000),
        grpc_address=_address("SAGA_GRPC_ADDRESS", "127.0.0.1:50051"),
        **_pair("SAGA_GRPC_CERTIFICATE", "SAGA_GRPC_KEY", "grpc"),
        participant_ca=_file("SAGA_PARTICIPANT_CA"),
        **_pair("SAGA_PARTICIPANT_CERTIFICATE", "SAGA_PARTICIPANT_KEY", "participant"),
        database=dict(_env.db_url_config(database_url, engine="django.db.backends.postgresql")),
    )


def _text(name: str, default: str) -> str:
    return str(_env.str(name, default=default)).strip()


def _list(name: str) -> list[str]:
    return [item.strip() for item in _text(name, "").split(",") if item.strip()]


def _boolean(name: str) -> bool:
    value = _text(name, "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"", "0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def _whole(name: str, default: int, *, low: int, high: int) -> int:
    text = _text(name, str(default))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def _one_of(name: str, default: str, words: tuple[str, ...]) -> str:
    value = _text(name, default)
    if value not in words:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(words)}, not {value!r}")
    return value


def _required(name: str, example: str) -> str:
    value = _text(name, "")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set (example: {example}). `make demo` brings its own servers and needs no variables."
        )
    return value


def _check_url(name: str, value: str, schemes: tuple[str, ...]) -> None:
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.netloc or parts.path):
        raise ImproperlyConfigured(f"{name} must be a URL that starts with {' or '.join(s + '://' for s in schemes)}")
    try:
        _ = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} has a wrong port: {error}") from error


def _broker_url(name: str, value: str, *, debug: bool) -> str:
    """A broker's address, or nothing. RabbitMQ's well-known password is for this machine only."""
    if not value:
        return ""
    _check_url(name, value, ("amqp", "amqps"))
    parts = urlsplit(value)
    is_here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if (parts.username, parts.password) in {(None, None), ("guest", "guest")} and not (debug or is_here):
        raise ImproperlyConfigured(f"{name} must name a user and a password other than guest:guest")
    return value


def _brokers(name: str) -> list[str]:
    return [_broker_url(name, value, debug=False) for value in _list(name)]


def _address(name: str, default: str) -> str:
    value = _text(name, default)
    host, _colon, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ImproperlyConfigured(f"{name} must be host:port, not {value!r}")
    return value


def _file(name: str) -> str:
    """The path of a file that can be read, or nothing."""
    value = _text(name, "")
    if value and not os.access(value, os.R_OK):
        raise ImproperlyConfigured(f"{name}: the file {value} cannot be read")
    return value


def _pair(certificate: str, key: str, field: str) -> dict[str, str]:
    """Two PEM files that go together, as two fields."""
    files = {f"{field}_certificate": _file(certificate), f"{field}_key": _file(key)}
    if len([file for file in files.values() if file]) == 1:
        raise ImproperlyConfigured(f"{certificate} and {key} go together: set both or none")
    return files


def _secret_key(*, debug: bool) -> str:
    value = _text("SECRET_KEY", "")
    if not value and debug:
        return "only-for-debug-" + "0" * 40
    if len(value) < 32:
        raise ImproperlyConfigured("SECRET_KEY must be set to at least 32 random characters")
    return value
