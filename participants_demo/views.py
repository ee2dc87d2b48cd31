"""The HTTP side of a participant. Each view reads the request, and lets a database thread do the rest."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from participants_demo import barrier, ledger, signature
from participants_demo.database import in_database
from participants_demo.inputs import delay_seconds
from participants_demo.protocol import ACTION, COMPENSATION, AnswerError, Call, MalformedError, read_call, twin_of
from participants_demo.service import Service, Verb, perform
from participants_demo.service_settings import PARTICIPANT, PARTICIPANT_SECRET

View = Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]
LARGEST_PAGE = 5000
_delayed: Counter[str] = Counter()  # keys that wait for their `delay_seconds` in this process


def answering(view: View) -> View:
    """Turns every AnswerError into its JSON answer."""

    @wraps(view)
    async def answer(request: HttpRequest) -> HttpResponse:
        try:
            return await view(request)
        except AnswerError as error:
            return _as_response(error)

    return answer


def _as_response(error: AnswerError) -> HttpResponse:
    response = JsonResponse(error.as_json(), status=error.status)
    if error.retry_after_seconds is not None:
        response["Retry-After"] = str(error.retry_after_seconds)
    return response


def action(verb: Verb) -> View:
    """A view that does an action, after the delay that its input asks for."""

    @require_POST
    @answering
    async def view(request: HttpRequest) -> HttpResponse:
        call = _read(request, ACTION)
        await _delay(call)
        return await _perform(call, verb)

    return view


def compensation(verb: Verb) -> View:
    """A view that undoes an action."""

    @require_POST
    @answering
    async def view(request: HttpRequest) -> HttpResponse:
        return await _perform(_read(request, COMPENSATION), verb)

    return view


def _read(request: HttpRequest, direction: str) -> Call:
    if PARTICIPANT_SECRET:
        signature.check(secret=PARTICIPANT_SECRET, headers=request.headers, body=request.body)
    call = read_call(headers=request.headers, body=request.body)
    if call.direction != direction:
        raise MalformedError(f"{request.path} takes direction {direction}, not {call.direction}")
    return call


async def _perform(call: Call, verb: Verb) -> HttpResponse:
    # Sorted keys: PostgreSQL keeps JSON in an order of its own, and a repeated answer shall be the same text.
    answer = await in_database(lambda: perform(call, verb))
    return JsonResponse(answer, json_dumps_params={"sort_keys": True})


async def _delay(call: Call) -> None:
    seconds = delay_seconds(call.input)
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


@require_GET
@answering
async def status(request: HttpRequest) -> HttpResponse:
    """`GET /status?key=`: what became of a call."""
    key = request.GET.get("key", "")
    twin_of(key)
    if not key.isprintable():
        raise MalformedError("key has characters that no key has")
    found = await in_database(lambda: barrier.state_of(key))
    if found["state"] in {"absent", "refused"} and key in _delayed:
        found = {"state": "in_progress"}
    return JsonResponse(found, json_dumps_params={"sort_keys": True})


@require_GET
@answering
async def ledger_page(request: HttpRequest) -> HttpResponse:
    """`GET /ledger?saga_id=&after=&limit=`: entries of one saga, or all of them."""
    saga_id = request.GET.get("saga_id")
    if saga_id is not None and not (saga_id and saga_id.isprintable()):
        raise MalformedError("saga_id must be a printable text")
    after = _number(request, "after", default=0, low=0, high=2**63 - 1)
    limit = _number(request, "limit", default=1000, low=1, high=LARGEST_PAGE)
    return JsonResponse(await in_database(lambda: ledger.page(saga_id=saga_id, after=after, limit=limit)))


def _number(request: HttpRequest, name: str, *, default: int, low: int, high: int) -> int:
    text = request.GET.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and low <= int(text) <= high):
        raise MalformedError(f"{name} must be a whole number from {low} to {high}")
    return int(text)


def balances_of(service: Service) -> View:
    """`GET /balances`: what the service's own tables say, to compare with the ledger."""

    @require_GET
    @answering
    async def view(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django passes it
        return JsonResponse((await in_database(service.balances)).as_json())

    return view


@require_GET
async def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django passes it
    """`GET /healthz`: the process answers. It does not ask the database."""
    return JsonResponse({"status": "ok", "participant": PARTICIPANT})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it
    return JsonResponse({"error": f"there is nothing at {request.path}", "code": "unknown_path"}, status=404)


def broken(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django passes it
    return JsonResponse(
        {"error": "something broke; the log of this participant says what", "code": "internal"}, status=500
    )
