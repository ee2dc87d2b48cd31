"""The protocol over HTTP. Each handler reads the request, and lets a database thread do the rest."""

import json

from participants_demo import desk, ledger, signature
from participants_demo.database import in_database
from participants_demo.protocol import MalformedError, read_call
from participants_demo.service import Service
from participants_demo.service_settings import PARTICIPANT, PARTICIPANT_SECRET
from participants_demo.web import Handler, Request, Routes

LARGEST_PAGE = 5000


def routes_of(service: Service) -> Routes:
    """Every method and path that a participant answers."""
    return {
        **{("POST", path): _handler(service) for path in [*service.actions, *service.compensations]},
        ("GET", "/status"): _status,
        ("GET", "/ledger"): _ledger,
        ("GET", "/balances"): _balances_of(service),
        ("GET", "/healthz"): _healthz,
        **service.more_routes,
    }


def _handler(service: Service) -> Handler:
    async def handle(request: Request) -> str:
        if PARTICIPANT_SECRET:
            signature.check(secret=PARTICIPANT_SECRET, headers=request.headers, body=request.body)
        return await desk.do(service, request.path, read_call(headers=request.headers, body=request.body))

    return handle


async def _status(request: Request) -> str:
    """`GET /status?key=`: what became of a call."""
    key = _printable(request, "key")
    return json.dumps(await desk.state_of(key))


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
