"""A participant over HTTP that follows a script: what its paths and its status endpoint answer, one after the other."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

Reply = tuple[int, Any, dict[str, str]]


def reply(status: int, body: Any = None, **headers: str) -> Reply:
    return status, body, {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass
class Service:
    """`said`: what was asked of it, in order. When a script has run out, calls are done and states are unknown."""

    url: str = ""
    said: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    calls: deque[Reply] = field(default_factory=deque)
    states: deque[Reply] = field(default_factory=deque)


@contextmanager
def http_service() -> Iterator[Service]:
    """On a free port of the loopback interface, ended at the end."""
    service = Service()
    handler = type("Handler", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    service: ClassVar[Service]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.service.said.append(f"{'-' if body['direction'] == 'compensation' else ''}{body['step']}")
        self.service.headers.append(dict(self.headers))
        self._answer(self.service.calls.popleft() if self.service.calls else reply(200, {"did": body["step"]}))

    def do_GET(self) -> None:
        self.service.said.append("?")
        self._answer(self.service.states.popleft() if self.service.states else reply(404))

    def _answer(self, answer: Reply) -> None:
        status, body, headers = answer
        raw = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_args: Any) -> None:
        """Silent."""
