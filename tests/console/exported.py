"""What a download holds."""

import csv
import io
import json
from typing import Any

from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse


def text_of(response: Any) -> str:
    """The whole of a streamed answer."""
    assert isinstance(response, StreamingHttpResponse)
    assert response.status_code == 200

    async def read() -> bytes:
        return b"".join([part async for part in response.streaming_content])  # type: ignore[union-attr]  # it is async

    return str(async_to_sync(read)().decode())


def csv_rows(response: Any) -> list[dict[str, str]]:
    text = text_of(response)
    assert text.startswith("\N{BOM}")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\N{BOM}"))))


def json_of(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text_of(response))
    return found
