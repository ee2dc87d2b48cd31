"""Doing what was accepted: once, and its answer goes to the outbox in the same transaction."""

import json
from collections.abc import Callable
from typing import Any

from django.db import transaction

from participants_demo import barrier, outbox, pending
from participants_demo.protocol import Call, RefusedError
from participants_demo.service import Verb, note


class NoLongerPending(Exception):
    """It was undone, or done, since it was found due."""


def confirm(call: Call, verb: Verb) -> None:
    """Do the work that was promised for `call`. Raises NoLongerPending, and whatever the barrier and the work raise."""

    def work() -> str:
        # Under the barrier's lock: an undo has either taken the promise away by now, or waits until it is kept.
        if not pending.holds(call.key):
            raise NoLongerPending(call.key)
        return note(call, verb(call))

    with transaction.atomic():
        message = _message(call, work)
        if pending.cancel(call.key) and call.callback:
            outbox.put(call.callback, message)


def _message(call: Call, work: Callable[[], str]) -> dict[str, Any]:
    try:
        answer = barrier.once(call, work)
    except RefusedError as refusal:
        return {"state": "refused", "error": refusal.as_json()}
    return {"state": "done", "output": json.loads(answer or "null")}
