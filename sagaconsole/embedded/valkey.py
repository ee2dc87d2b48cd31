"""Valkey as a child process."""

import signal
import subprocess
import tempfile
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sagaconsole.embedded.account import Account
from sagaconsole.embedded.children import spawn
from sagaconsole.embedded.ports import HOST
from sagaconsole.embedded.programs import Programs
from sagaconsole.embedded.server import Server

_SETTINGS = {
    "bind": HOST,
    "dir": ".",
    "databases": "128",  # every parallel test process has its own
    "save": '""',
    "maxmemory-policy": "noeviction",
    "appendfsync": "everysec",
}


class Valkey(Server):
    """A server in `<data_dir>/valkey`, for password holders on the loopback interface only."""

    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, data_dir: Path, account: Account | None, *, programs: Programs, password: str, durable: bool):
        super().__init__(data_dir, account)
        self._program = programs.valkey
        self._password = password
        self._settings = _SETTINGS | {"requirepass": password, "appendonly": "yes" if durable else "no"}

    def url(self) -> str:
        return f"redis://:{self._password}@{HOST}:{self.port}/0"

    def _spawn(self, lock: int) -> subprocess.Popen[bytes]:
        lines = [f"{name} {value}" for name, value in (self._settings | {"port": str(self.port)}).items()]
        # Read from an unnamed file, because every user can read the command line of a process.
        with tempfile.TemporaryFile() as configuration:
            configuration.write("\n".join([*lines, ""]).encode())
            configuration.seek(0)
            return spawn(
                [str(self._program), "-"],
                directory=self.directory,
                log=self.log,
                environment={"PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": "UTC"},
                account=self.account,
                death_signal=signal.SIGTERM,
                keep_open=[lock],
                stdin=configuration,
            )

    def _answers(self) -> bool:
        once = Retry(NoBackoff(), 0)
        client = redis.Redis.from_url(self.url(), socket_connect_timeout=2, socket_timeout=2, retry=once)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
