"""P15: bad requests all through the run. Each must get a clear answer: never a 500, and never be taken."""

import asyncio
import json
import time
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tests.faults.facts import Answered, Facts
from tests.faults.rest import Rest
from tests.faults.verdicts import Miss, Verdict, verdict

NOBODY = "00000000-0000-7000-8000-000000000000"
_JSON = "application/json"
_UNAVAILABLE = 503  # the database is away: that is said, and no fault of the request


class Bad(NamedTuple):
    """A request that must be refused."""

    method: str
    path: str
    body: bytes | None = None
    content_type: str = _JSON
    key: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path[:60]} {(self.body or b'')[:60]!r}"


def _launch(**fields: object) -> bytes:
    return json.dumps({"definition": "place-order", "input": {}} | fields).encode()


BAD = (
    Bad("POST", "/sagas", b"{"),
    Bad("POST", "/sagas", b"[]"),
    Bad("POST", "/sagas", b"null"),
    Bad("POST", "/sagas", b"\xff\xfe{}"),
    Bad("POST", "/sagas", b'{"definition": "place-order", "definition": "place-order", "input": {}}'),
    Bad("POST", "/sagas", b'{"definition": "place-order", "input": {"order_id": "\\u0000"}}'),
    Bad("POST", "/sagas", b'{"definition": "place-order", "input": {"order_id": "\\ud800"}}'),
    Bad("POST", "/sagas", b'{"definition": "place-order", "input": {"amount": NaN}}'),
    Bad("POST", "/sagas", b'{"definition": "place-order", "input": {"amount": 1e999}}'),
    Bad("POST", "/sagas", b'{"definition": "place-order", "input": {"amount": ' + b"9" * 5000 + b"}}"),
    Bad("POST", "/sagas", b'{"definition": "place-order", "input": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}"),
    Bad("POST", "/sagas", b"[" * 100_000),
    Bad("POST", "/sagas", _launch(input={"order_id": "x" * 300_000})),
    Bad("POST", "/sagas", _launch(version=10**30)),
    Bad("POST", "/sagas", _launch(version="1")),
    Bad("POST", "/sagas", _launch(definition="\x00")),
    Bad("POST", "/sagas", _launch(definition="no-such-definition")),
    Bad("POST", "/sagas", _launch(nonsense=1)),
    Bad("POST", "/sagas", _launch(), "text/plain"),
    Bad("POST", "/sagas", _launch(), _JSON, "k" * 300),
    Bad("GET", "/sagas?limit=0"),
    Bad("GET", "/sagas?limit=" + "9" * 40),
    Bad("GET", "/sagas?cursor=%00"),
    Bad("GET", "/sagas?cursor=bm9uc2Vuc2U"),
    Bad("GET", "/sagas?status=none"),
    Bad("GET", "/sagas?created_after=yesterday"),
    Bad("GET", "/sagas?q=%00"),
    Bad("GET", "/sagas?nonsense=1"),
    Bad("GET", "/sagas/nonsense"),
    Bad("GET", f"/sagas/{NOBODY}"),
    Bad("GET", "/sagas/%00"),
    Bad("POST", f"/sagas/{NOBODY}/retry", b'{"reason": "nobody is there"}'),
    Bad("POST", f"/sagas/{NOBODY}/retry", b'{"reason": ""}'),
    Bad("POST", f"/sagas/{NOBODY}/pause", b'{"reason": "x", "revision": -1}'),
    Bad("POST", f"/sagas/{NOBODY}/explode", b'{"reason": "x"}'),
    Bad("POST", "/definitions", b"name: [", "application/yaml"),
    Bad("POST", "/definitions", b"a: &a [x]\nb: !!python/object:os.system {}", "application/yaml"),
    Bad("POST", "/definitions", b'{"name": "nonsense", "steps": []}'),
    Bad("POST", "/faults", b'{"kind": "nonsense", "expires_in": 1}'),
    Bad("POST", "/faults", b'{"kind": "refuse", "expires_in": 1e308}'),
    Bad("PUT", "/participants/%00", b'{"transport": "http"}'),
    Bad("POST", "/callbacks/nonsense", b'{"state": "done"}'),
    Bad("DELETE", "/faults/999999999999999999999999"),
    Bad("PATCH", "/sagas"),
)


class Nonsense:
    """`answers`: what was answered to each request that was answered at all."""

    def __init__(self, rest: Rest, seed: int) -> None:
        self.answers: list[Answered] = []
        self._rest = rest
        self._choice = Random(f"{seed} nonsense")

    async def run(self, *, rate: float, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            bad = self._choice.choice(BAD)
            status = await self._rest.status_of(bad.method, bad.path, bad.body, bad.content_type, bad.key)
            if status:
                self.answers.append(Answered(str(bad), status))
            await asyncio.sleep(1 / rate)


def verdict_on(facts: Facts) -> Verdict:
    judged = [one for one in facts.nonsense if one.status != _UNAVAILABLE]
    return verdict("P15", "bad requests taken, or answered with a 500", len(judged), _misses(facts))


def _misses(facts: Facts) -> Iterator[Miss]:
    for one in facts.nonsense:
        if not 400 <= one.status < 500 and one.status != _UNAVAILABLE:
            yield Miss("", f"{one.status} to {one.what}")
    for one in facts.broken:
        yield Miss("", f"{one.status} to a good request: {one.what}")
