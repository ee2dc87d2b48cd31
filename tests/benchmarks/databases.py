"""Databases beside the main one: copies of it as it was after the set-up, and one that holds a million ended sagas."""

import contextlib
from collections.abc import Iterator

from django.db import connection
from psycopg import sql

from sagaconsole.demo.service import MANAGE
from sagaconsole.embedded.servers import MAIN_DATABASE
from tests.benchmarks.bed import Bed

PRISTINE, EMPTY, FILLED = "bench_pristine", "bench_empty", "bench_filled"


def keep_pristine(bed: Bed) -> None:
    """Call it right after the set-up: later copies hold the definitions and no saga."""
    copy(bed, MAIN_DATABASE, PRISTINE)


def copy(bed: Bed, source: str, target: str) -> None:
    """Make `target` anew. Nobody may be connected to either."""
    drop(bed, target)
    with bed.servers.postgres.connect() as server:
        names = map(sql.Identifier, (target, source, MAIN_DATABASE))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(*names))


def drop(bed: Bed, name: str) -> None:
    """Nothing when there is none."""
    connection.close()
    with bed.servers.postgres.connect() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def fill(bed: Bed, sagas: int) -> None:
    """A database with that many made-up sagas, vacuumed as autovacuum would, once it has come round."""
    copy(bed, PRISTINE, FILLED)
    with using(bed, FILLED):
        bed.run_to_end([("fill", *MANAGE, "fill", "--sagas", str(sagas))])
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")


@contextlib.contextmanager
def using(bed: Bed, name: str) -> Iterator[None]:
    """Django here, and every process that is started meanwhile, work on that database."""
    before = bed.database
    _switch(bed, name)
    try:
        yield
    finally:
        _switch(bed, before)


def _switch(bed: Bed, name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = bed.database = name
