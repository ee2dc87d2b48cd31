"""Django settings of one participant: which one, says the environment (`python -m participants_demo` sets it)."""

import os
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

NAMES = ("orders", "payments", "inventory", "shipping")


def _database() -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        raise ImproperlyConfigured("DATABASE_URL is not set (example: postgres://user:password@host:5432/name)")
    return {
        **environ.Env.db_url_config(url, engine="django.db.backends.postgresql"),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Who waits longer for another call answers 425, instead of holding one of the few connections.
        "OPTIONS": {"options": "-c lock_timeout=5s", "application_name": PARTICIPANT, "connect_timeout": 5},
    }


PARTICIPANT = os.environ.get("PARTICIPANT", "")
if PARTICIPANT not in NAMES:
    raise ImproperlyConfigured(f"PARTICIPANT must be one of {', '.join(NAMES)}, not {PARTICIPANT!r}")
PARTICIPANT_SECRET = os.environ.get("PARTICIPANT_SECRET", "")
GRPC_ADDRESS = os.environ.get("GRPC_ADDRESS", "")  # host:port; without it this participant speaks no gRPC
AMQP_URL = os.environ.get("AMQP_URL", "")  # a broker; without it this participant takes no commands from a queue
AMQP_PREFIX = os.environ.get("AMQP_PREFIX", "saga")
# Where answers that come later may be posted.
CALLBACK_HOSTS = frozenset(os.environ.get("CALLBACK_HOSTS", "127.0.0.1,localhost").split(","))

INSTALLED_APPS = ["participants_demo", f"participants_demo.{PARTICIPANT}"]
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": f"{{asctime}} {PARTICIPANT} {{levelname}} {{message}}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
