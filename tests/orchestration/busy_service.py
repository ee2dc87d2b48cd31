"""A participant over HTTP that takes its time, and counts how many calls it works on at once, whoever has made them.

It goes on working on a call whose client has died, as real services do.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, ClassVar


@dataclass
class Busy:
    """`most`: so many calls at once were seen. `begun`: the sagas of the calls, in order. `dead`: it answers 500."""

    url: str = ""
    seconds: float = 0.03
    at_work: int = 0
    most: int = 0
    begun: list[str] = field(default_factory=list)
    live: dict[str, int] = field(default_factory=dict)
    dead: bool = False
    done: Event = field(default_factory=Event)
    lock: Any = field(default_factory=Lock)

    def work(self, body: dict[str, Any]) -> int:
        """Returns the status of the answer."""
        with self.lock:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
            self.begun.append(str(body["saga_id"]))
        self.done.wait(self.seconds)  # the work
        with self.lock:
            self.at_work -= 1
        return 500 if self.dead else 200


@contextmanager
def busy_service() -> Iterator[Busy]:
    """On a free port of the loopback interface, ended at the end."""
    busy = Busy()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"busy": busy}))
    busy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield busy
    finally:
        busy.done.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, *_args: Any) -> None:
        """Clients die here: that is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    busy: ClassVar[Busy]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        status = self.busy.work(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Nothing on the terminal."""
