"""Answers that are to be posted to the orchestrator: written with the work, in its transaction; posted after it.

So an answer is never posted for work that was rolled back, and none is lost when this process dies. One can be posted
twice; the orchestrator takes the first. Source: the transactional outbox (Richardson, Microservices Patterns, 2018,
chapter 3).
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.db import connection

from participants_demo.protocol import MalformedError
from participants_demo.service_settings import CALLBACK_HOSTS

MOST_TRIES = 10  # over some two minutes; who missed them all finds the answer at the status endpoint
PUT = "INSERT INTO outbox (url, body, tries) VALUES (%s, %s, 0)"
# Until the try is over nobody else takes the message; if this process dies meanwhile, it is taken again after that.
TAKE = """
    UPDATE outbox SET tries = tries + 1, due_at = clock_timestamp() + interval '10 seconds' WHERE id IN (
        SELECT id FROM outbox WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING id, url, body, tries"""
FORGET = "DELETE FROM outbox WHERE id = %s"
TRY_AGAIN = "UPDATE outbox SET due_at = clock_timestamp() + make_interval(secs => %s) WHERE id = %s"


class Letter(NamedTuple):
    """One message on its way; `tries` counts this one."""

    id: int
    url: str
    body: str
    tries: int


def checked(url: str) -> str:
    """The address, if answers may be posted there: a caller must not make us post to wherever he likes.

    "" stays "": nobody wants to be told. Raises MalformedError.
    """
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and parts.hostname in CALLBACK_HOSTS
    except ValueError:
        known = False
    if url and not known:
        hosts = ", ".join(sorted(CALLBACK_HOSTS))
        raise MalformedError(f"the header Saga-Callback must be an address of {hosts}")
    return url


def put(url: str, message: Mapping[str, Any]) -> None:
    """Have a message posted once the transaction is committed."""
    _run(PUT, url, json.dumps(message))


def take(limit: int) -> list[Letter]:
    """Take what is due."""
    return [Letter(*row) for row in _run(TAKE, limit)]


def forget(letter: Letter) -> None:
    _run(FORGET, letter.id)


def try_again(letter: Letter) -> None:
    """Later: after 0.5 s, 1 s, 2 s and so on, never more than 30 s."""
    _run(TRY_AGAIN, min(0.5 * 2 ** (letter.tries - 1), 30), letter.id)


def _run(sql: str, *values: str | float) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []
