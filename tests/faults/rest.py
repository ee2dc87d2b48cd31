"""The console's REST API and the participants' books, as a client sees them while everything is being broken."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Self

import aiohttp
from yarl import URL

from tests.faults.facts import Answered

_SECONDS = 10
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0
_PAGE = 5000
DISTURBED = (aiohttp.ClientError, TimeoutError)


class Rest:
    """One client for a whole run.

    `answers` counts what the console said, `disturbed` connections included; `broken` has what it answered 500 to.
    """

    def __init__(self, url: str, token: str) -> None:
        self.answers: Counter[str] = Counter()
        self.broken: list[Answered] = []
        self._api = f"{url}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS))
        # Whoever only looks does not stand in line behind those who launch.
        self._looking = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._session.close()
        await self._looking.close()

    async def post_until_answered(
        self, path: str, body: Mapping[str, Any], *, key: str | None = None
    ) -> tuple[int, Any]:
        """POST again and again, with the same key, until the console answers with something other than 5xx."""
        pause = _SHORTEST_PAUSE
        while True:
            status, content = await self.post_once(path, body, key=key)
            if 0 < status < 500:
                return status, content
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def post_once(
        self, path: str, body: Mapping[str, Any], *, key: str | None = None, token: str | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of the answer; (0, None) when none came, and no JSON with a 5xx."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with self._session.post(self._api + path, json=body, headers=headers) as response:
                self.answers[str(response.status)] += 1
                if response.status == 500:
                    self.broken.append(Answered(f"POST {path} {body}", response.status))
                return response.status, await response.json() if response.status < 500 else None
        except DISTURBED:
            self.answers["disturbed"] += 1
            return 0, None

    async def look(self, path: str) -> Any:
        """What GET of an address of the API says; None when it cannot be had now."""
        try:
            async with self._looking.get(self._api + path, headers=self._headers) as response:
                if response.status == 500:
                    self.broken.append(Answered(f"GET {path}", response.status))
                return await response.json() if response.status == 200 else None
        except DISTURBED:
            return None

    async def status_of(self, method: str, path: str, body: bytes | None, content_type: str, key: str) -> int:
        """The status that any request is answered with; 0: none came."""
        headers = self._headers | {"Content-Type": content_type} | ({"Idempotency-Key": key} if key else {})
        address = URL(self._api + path, encoded=True)
        try:
            async with self._looking.request(method, address, data=body, headers=headers) as response:
                return response.status
        except DISTURBED:
            return 0

    async def delete(self, path: str) -> None:
        async with self._session.delete(self._api + path, headers=self._headers) as response:
            response.raise_for_status()

    async def get(self, url: str) -> Any:
        """GET of an absolute address, read as JSON."""
        async with self._session.get(url) as response:
            response.raise_for_status()
            return await response.json()

    async def ledger(self, participant_url: str) -> list[dict[str, Any]]:
        """All entries, page by page. Read it when no call is out."""
        entries: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = await self.get(f"{participant_url}/ledger?after={after}&limit={_PAGE}")
            entries += page["entries"]
            after = page["next_after"]
        return entries
