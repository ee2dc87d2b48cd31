"""The protocol over HTTP. Each handler reads the request, and lets a database thread do the rest."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from participants_demo import barrier, ledger, signature
from participants_demo.database import in_database
from participants_demo.inputs import delay_seconds
from participants_demo.protocol import ACTION, COMPENSATION, Call, MalformedError, read_call, twin_of
from participants_demo.service import Service, Starter, perform
from participants_demo.service_settings import PARTICIPANT, PARTICIPANT_SECRET
from participants_demo.web import Handler, Request, Routes

LARGEST_PAGE = 5000
_delayed: Counter[str] = Counter()  # keys that wait for their `delay_seconds` in this process


def routes_of(service: Service) -> Routes:
    """Every method and path that a participant answers."""
    return {
        **{("POST", path): _handler(verb, ACTION) for path, verb in service.actions.items()},
        **{("POST", path): _handler(verb, COMPENSATION) for path, verb in service.compensations.items()},
        ("GET", "/status"): _status,
        ("GET", "/ledger"): _ledger,
        ("GET", "/balances"): _balances_of(service),
        ("GET", "/healthz"): _healthz,
        **service.more_routes,
    }


def _handler(verb: Starter, direction: str) -> Handler:
    async def handle(request: Request) -> str:
        if PARTICIPANT_SECRET:
            signature.check(secret=PARTICIPANT_SECRET, headers=request.headers, body=request.body)
        call = read_call(headers=request.headers, body=request.body)
        if call.direction != direction:
            raise MalformedError(f"{request.path} takes direction {direction}, not {call.direction}")
        await _delay(call)
        return await in_database(lambda: perform(call, verb))

    return handle


async def _delay(call: Call) -> None:
    """Wait as long as the input of an action asks for, unless it was done before."""
    seconds = delay_seconds(call.input) if call.is_action else 0
    if not seconds or (await in_database(lambda: barrier.state_of(call.key)))["state"] == "done":
        return
    with _in_hand(call.key):  # no thread and no connection is held meanwhile
        await asyncio.sleep(seconds)


@contextmanager
def _in_hand(key: str) -> Iterator[None]:
    _delayed[key] += 1
    try:
        yield
    finally:
        _delayed[key] -= 1
        if not _delayed[key]:
            del _delayed[key]


async def _status(request: Request) -> str:
    """`GET /status?key=`: what became of a call."""
    key = _printable(request, "key")
    twin_of(key)
    found = await in_database(lambda: barrier.state_of(key))
    if found["state"] in {"absent", "refused"} and key in _delayed:
        found = {"state": "in_progress"}
    return json.dumps(found)


async def _ledger(request: Request) -> str:
    """`GET /ledger?saga_id=&after=&limit=`: entries of one saga, or of all."""
    saga_id = _printable(request, "saga_id") if "saga_id" in request.query else None
    after = _number(request, "after", default=0, low=0, high=2**63 - 1)
    limit = _number(request, "limit", default=1000, low=1, high=LARGEST_PAGE)
    return json.dumps(await in_database(lambda: ledger.page(saga_id=saga_id, after=after, limit=limit)))


def _balances_of(service: Service) -> Handler:
    async def balances(_request: Request) -> str:
        """`GET /balances`: what the service's own tables say, to compare with the ledger."""
        return json.dumps((await in_database(service.balances)).as_json())

    return balances


async def _healthz(_request: Request) -> str:
    """`GET /healthz`: the process answers. It does not ask the database."""
    return json.dumps({"status": "ok", "participant": PARTICIPANT})


def _printable(request: Request, name: str) -> str:
    text = request.query.get(name, "")
    if not text or not text.isprintable():
        raise MalformedError(f"{name} must be a text of printable characters")
    return text


def _number(request: Request, name: str, *, default: int, low: int, high: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and low <= int(text) <= high):
        raise MalformedError(f"{name} must be a whole number from {low} to {high}")
    return int(text)
