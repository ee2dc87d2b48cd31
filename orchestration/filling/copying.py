"""The stories' rows as templates, and COPY."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from orchestration.filling.stories import KEY, STORIES, Story, play, publish
from orchestration.identifiers import uuid7

# Table, and the column that holds the saga's id.
TABLES = {
    "orchestration_saga": "id",
    "orchestration_sagadata": "saga_id",
    "orchestration_step": "saga_id",
    "orchestration_attempt": "saga_id",
    "orchestration_event": "saga_id",
    "orchestration_launchkey": "saga_id",
}
SPREAD, RECENT = timedelta(days=30), timedelta(hours=1)
CHUNK = 5_000
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00")


@dataclass(frozen=True, slots=True)
class _Template:
    """One saga's rows by table, as COPY writes them, with places for id, key and times (after the launch)."""

    rows: dict[str, str]
    times: dict[str, timedelta]
    recent: bool


def fill(count: int) -> Counter[str]:
    """Add `count` sagas, launched evenly over the last thirty days; how many rows came into each table.

    Each chunk is a transaction of its own. At the end the planner's statistics are brought up to date.
    """
    publish()
    templates = [_template(story) for story in STORIES]
    written: Counter[str] = Counter()
    for blocks in _chunks(templates, count):
        with transaction.atomic(), connection.cursor() as cursor:
            for table, block in blocks.items():
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(block)
                written[table] += block.count("\n")
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")
    return written


def _chunks(templates: list[_Template], count: int) -> Iterator[dict[str, str]]:
    chance = random.Random(count)  # noqa: S311  the same mix for the same number
    weights = [story.weight for story in STORIES]
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        chosen = chance.choices(templates, weights, k=len(numbers))
        values = [_values(one, _launched_at(one, n / count)) for n, one in zip(numbers, chosen, strict=True)]
        yield {
            table: "".join([one.rows[table] % value for one, value in zip(chosen, values, strict=True)])
            for table in TABLES
        }


def _launched_at(template: _Template, share: float) -> datetime:
    spread = RECENT if template.recent else SPREAD
    return datetime.now(UTC) - spread * (1 - share)


def _values(template: _Template, launched_at: datetime) -> dict[str, str]:
    saga_id = str(uuid7(int(launched_at.timestamp() * 1000)))
    times = {name: (launched_at + after).isoformat() for name, after in template.times.items()}
    return {"id": saga_id, "key": f"FILL-{saga_id}", **times}


def _template(story: Story) -> _Template:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'UTC'")
        saga_id, launched_at = play(story)
        written = {
            table: _copied(cursor, f"COPY (SELECT * FROM {table} WHERE {column} = '{saga_id}') TO STDOUT")  # noqa: S608
            for table, column in TABLES.items()
        }
        transaction.set_rollback(True)
    times: dict[str, timedelta] = {}

    def place(moment: re.Match[str]) -> str:
        after = datetime.fromisoformat(f"{moment[0]}:00") - launched_at
        name = f"after{after.total_seconds()}"
        times[name] = after
        return f"%({name})s"

    rows = {
        table: _MOMENT.sub(place, text.replace("%", "%%")).replace(str(saga_id), "%(id)s").replace(KEY, "%(key)s")
        for table, text in written.items()
    }
    return _Template(rows, times, story.recent)


def _copied(cursor: Any, statement: str) -> str:
    with cursor.copy(statement) as copy:
        return b"".join(bytes(block) for block in copy).decode()
