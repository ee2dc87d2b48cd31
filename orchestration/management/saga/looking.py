"""list, show and watch."""

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection
from django.http import QueryDict

from orchestration import dispatch, queries
from orchestration.core.states import LIVE, SagaStatus
from orchestration.management.saga import texts
from orchestration.management.saga.common import ENDS, TIME_IS_UP, Options, Terminal, Verb, saga_id_of
from orchestration.queries.bodies import attempt_body, event_body, saga_bodies, saga_body

FILTERS = ("definition", "business_key", "participant", "step", "error", "q", "created_after", "created_before")
LOOK_SECONDS = 1.0


def filter_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--status", action="append", default=[], help="may come more than once")
    for name in FILTERS:
        parser.add_argument(f"--{name.replace('_', '-')}", default="", help="as in the API")


def chosen(options: Options) -> QueryDict:
    """The filters that were given."""
    params = QueryDict(mutable=True)
    params.setlist("status", options["status"])
    params.update({name: options[name] for name in FILTERS if options[name]})
    return params


def _list(options: Options, terminal: Terminal) -> int:
    found = queries.search(chosen(options), cursor=options["cursor"], limit=options["limit"])
    items = saga_bodies(found.items)
    terminal.tell({"items": items, "next_cursor": found.next_cursor}, _rows(items, found.next_cursor))
    return 0


def _rows(items: list[dict[str, Any]], cursor: str | None) -> Iterator[str]:
    yield from map(texts.row, items)
    if cursor:
        yield f"more: --cursor {cursor}"


def _list_arguments(parser: ArgumentParser) -> None:
    filter_arguments(parser)
    parser.add_argument("--limit", type=int, choices=range(1, queries.MAX_LIMIT + 1), metavar="N", default=50)
    parser.add_argument("--cursor", help="where the last page ended")


def _show(options: Options, terminal: Terminal) -> int:
    saga_id = saga_id_of(options["saga"])
    body = saga_body(saga_id)
    body["events"] = [event_body(event) for event in every_event(saga_id)]
    body["attempts"] = [attempt_body(attempt) for attempt in _every_attempt(saga_id)]
    terminal.tell(body, _shown(body))
    return 0


def _shown(body: dict[str, Any]) -> Iterator[str]:
    yield from texts.saga_lines(body)
    yield "Attempts"
    yield from map(texts.attempt_line, body["attempts"])
    yield "Journal"
    yield from (f"  {texts.event_line(event)}" for event in body["events"])


def every_event(saga_id: UUID, cursor: str | None = None) -> Iterator[queries.EventView]:
    while True:
        found = queries.events_of(saga_id, cursor=cursor)
        yield from found.items
        cursor = found.next_cursor
        if cursor is None:
            return


def _every_attempt(saga_id: UUID) -> Iterator[queries.AttemptView]:
    cursor = None
    while True:
        found = queries.attempts_of(saga_id, cursor=cursor)
        yield from found.items
        cursor = found.next_cursor
        if cursor is None:
            return


def watch(saga_id: UUID, terminal: Terminal, *, seconds: float | None) -> int:
    """Tell each event as it happens, until the saga has ended or is stuck; returns the exit code of that end."""
    give_up_at = None if seconds is None else time.monotonic() + seconds
    seen = 0
    with _listening() as heard:
        while True:
            saga = queries.saga_for_page(saga_id)
            for event in [one for one in every_event(saga_id) if one.seq > seen]:
                body, seen = event_body(event), event.seq
                terminal.tell(body, [texts.event_line(body)])
            status = SagaStatus(saga.status)
            if status not in LIVE or status is SagaStatus.STUCK:
                return ENDS[status]
            if give_up_at is not None and time.monotonic() > give_up_at:
                return TIME_IS_UP
            heard(LOOK_SECONDS if give_up_at is None else min(LOOK_SECONDS, give_up_at - time.monotonic()))


@contextmanager
def _listening() -> Iterator[Any]:
    """Gives what waits for the next change, or so many seconds."""
    parameters = connection.get_connection_params()
    address = {name: value for name, value in parameters.items() if name not in {"cursor_factory", "context", "pool"}}
    with psycopg.connect(**address, autocommit=True) as listener:
        listener.execute(f"LISTEN {dispatch.CHANGED_CHANNEL}")
        yield lambda seconds: list(listener.notifies(timeout=max(seconds, 0.01), stop_after=1))


def _watch(options: Options, terminal: Terminal) -> int:
    saga_id = saga_id_of(options["saga"])
    code = watch(saga_id, terminal, seconds=options["seconds"])
    if code == TIME_IS_UP:
        terminal.err.write("the time is up, and the saga goes on\n")
    return code


def _one_saga(parser: ArgumentParser) -> None:
    parser.add_argument("saga", metavar="ID")


def _watch_arguments(parser: ArgumentParser) -> None:
    _one_saga(parser)
    parser.add_argument("--seconds", type=float, help="stop looking after so long")


VERBS = (
    Verb("list", "sagas that fit every filter, newest first", _list_arguments, _list),
    Verb("show", "one saga with its steps, attempts and journal", _one_saga, _show),
    Verb("watch", "follow one saga until it has ended or is stuck", _watch_arguments, _watch),
)
