"""How log lines look: for people, or one JSON object a line for programs that collect them."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

FORMATS = ("text", "json")
TEXT = "{asctime} {levelname:7} {name}: {message}"
UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.access")
# What a line is about, where it is about one; see `orchestration/about.py`.
FIELDS = ("saga_id", "step", "epoch")


class JSONLines(logging.Formatter):
    """Each record is one line, whatever its text holds."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        entry |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configuration(log_format: str) -> dict[str, Any]:
    """Django's LOGGING for one of FORMATS."""
    loggers: dict[str, Any] = {"orchestration": {"level": "INFO"}, "rq": {"level": "WARNING"}}
    if log_format == "json":
        # uvicorn has set up its own handlers before Django is loaded.
        loggers |= {name: {"handlers": [], "propagate": True} for name in UVICORN}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"text": {"format": TEXT, "style": "{"}, "json": {"()": "sagaconsole.logs.JSONLines"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": log_format}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": loggers,
    }
