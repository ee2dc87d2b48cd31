"""Both servers of one data directory."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg import sql

from sagaconsole.embedded.account import server_account
from sagaconsole.embedded.errors import EmbeddedServerError
from sagaconsole.embedded.postgres import Postgres
from sagaconsole.embedded.programs import find_programs
from sagaconsole.embedded.secrets_file import SecretsFile
from sagaconsole.embedded.valkey import Valkey

MAIN_DATABASE = "sagaconsole"


class EmbeddedServers:
    """PostgreSQL and Valkey as children of this process, with their data in `data_dir` (made if needed, 0700).

    They end when this process ends, even if it is killed. `durable=False` is faster and may lose everything when the
    machine stops: for tests. Use it from the main thread: a child lives as long as the thread that started it.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = _own_directory(data_dir)
        self._secrets = SecretsFile(self.data_dir / "servers.json")
        account = server_account()
        programs = find_programs(account)
        self.postgres = Postgres(
            self.data_dir, account, programs=programs, password=self._secrets.get("postgres"), durable=durable
        )
        self.valkey = Valkey(
            self.data_dir, account, programs=programs, password=self._secrets.get("valkey"), durable=durable
        )
        self.database_url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def redis_url(self) -> str:
        return self.valkey.url()

    @property
    def postgres_pid(self) -> int:
        return self.postgres.pid

    @property
    def valkey_pid(self) -> int:
        return self.valkey.pid

    def start(self) -> None:
        """Start both and make the main database. Raises EmbeddedServerError; then neither is left running."""
        try:
            self.valkey.start()
            self.postgres.start()
            self.database_url = self.create_database(MAIN_DATABASE, owner=MAIN_DATABASE, may_create_databases=True)
        except BaseException:
            self.stop()
            raise

    def stop(self, *, grace_seconds: float = 15.0) -> None:
        self.postgres.stop(grace_seconds=grace_seconds)
        self.valkey.stop(grace_seconds=grace_seconds)

    def restart_postgres(self) -> None:
        """Stop PostgreSQL if it runs and start it again on the same port."""
        self.postgres.restart()

    def restart_valkey(self) -> None:
        """Stop Valkey if it runs and start it again on the same port."""
        self.valkey.restart()

    def create_database(self, name: str, *, owner: str, may_create_databases: bool = False) -> str:
        """Make sure that the database and its owner exist, and return the URL. No other role can connect to it."""
        password = self._secrets.get(f"role {owner}")
        role, database = sql.Identifier(owner), sql.Identifier(name)
        with self.postgres.connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [owner]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            attributes = sql.SQL("LOGIN CREATEDB" if may_create_databases else "LOGIN NOCREATEDB")
            connection.execute(sql.SQL("ALTER ROLE {} {} PASSWORD {}").format(role, attributes, sql.Literal(password)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        return self.postgres.url(database=name, user=owner, password=password)


def _own_directory(path: Path) -> Path:
    path = path.resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_uid != os.geteuid():
            raise EmbeddedServerError(f"{path} belongs to another user: start as that user, or use another directory")
        (path / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EmbeddedServerError(f"cannot use {path} for data: {error.strerror}") from error
    return path
