"""Sagas for bulk acts, and the worker's loop in this process."""

from typing import Any

from django.db import connection
from django.http import QueryDict

from orchestration import bulk
from orchestration.audit import Actor
from orchestration.bulk.making import Chosen
from orchestration.filling import TABLES
from orchestration.identifiers import uuid7
from orchestration.models import Bulk, Saga
from tests.orchestration.scripted import World, admin, define, no, run_until_quiet, start


def stuck_sagas(engine: World, number: int) -> list[Saga]:
    """Each stuck past its pivot on `two`, which was refused once."""
    engine.will("two", *[no()] * number)
    name = define({"name": "one", "pivot": True}, "two")
    sagas = [start(name) for _number in range(number)]
    run_until_quiet()
    return sagas


def copies(saga: Saga, number: int) -> list[str]:
    """Rows of `number` sagas that stand exactly as `saga` does; their ids."""
    ids = [str(uuid7()) for _number in range(number)]
    with connection.cursor() as cursor:
        for table, key in TABLES.items():
            cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
            names = [f'"{name}"' for (name,) in cursor.fetchall() if name != key]
            columns = ", ".join(names)
            cursor.execute(
                f"INSERT INTO {table} ({key}, {columns}) SELECT new.id, {columns} FROM {table},"  # noqa: S608  our names
                f" unnest(%s::uuid[]) AS new (id) WHERE {table}.{key} = %s",
                [ids, saga.pk],
            )
    return ids


def make(act: str, sagas: list[Any] | None = None, *, by: Actor | None = None, **more: Any) -> Bulk:
    """Over these sagas (rows or ids), or with `query` over those that fit it."""
    query = more.pop("query", None)
    ids = [getattr(saga, "pk", saga) for saga in sagas or []]
    chosen = Chosen(ids=ids) if query is None else Chosen(params=QueryDict(query))
    return bulk.make(act, chosen=chosen, actor=by or admin(), reason="because", **more)


def work(*, seconds: float = 60.0) -> None:
    bulk.work(seconds=seconds, stop=lambda: False)


def one_item() -> None:
    """A turn of one item, of the bulk whose turn it is."""
    looks = iter([False, False, True, True])
    bulk.work(seconds=60, stop=lambda: next(looks))


def worked(one: Bulk) -> Bulk:
    work()
    one.refresh_from_db()
    return one


def results(one: Bulk) -> list[str]:
    """`done`, or the code of the refusal, in order."""
    return [item.code or item.result for item in one.items.all()]
