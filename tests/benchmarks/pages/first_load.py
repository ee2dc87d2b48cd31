"""What a first visit costs: the page and all that it names, as sent; and the scripts that the first paint waits for."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Protocol
from urllib.parse import urldefrag, urljoin

from tests.benchmarks.pages.client import ENCODINGS
from tests.benchmarks.pages.figures import FirstLoad

_IN_CSS = re.compile(r"url\([\"']?([^\"')]+)[\"']?\)")
_IN_JS = re.compile(r"^\s*(?:import|export)\b[^\"';]*[\"'](\.[^\"']+)[\"']", re.MULTILINE)


class Sent(Protocol):
    @property
    def body(self) -> bytes: ...
    @property
    def size(self) -> int: ...


class Asks(Protocol):
    """Whoever can fetch things; without `encodings` nothing is compressed."""

    def get(self, path: str, *, encodings: str = "") -> Sent: ...


def first_load(visitor: Asks, path: str) -> FirstLoad:
    """Of somebody whose browser holds nothing yet."""
    page = visitor.get(path, encodings=ENCODINGS)
    named = Named()
    named.feed(visitor.get(path).body.decode())
    rest: dict[str, int] = {}
    waiting = [urljoin(path, address) for address in named.files]
    while waiting:
        address = urldefrag(waiting.pop()).url
        if address.startswith("/") and address not in rest:
            rest[address] = visitor.get(address, encodings=ENCODINGS).size
            waiting += [urljoin(address, one) for one in _named_in(address, visitor.get(address).body)]
    return FirstLoad(page.size, rest, named.blocking)


def _named_in(address: str, body: bytes) -> Iterator[str]:
    """What a style sheet or a module fetches in turn."""
    if address.endswith(".css"):
        yield from _IN_CSS.findall(body.decode())
    elif address.endswith(".js"):
        yield from _IN_JS.findall(body.decode())


class Named(HTMLParser):
    """The files that a page fetches by itself, and those of its scripts that stop the parser."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.blocking: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload", "modulepreload"):
            self.files.append(found.get("href") or "")
        elif tag in ("script", "img", "use", "image"):
            self._fetched(tag, found)

    def _fetched(self, tag: str, found: dict[str, str | None]) -> None:
        address = found.get("src") or found.get("href") or ""
        if address and not address.startswith(("#", "data:")):
            self.files.append(address)
        if tag == "script" and found.get("type") != "module" and not found.keys() & {"defer", "async"}:
            self.blocking.append(address or "a script in the page")
