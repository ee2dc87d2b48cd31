"""Which addresses are measured, and the limits. Pure: what stands in braces is put in for each database."""

from typing import NamedTuple

DEMO_MS, MILLION_MS, MILLION_TAIL_MS = 50.0, 100.0, 300.0
FIRST_LOAD_KB = 100.0
STREAM_TAIL_MS, WEB_MB = 150.0, 150.0
# The pool's connections (see sagaconsole/asgi.py) and the one that listens: no stream may add one.
WEB_CONNECTIONS = 11

GROUPS = {
    "first-load": "bytes of a first visit, and what the first paint waits for",
    "demo": "server time on a database of demo size",
    "million": "server time on the large database",
    "streams": "browsers that hold a stream open",
}
COMMON, RARE, MISSING = "fill-order", "bench-rare", "nothing-like-it"
STATUSES = ("stuck", "running", "compensating", "pending", "completed", "compensated", "abandoned")


class Address(NamedTuple):
    """`api`: asked with a token, not by a browser with a session."""

    name: str
    path: str
    api: bool = False


_SEARCHES = {
    **{status: f"status={status}" for status in STATUSES},
    "definition": f"definition={COMMON}",
    "rare definition": f"definition={RARE}",
    "definition and status": f"definition={COMMON}&status=stuck",
    "rare definition and status": f"definition={RARE}&status=completed",
    "rare definition and another status": f"definition={RARE}&status=compensated",
    "participant": "participant=fill-stock",
    "rare participant": "participant=bench-rare-stock",
    "rare participant and status": "participant=bench-rare-stock&status=completed",
    "step": "step=charge",
    "missing step": "step=nothing-like-it",
    "business key": "business_key={key}",
    "error": "error=made+up",
    "missing error": f"error={MISSING}",
    "missing error and status": f"error={MISSING}&status=compensated",
    "search by id": "q={stuck}",
    "search": "q=FILL-0",
    "missing search": f"q={MISSING}",
    "missing search and status": f"q={MISSING}&status=completed",
    "created after": "created_after={late}",
    "created before": "created_before={early}",
    "created between": "created_after={early}&created_before={middle}",
    "created between, status": "created_after={early}&created_before={middle}&status=stuck",
    "everything at once": f"definition={COMMON}&status=stuck&error=made&created_before={{middle}}",
}
_CONSOLE = {
    "overview": "/",
    "banner": "/banner/",
    "sagas": "/sagas/",
    **{f"sagas, {name}": f"/sagas/?{query}" for name, query in _SEARCHES.items()},
    "sagas, last hour": "/sagas/?age=1h",
    "sagas, last week, completed": "/sagas/?age=7d&status=completed",
    "sagas, a page in the middle": "/sagas/?cursor={cursor}",
    "saga, stuck": "/sagas/{stuck}/",
    "saga, completed": "/sagas/{completed}/",
    "saga, print": "/sagas/{stuck}/print/",
    "saga, compared": "/sagas/{stuck}/compare/?other={completed}",
    "saga, preview of an act": "/sagas/{stuck}/acts/compensate/",
    "saga, notes": "/sagas/{stuck}/notes/",
    "failure groups": "/failure-groups/",
    "failure groups, went back": "/failure-groups/?kind=went_back",
    "bulk acts": "/bulk/",
    "bulk act": "/bulk/{bulk}/",
    "bulk act, failed again": "/bulk/{bulk}/?result=failed_again",
    "bulk act, under way": "/bulk/{bulk}/?result=under_way",
    "bulk act, refused": "/bulk/{bulk}/?result=refused",
    "definitions": "/definitions/",
    "definition": f"/definitions/{COMMON}/",
    "definition, rare": f"/definitions/{RARE}/",
    "definition, versions compared": f"/definitions/{RARE}/1/2/",
    "definition, launch form": f"/definitions/{COMMON}/launch/",
    "participants": "/participants/",
    "workers and queue": "/workers/",
    "audit": "/audit/",
    "audit, actor": "/audit/?actor=bench-operator",
    "audit, rare actor": "/audit/?actor=bench-rare",
    "audit, act": "/audit/?act=retry",
    "audit, refused": "/audit/?result=refused",
    "audit, between": "/audit/?after={early}&before={middle}",
    "audit, saga": "/audit/?saga={stuck}",
    "audit, actor and act": "/audit/?actor=bench-rare&act=retry",
    "failure lab": "/failure-lab/",
    "messages": "/messages/",
    "webhooks": "/webhooks/",
    "profile": "/profile/",
    "tokens": "/profile/tokens/",
}
_API = {
    "sagas": "/sagas",
    "sagas, 200": "/sagas?limit=200",
    **{f"sagas, {name}": f"/sagas?{query}" for name, query in _SEARCHES.items()},
    "sagas, a page in the middle": "/sagas?cursor={cursor}",
    "saga": "/sagas/{stuck}",
    "saga, events": "/sagas/{stuck}/events",
    "saga, attempts": "/sagas/{stuck}/attempts",
    "saga, preview": "/sagas/{stuck}/preview?action=compensate",
    "bulk acts": "/bulk",
    "bulk act": "/bulk/{bulk}?limit=200",
    "bulk act, refused": "/bulk/{bulk}?result=refused&limit=200",
    "definitions": "/definitions",
    "definition": f"/definitions/{COMMON}",
    "participants": "/participants",
    "faults": "/faults",
    "webhooks": "/webhooks",
}
ADDRESSES = (
    *(Address(name, path) for name, path in _CONSOLE.items()),
    *(Address(f"REST {name}", f"/api/v1{path}", api=True) for name, path in _API.items()),
    Address("metrics", "/metrics", api=True),
)
# A first visit is measured where a visit begins, and on the largest pages.
ENTRANCES = ("overview", "sagas", "saga, stuck", "saga, completed", "failure groups", "bulk act", "definition",
             "participants", "workers and queue", "audit", "failure lab")  # fmt: skip


class Limits(NamedTuple):
    """Of server time, in milliseconds; `tail` None: only the middle is judged."""

    middle: float
    tail: float | None


PROGRAMS = frozenset(address.name for address in ADDRESSES if address.api)
# Programs ask for as much as they like at a time, up to 200 sagas: at demo size only people's pages are judged.
LIMITS = {"demo": Limits(DEMO_MS, None), "million": Limits(MILLION_MS, MILLION_TAIL_MS)}
