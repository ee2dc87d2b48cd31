"""A browser without a screen: it logs in as a person does, keeps its connection, and counts bytes and time."""

import http.client
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from tests.benchmarks.bed import BenchmarkFailed

PATIENCE_SECONDS = 60
ENCODINGS = "gzip, br"  # as browsers ask on the loopback interface


@dataclass(frozen=True, slots=True)
class Answer:
    """`milliseconds`: from before the request was sent until its last byte was read. `size`: of the body as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float

    @property
    def size(self) -> int:
        return len(self.body)


@dataclass
class Visitor:
    """One person, or one program with a token, on one kept connection."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)

    def get(self, path: str, *, encodings: str = "") -> Answer:
        """Raises BenchmarkFailed for anything but 200."""
        answer = self._ask("GET", path, b"", {"Accept-Encoding": encodings} if encodings else {})
        if answer.status != 200:
            raise BenchmarkFailed(f"{path}: {answer.status} {answer.body[:300]!r}")
        return answer

    def log_in(self, username: str, password: str) -> None:
        """By the form, with its CSRF token. Raises BenchmarkFailed."""
        form = _Fields()
        form.feed(self.get("/account/login/").body.decode())
        said = urllib.parse.urlencode(form.values | {"username": username, "password": password}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{self.port}"}
        answer = self._ask("POST", "/account/login/", said, headers)
        if answer.status != 302 or "sessionid" not in self.cookies:
            raise BenchmarkFailed(f"log-in: {answer.status} {answer.body[:300]!r}")

    def close(self) -> None:
        self._connection.close()

    def request_headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return self.headers | ({"Cookie": cookies} if cookies else {})

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Servers close connections that were idle for seconds; then the request is sent on a new one."""
        try:
            return self._ask_once(method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self._connection.close()
            return self._ask_once(method, path, body, headers)

    def _ask_once(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        began = time.perf_counter()
        self._connection.request(method, path, body or None, self.request_headers() | dict(headers))
        response = self._connection.getresponse()
        content = response.read()
        milliseconds = 1000 * (time.perf_counter() - began)
        for line in response.headers.get_all("Set-Cookie", []):
            name, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(response.status, dict(response.headers.items()), content, milliseconds)


class _Fields(HTMLParser):
    """The hidden fields of a form."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "input" and found.get("type") == "hidden" and (name := found.get("name")):
            self.values[name] = found.get("value") or ""
