"""The console's REST API and the participants' books, as a client sees them while everything is being broken."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Self

import aiohttp

_SECONDS = 10
_PAUSE_SECONDS = 0.2
_PAGE = 5000
DISTURBED = (aiohttp.ClientError, TimeoutError)


class Rest:
    """One client for a whole run. `answers` counts what the console said, `disturbed` connections included."""

    def __init__(self, url: str, token: str) -> None:
        self.answers: Counter[str] = Counter()
        self._api = f"{url}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._session.close()

    async def post_until_answered(
        self, path: str, body: Mapping[str, Any], *, key: str | None = None
    ) -> tuple[int, Any]:
        """POST again and again, with the same key, until the console answers with something other than 5xx."""
        while True:
            status, content = await self._post(path, body, key)
            if 0 < status < 500:
                return status, content
            await asyncio.sleep(_PAUSE_SECONDS)

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

    async def _post(self, path: str, body: Mapping[str, Any], key: str | None) -> tuple[int, Any]:
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        try:
            async with self._session.post(self._api + path, json=body, headers=headers) as response:
                self.answers[str(response.status)] += 1
                if response.status >= 500:
                    return response.status, None
                return response.status, await response.json()
        except DISTURBED:
            self.answers["disturbed"] += 1
            return 0, None
