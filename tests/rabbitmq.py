"""A RabbitMQ of one's own: `python -m tests.rabbitmq DIRECTORY` runs a node until SIGTERM, and tests start others.

Nothing of it is shared with a RabbitMQ of the system: its ports, its data, its cookie and its epmd are its own.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from sagaconsole.embedded.children import end, kill_session, spawn
from sagaconsole.embedded.ports import free_port

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_SECONDS = 60


class Broker:
    """One node on the loopback interface. A restart keeps its data and its address."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port, self._epmd_port = free_port(), free_port()
        self._name = f"test-{secrets.token_hex(4)}@localhost"
        self._epmd: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    def start(self) -> None:
        """Returns when it answers."""
        if self._epmd is None:
            epmd = [shutil.which("epmd") or "epmd", "-address", "127.0.0.1", "-port", str(self._epmd_port)]
            self._epmd = spawn(
                epmd, log=self._directory / "epmd.log", directory=self._directory, environment=os.environ
            )
        self._node = spawn(
            [str(PROGRAM)], log=self._directory / "rabbitmq.log", directory=self._directory,
            environment=os.environ | self._environment(),
        )  # fmt: skip
        give_up_at = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._node.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError("RabbitMQ did not start:\n" + (self._directory / "rabbitmq.log").read_text()[-3000:])
            time.sleep(0.1)

    def kill(self) -> None:
        """As a power cut would: nothing is written down any more."""
        if self._node is not None:
            end(self._node, first=signal.SIGKILL, grace_seconds=10)
            kill_session(self._node.pid)

    def stop(self) -> None:
        for process in (self._node, self._epmd):
            if process is not None:
                end(process, first=signal.SIGTERM, grace_seconds=20)
                kill_session(process.pid)

    def _environment(self) -> dict[str, str]:
        directory = str(self._directory)
        plugins = self._directory / "plugins"
        plugins.write_text("[].")
        return {
            "HOME": directory, "RABBITMQ_NODENAME": self._name, "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port), "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": directory, "RABBITMQ_LOG_BASE": directory, "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins), "RABBITMQ_CONFIG_FILE": str(self._directory / "none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
            "ERL_EPMD_PORT": str(self._epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
        }  # fmt: skip

    def _answers(self) -> bool:
        """The greeting of AMQP, not only an open port."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1) as talk:
            talk.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(talk.recv(8))
        return False


def main() -> None:
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    stop = [False]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.__setitem__(0, True))
    broker = Broker(directory)
    try:
        broker.start()
        (directory / "environment").write_text(f"AMQP_URL={broker.url}\n")
        while not stop[0]:
            signal.pause()
    finally:
        broker.stop()


if __name__ == "__main__":
    main()
