"""A participant that keeps none of its promises, and means well: it does what it is told, each time it is told."""

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc

from sagaconsole_proto.v1 import participant_pb2 as pb
from sagaconsole_proto.v1 import participant_pb2_grpc


class Naive(ThreadingHTTPServer):
    """`standing`: what is done and not undone. It refuses nothing but an undo of what it does not know."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ledger: list[dict[str, Any]] = []
        self.standing: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def reserve(self, saga: str) -> tuple[int, Any]:
        self._note(saga, "action")
        self.standing[saga] = self.standing.get(saga, 0) + 1
        return 200, {"number": len(self.ledger)}

    def release(self, saga: str) -> tuple[int, Any]:
        if not self.standing.get(saga):
            return 404, {"error": "nothing is reserved", "code": "unknown"}
        self.standing[saga] -= 1
        self._note(saga, "compensation")
        return 200, {"number": len(self.ledger)}

    def _note(self, saga: str, direction: str) -> None:
        self.ledger.append({"saga_id": saga, "direction": direction})


class _Handler(BaseHTTPRequestHandler):
    server: Naive

    def do_POST(self) -> None:
        saga = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["saga_id"]
        self._answer(*(self.server.reserve(saga) if self.path == "/reserve" else self.server.release(saga)))

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/ledger":
            saga = parse_qs(asked.query)["saga_id"][0]
            self._answer(200, {"entries": [one for one in self.server.ledger if one["saga_id"] == saga]})
        else:
            self._answer(200, {"state": "done", "output": {}})

    def _answer(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_arguments: Any) -> None:
        """Keep the terminal quiet."""


@contextlib.contextmanager
def naive() -> Iterator[Naive]:
    with Naive() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def naive_over_grpc(naive: Naive) -> Iterator[str]:
    """The same behind another door, at the address that it gives."""

    def execute(request: pb.ExecuteRequest, context: grpc.ServicerContext) -> pb.ExecuteResponse:
        do = naive.reserve if request.method == "reserve" else naive.release
        status, body = do(request.saga_id)
        if status != 200:
            context.abort(grpc.StatusCode.NOT_FOUND, body["error"])
        return pb.ExecuteResponse(state="STATE_DONE", output_json=json.dumps(body))

    def tell(_request: pb.StatusRequest, _context: grpc.ServicerContext) -> pb.StatusResponse:
        return pb.StatusResponse(state="STATE_DONE", output_json="{}")

    servicer = type("Servicer", (), {"Execute": staticmethod(execute), "Status": staticmethod(tell)})()
    server = grpc.server(ThreadPoolExecutor(8))
    participant_pb2_grpc.add_ParticipantServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
