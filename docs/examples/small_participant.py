"""A whole participant in one file: a barrier in SQLite, behind gRPC or behind a queue.

`python small_participant.py FILE grpc HOST:PORT` or `python small_participant.py FILE amqp AMQP_URL AMQP_PREFIX`
It lends desks: `desks.lend` takes {"desk"}, `desks.give-back` undoes it, and the desk "broken" is refused.
"""

import asyncio
import json
import sqlite3
import sys
from typing import Any

import aio_pika
import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from sagaconsole_proto.v1 import participant_pb2 as pb
from sagaconsole_proto.v1 import participant_pb2_grpc

TABLES = """
CREATE TABLE IF NOT EXISTS barrier (key TEXT PRIMARY KEY, epoch INTEGER NOT NULL, answer TEXT, refused TEXT);
CREATE TABLE IF NOT EXISTS lent (key TEXT PRIMARY KEY, desk TEXT NOT NULL);
"""
NOTE = """INSERT INTO barrier VALUES (:key, :epoch, :answer, :refused)
ON CONFLICT (key) DO UPDATE SET epoch = :epoch, answer = :answer, refused = :refused"""


class Refused(Exception):
    """A clear no. `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class Desks:
    def __init__(self, file: str) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.executescript(TABLES)

    def do(self, key: str, epoch: int, given: Any) -> Any:
        """One direction of one step, once. The order of the checks is that of the protocol."""
        try:
            self._db.execute("BEGIN IMMEDIATE")  # the lock: one call at a time, whatever process it comes to
            seen, answer, _refused = self._row(key)
            if epoch < seen:
                raise Refused("stale_epoch", f"epoch {epoch} is older than {seen}")
            if answer is None:
                answer = json.dumps(self._first_time(key, given))
            self._db.execute(NOTE, {"key": key, "epoch": epoch, "answer": answer, "refused": None})
            self._db.execute("COMMIT")
            return json.loads(answer)
        except Refused as no:
            self._db.execute("ROLLBACK")  # with all of the work
            if no.code != "stale_epoch":
                self._db.execute(NOTE, {"key": key, "epoch": epoch, "answer": None, "refused": f"{no.code}|{no}"})
            raise

    def status(self, key: str) -> dict[str, Any]:
        if key.endswith(":action") and self._row(twin_of(key))[1] is not None:
            return {"state": "compensated"}
        _epoch, answer, refused = self._row(key)
        if answer is not None:
            return {"state": "done", "output": json.loads(answer)}
        if refused is None:
            return {"state": "absent"}
        code, _bar, error = refused.partition("|")
        return {"state": "refused", "error": error, "code": code}

    def _first_time(self, key: str, given: Any) -> Any:
        twin_came = self._row(twin_of(key))[1] is not None
        if key.endswith(":compensation"):
            return self._give_back(twin_of(key)) if twin_came else {"empty": True}
        if twin_came:
            raise Refused("late_action", "this step was compensated before its action came")
        return self._lend(key, given)

    def _lend(self, key: str, given: Any) -> Any:
        desk = given.get("desk") if isinstance(given, dict) else None
        if not isinstance(desk, str) or desk == "broken":
            raise Refused("no_desk", f"there is no such desk: {desk!r}")
        self._db.execute("INSERT INTO lent VALUES (?, ?)", (key, desk))
        return {"desk": desk}

    def _give_back(self, action_key: str) -> Any:
        self._db.execute("DELETE FROM lent WHERE key = ?", (action_key,))
        return {"given_back": True}

    def _row(self, key: str) -> tuple[int, str | None, str | None]:
        found = self._db.execute("SELECT epoch, answer, refused FROM barrier WHERE key = ?", (key,)).fetchone()
        return found or (0, None, None)


def twin_of(key: str) -> str:
    """The key of the step's other direction."""
    step, _colon, direction = key.rpartition(":")
    return f"{step}:{'action' if direction == 'compensation' else 'compensation'}"


# -- gRPC ------------------------------------------------------------------------------------------------------------


class Participant(participant_pb2_grpc.ParticipantServicer):
    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    async def Execute(self, request: Any, context: Any) -> Any:
        headers = dict(context.invocation_metadata())
        try:
            given = json.loads(request.input_json or "null")
            answer = self._desks.do(str(headers["idempotency-key"]), int(headers["saga-epoch"]), given)
        except Refused as no:
            code = grpc.StatusCode.ABORTED if no.code == "stale_epoch" else grpc.StatusCode.FAILED_PRECONDITION
            info = Packed()
            info.Pack(ErrorInfo(reason=no.code.upper(), domain="desks"))
            said = rpc_status.to_status(Status(code=code.value[0], message=str(no), details=[info]))
            await context.abort(said.code, said.details, said.trailing_metadata)
        return pb.ExecuteResponse(state=pb.ExecuteResponse.STATE_DONE, output_json=json.dumps(answer))

    async def Status(self, request: Any, _context: Any) -> Any:
        told = self._desks.status(request.key)
        output = {"output_json": json.dumps(told.pop("output"))} if "output" in told else {}
        return pb.StatusResponse(**{**told, **output, "state": "STATE_" + told["state"].upper()})


async def serve_grpc(desks: Desks, address: str) -> None:
    server = grpc.aio.server()
    participant_pb2_grpc.add_ParticipantServicer_to_server(Participant(desks), server)
    server.add_insecure_port(address)
    await server.start()
    print("ready", flush=True)
    await server.wait_for_termination()


# -- AMQP ------------------------------------------------------------------------------------------------------------


async def serve_amqp(desks: Desks, url: str, prefix: str) -> None:
    async with await aio_pika.connect_robust(url) as connection:
        channel = await connection.channel()
        commands = await channel.declare_exchange(f"{prefix}.commands", "topic", durable=True)
        queue = await channel.declare_queue(f"{prefix}.desks", durable=True)
        await queue.bind(commands, "desks.*")
        print("ready", flush=True)
        async with queue.iterator() as coming:
            async for message in coming:
                said = json.dumps(answer_to(desks, message)).encode()
                if message.reply_to:
                    answer = aio_pika.Message(said, correlation_id=message.message_id)
                    await channel.default_exchange.publish(answer, message.reply_to, mandatory=False)
                await message.ack()  # only now: what dies before comes again


def answer_to(desks: Desks, message: Any) -> dict[str, Any]:
    body = json.loads(message.body)
    if message.routing_key == "desks.status":
        return desks.status(body["key"])
    try:
        headers = message.headers
        answer = desks.do(str(headers["Idempotency-Key"]), int(headers["Saga-Epoch"]), body["input"])
        return {"state": "done", "output": answer}
    except Refused as no:
        return {"state": "refused", "error": {"error": str(no), "code": no.code}}


if __name__ == "__main__":
    file, door, *where = sys.argv[1:]
    serve: Any = {"grpc": serve_grpc, "amqp": serve_amqp}[door]
    asyncio.run(serve(Desks(file), *where))
