"""Sagas for people who read in a terminal."""

import json
from collections.abc import Iterator
from typing import Any

from orchestration.management.saga.common import must_be_a_terminal_text as plain


def saga_lines(saga: dict[str, Any]) -> Iterator[str]:
    """A saga and its steps."""
    yield f"{saga['id']}  {saga['definition']} v{saga['version']}  {status_of(saga)}"
    for name in ("business_key", "stuck_reason", "parked_on"):
        if saga[name]:
            yield f"  {name.replace('_', ' ')}: {plain(str(saga[name]))}"
    if saga["open_effects"]:
        yield f"  open effects: {', '.join(saga['open_effects'])}"
    for step in saga["steps"]:
        yield step_line(step)


def step_line(step: dict[str, Any]) -> str:
    doubt = " (in doubt)" if step["in_doubt"] else ""
    tries = f"  {step['attempts']} tries" if step["attempts"] > 1 else ""
    error = f"  {_said(step['error'])}" if step["error"] else ""
    return f"  {step['name']:24} {step['status']}{doubt}{tries}{error}"


def row(saga: dict[str, Any]) -> str:
    """A saga in one line of a list."""
    return f"{saga['id']}  {status_of(saga):22} {saga['definition']:24} {plain(saga['business_key'])}".rstrip()


def status_of(saga: dict[str, Any]) -> str:
    return f"{saga['status']}{' (paused)' if saga['paused'] else ''}"


def event_line(event: dict[str, Any]) -> str:
    moves = "  ".join(f"{move['step']}: {move['from']} > {move['to']}" for move in event["moves"])
    who = f" by {plain(event['actor'])}" if event["actor"] else ""
    why = f" ({plain(event['reason'])})" if event.get("reason") else ""
    return f"{event['at']:%Y-%m-%d %H:%M:%S} {event['kind']}{who}{why}  [{event['status']}]  {moves}".rstrip()


def attempt_line(attempt: dict[str, Any]) -> str:
    took = (attempt["finished_at"] - attempt["started_at"]).total_seconds()
    error = f"  {_said(attempt['error'])}" if attempt["error"] else ""
    which = f"{attempt['direction']} {attempt['number']}"
    return f"  {attempt['step']:24} {which}  {attempt['outcome']}  {took:.3f} s{error}"


def _said(error: Any) -> str:
    message = error.get("message") if isinstance(error, dict) else None
    return plain(message if isinstance(message, str) else json.dumps(error, ensure_ascii=False))[:200]
