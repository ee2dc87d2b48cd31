"""`python -m tests.benchmarks.bare_loop IN_FLIGHT`: steps of 5 ms recorded in grouped commits, and no engine.

It writes the same kinds of rows as a drain (saga, step, attempt, journal), claims with SKIP LOCKED and keeps the same
number of calls out. It decides nothing, compares no epoch, holds no lease, counts nothing, sends no payload. This is
the limit of what Python and PostgreSQL reach on this machine with history on. Prints how many sagas it ended, and its
CPU seconds.
"""

import asyncio
import os
import sys
import time
from uuid import UUID

import psycopg
import uvloop

from tests.benchmarks.catalogue import STEP_SECONDS, STEPS

MOST_CLAIMED = 200
TABLES = """
DROP TABLE IF EXISTS bare_saga, bare_step, bare_attempt, bare_event;
CREATE TABLE bare_saga (id uuid PRIMARY KEY, step int, status text, input jsonb, started_at timestamptz,
    finished_at timestamptz) WITH (fillfactor = 60);
CREATE INDEX ON bare_saga (id) WHERE status = 'pending';
CREATE TABLE bare_step (saga_id uuid, position int, status text, PRIMARY KEY (saga_id, position))
    WITH (fillfactor = 60);
CREATE TABLE bare_attempt (saga_id uuid, position int, at timestamptz, request jsonb, answer jsonb,
    PRIMARY KEY (saga_id, position));
CREATE TABLE bare_event (saga_id uuid, seq int, at timestamptz, moves text, PRIMARY KEY (saga_id, seq));
"""
FILL = """
INSERT INTO bare_saga SELECT gen_random_uuid(), 0, 'pending',
    '{"order_id": "O-4711", "customer": "C-0815", "sku": "BOOK-42", "qty": 2, "total": "49.90"}'
FROM generate_series(1, %s)
"""
FILL_STEPS = "INSERT INTO bare_step SELECT id, position, 'pending' FROM bare_saga, generate_series(1, 3) position"
CLAIM = "SELECT id FROM bare_saga WHERE status = 'pending' LIMIT %s FOR UPDATE SKIP LOCKED"
RECORD = """
WITH change AS (SELECT * FROM unnest(%s::uuid[], %s::int[], %s::text[]) change(id, step, status)),
landed AS (
    UPDATE bare_saga saga SET step = change.step, status = change.status,
        started_at = coalesce(started_at, clock_timestamp()),
        finished_at = CASE WHEN change.status = 'completed' THEN clock_timestamp() END
    FROM change WHERE saga.id = change.id RETURNING saga.id, saga.step),
steps AS (
    UPDATE bare_step step SET status = landed.step::text FROM landed
    WHERE step.saga_id = landed.id AND step.position IN (landed.step, landed.step + 1)),
attempts AS (
    INSERT INTO bare_attempt SELECT id, step, now(), '{"order": "O-4711", "sku": "BOOK-42", "qty": 2}',
        '{"done": true}' FROM landed WHERE step > 0)
INSERT INTO bare_event SELECT id, step, now(), '0:running>succeeded 1:pending>due>running' FROM landed
"""
TOGETHER = """
SELECT count(*), count(*) FILTER (WHERE status = 'completed'),
    extract(epoch FROM max(finished_at) - min(started_at))::float8, (SELECT count(*) FROM bare_attempt)
FROM bare_saga
"""


class BareLoop:
    """One process's share of the work."""

    def __init__(self, connection: psycopg.AsyncConnection, in_flight: int) -> None:
        self._connection = connection
        self._in_flight = in_flight
        self._ended: list[tuple[UUID, int]] = []
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._held = 0
        self.done = 0

    async def run(self) -> None:
        more = True
        while more or self._held:
            # Claims of a few are dear: wait until a quarter of the room is free.
            if more and self._in_flight - self._held >= self._in_flight // 4:
                more = await self._claim(min(self._in_flight - self._held, MOST_CLAIMED))
            if not self._ended and self._held:
                self._wake.clear()
                await self._wake.wait()
            await self._record()

    async def _claim(self, room: int) -> bool:
        async with self._connection.transaction():
            ids = [row[0] for row in await (await self._connection.execute(CLAIM, [room])).fetchall()]
            if ids:
                await self._connection.execute(RECORD, [ids, [0] * len(ids), ["running"] * len(ids)])
        for saga_id in ids:
            self._call(saga_id, 0)
        self._held += len(ids)
        return bool(ids)

    async def _record(self) -> None:
        batch, self._ended = self._ended, []
        if not batch:
            return
        status = ["running" if step + 1 < STEPS else "completed" for _saga_id, step in batch]
        values = [[saga_id for saga_id, _step in batch], [step + 1 for _saga_id, step in batch], status]
        await self._connection.execute(RECORD, values)
        for saga_id, step in batch:
            if step + 1 < STEPS:
                self._call(saga_id, step + 1)
            else:
                self._held -= 1
                self.done += 1

    def _call(self, saga_id: UUID, step: int) -> None:
        task = asyncio.create_task(self._step(saga_id, step))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _step(self, saga_id: UUID, step: int) -> None:
        await asyncio.sleep(STEP_SECONDS)
        self._ended.append((saga_id, step))
        self._wake.set()


async def main(in_flight: int) -> int:
    async with await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        loop = BareLoop(connection, in_flight)
        await loop.run()
        return loop.done


if __name__ == "__main__":
    print(uvloop.run(main(int(sys.argv[1]))), time.process_time())  # noqa: T201
