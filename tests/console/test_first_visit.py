"""What a browser fetches that holds nothing yet: little, compressed, and no script before the first paint."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from sagaconsole.compression import CompressTexts
from tests.benchmarks.pages.catalogue import FIRST_LOAD_KB
from tests.benchmarks.pages.first_load import first_load
from tests.cast import Cast

GZIP = {"Accept-Encoding": "gzip, br"}


@dataclass
class Sent:
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body)


@dataclass
class Visitor:
    """Asks as the benchmark's visitor does, without a network."""

    browser: Client

    def get(self, path: str, *, encodings: str = "") -> Sent:
        return Sent(body_of(self.browser.get(path, headers={"Accept-Encoding": encodings})))


def body_of(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize("path", ["/", "/sagas/", "/audit/"])
def test_a_first_visit_is_light_and_its_paint_waits_for_no_script(cast: Cast, path: str) -> None:
    found = first_load(Visitor(cast.viewer.browser), path)
    assert found.waits_for == []
    assert {"/static/console/js/live.js", "/static/vendor/inter-subset-5.3.0.woff2"} <= found.rest.keys()
    assert found.kilobytes <= FIRST_LOAD_KB


@pytest.mark.parametrize("path", ["/", "/static/console/css/base.css", "/static/console/js/live.js"])
def test_texts_are_compressed_for_who_can_read_it(cast: Cast, path: str) -> None:
    plain, packed = cast.viewer.browser.get(path), cast.viewer.browser.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    read, sent = body_of(plain), body_of(packed)
    assert len(sent) < len(read)
    assert gzip.decompress(sent)[:30] == read[:30]


def test_fonts_stay_as_they_are(cast: Cast) -> None:
    font = cast.viewer.browser.get("/static/vendor/inter-subset-5.3.0.woff2", headers=GZIP)
    assert body_of(font).startswith(b"wOF2")
    assert "Content-Encoding" not in font


def test_what_comes_little_by_little_stays_as_it_is(rf: RequestFactory) -> None:
    async def lines() -> AsyncIterator[bytes]:
        yield b"line\n" * 1_000

    streamed = StreamingHttpResponse(lines(), content_type="application/json")
    whole = HttpResponse(b"line\n" * 1_000, content_type="application/json")
    middleware = CompressTexts(lambda _request: whole)
    request = rf.get("/", headers=GZIP)
    assert "Content-Encoding" in middleware.process_response(request, whole)
    assert "Content-Encoding" not in middleware.process_response(request, streamed)


def test_what_has_not_changed_is_not_sent_again(cast: Cast) -> None:
    path = "/static/console/css/base.css"
    first = cast.viewer.browser.get(path)
    assert body_of(first)
    changed = first["Last-Modified"]
    again = cast.viewer.browser.get(path, headers=GZIP | {"If-Modified-Since": changed})
    assert again.status_code == 304
    assert "Content-Encoding" not in again
