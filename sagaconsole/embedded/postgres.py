"""PostgreSQL as a child process."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO

import psycopg

from sagaconsole.embedded.account import Account, private_directory
from sagaconsole.embedded.children import spawn
from sagaconsole.embedded.errors import EmbeddedServerError
from sagaconsole.embedded.ports import HOST
from sagaconsole.embedded.programs import Programs
from sagaconsole.embedded.server import Server

SUPERUSER = "postgres"
# A plain environment: variables like PGDATA or LC_MESSAGES of the caller's shell must not reach the server.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "scram_iterations": "1",  # stretching protects weak passwords; ours are 256 random bits and connecting stays cheap
    "log_checkpoints": "off",
    "timezone": "UTC",
}
_DURABLE = {"fsync": "on", "shared_buffers": "256MB"}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}

_INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--pwfile=/proc/self/fd/0",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


class Postgres(Server):
    """A cluster in `<data_dir>/postgres`, for password holders on the loopback interface only."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes everything out

    def __init__(self, data_dir: Path, account: Account | None, *, programs: Programs, password: str, durable: bool):
        super().__init__(data_dir, account)
        self._programs = programs
        self._password = password
        self._settings = _SETTINGS | (_DURABLE if durable else _FAST)
        # Nobody reads a throw-away cluster again: it need not be written out when the parent is gone.
        self._death_signal = signal.SIGINT if durable else signal.SIGQUIT

    def url(self, *, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        return f"postgres://{user}:{password or self._password}@{HOST}:{self.port}/{database}"

    def connect(self) -> psycopg.Connection:
        """A connection with every right, each statement committed at once."""
        return psycopg.connect(self.url(), autocommit=True, connect_timeout=5)

    @property
    def _cluster(self) -> Path:
        return self.directory / "cluster"

    def _spawn(self, lock: int) -> subprocess.Popen[bytes]:
        if not self._cluster.exists():
            self._make_cluster()
        # The lock has shown that no process of the cluster is left. PostgreSQL itself would only see that the process
        # id in this file is in use, perhaps by an unrelated process after a reboot, and refuse to start.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)
        settings = [
            word for item in (self._settings | {"port": str(self.port)}).items() for word in ("-c", "=".join(item))
        ]
        return spawn(
            [str(self._programs.postgres), "-D", self._path_of(self._cluster), *settings],
            directory=self._cluster,
            log=self.log,
            environment=_ENVIRONMENT,
            account=self.account,
            death_signal=self._death_signal,
            keep_open=[lock],
        )

    def _path_of(self, directory: Path) -> str:
        """How the server names the directory it is started in.

        Another account may not be allowed to enter the directories above. Its own working directory it always may,
        and PostgreSQL never leaves that.
        """
        return "/proc/self/cwd" if self.account else str(directory)

    def _make_cluster(self) -> None:
        """Made aside and moved into place, so that a crash leaves no half-made cluster."""
        aside = self.directory / "cluster.new"
        shutil.rmtree(aside, ignore_errors=True)
        private_directory(aside, self.account)
        with tempfile.TemporaryFile() as password_file:
            password_file.write(self._password.encode())
            password_file.seek(0)
            if self.account:
                os.fchown(password_file.fileno(), self.account.uid, self.account.gid)
            self._run_initdb(aside, password_file)
        aside.rename(self._cluster)

    def _run_initdb(self, directory: Path, password_file: IO[bytes]) -> None:
        process = spawn(
            [str(self._programs.initdb), f"--pgdata={self._path_of(directory)}", *_INITDB_OPTIONS],
            directory=directory,
            log=self.log,
            environment=_ENVIRONMENT,
            account=self.account,
            stdin=password_file,
        )
        if process.wait() != 0:
            raise EmbeddedServerError(f"initdb failed:\n{self._end_of_log()}")

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True
