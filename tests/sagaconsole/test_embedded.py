"""The embedded servers: they die with their parent, keep their data, and let in only who knows the password."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from sagaconsole.embedded import EmbeddedServerError, EmbeddedServers, programs, server
from sagaconsole.embedded.ports import free_port, port_is_free
from tests.sagaconsole.processes import is_alive, wait_until

ROOT = Path(__file__).parents[2]
OURSELVES = ""
ORDINARY_USER = "nobody"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes the user")
WHO = [pytest.param(OURSELVES, id="as-ourselves"), pytest.param(ORDINARY_USER, id="as-nobody", marks=needs_root)]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[EmbeddedServers]:
    with EmbeddedServers(tmp_path, durable=False) as running:
        yield running


@contextlib.contextmanager
def directory_of(user: str) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp())
    if user:
        os.chown(directory, pwd.getpwnam(user).pw_uid, -1)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextlib.contextmanager
def helper(directory: Path, user: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Another process with servers of its own, and what it says about them."""
    argv = [sys.executable, "-m", "tests.sagaconsole.run_servers", str(directory), *([user] if user else [])]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process, json.loads(process.stdout.readline())


def write_something(facts: dict[str, Any]) -> None:
    with psycopg.connect(facts["database_url"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
    with redis.Redis.from_url(facts["redis_url"]) as client:
        client.set("kept", "42")
        client.waitaof(1, 0, 10_000)


def read_it_again(facts: dict[str, Any]) -> tuple[object, object]:
    with psycopg.connect(facts["database_url"]) as connection, redis.Redis.from_url(facts["redis_url"]) as client:
        return connection.execute("SELECT number FROM kept").fetchone(), client.get("kept")


@pytest.mark.slow
@pytest.mark.parametrize("user", WHO)
def test_killed_parent_takes_both_servers_along_and_the_next_start_finds_the_data(user: str) -> None:
    with directory_of(user) as directory:
        with helper(directory, user) as (process, facts):
            write_something(facts)
            process.kill()
        with helper(directory, user) as (process, again):
            assert read_it_again(again) == ((42,), b"42")
            assert not any(is_alive(pid) for pid in facts["pids"])
            process.kill()
        wait_until(lambda: not any(is_alive(pid) for pid in again["pids"]))


@pytest.mark.slow
@pytest.mark.parametrize("user", WHO)
def test_clean_end_leaves_no_process_and_the_next_start_finds_the_data(user: str) -> None:
    with directory_of(user) as directory:
        with helper(directory, user) as (_process, facts):
            write_something(facts)
        assert not any(is_alive(pid) for pid in facts["pids"])
        with helper(directory, user) as (_process, again):
            assert read_it_again(again) == ((42,), b"42")


@needs_root
def test_root_lends_the_servers_to_an_ordinary_user(servers: EmbeddedServers) -> None:
    for pid in (servers.postgres_pid, servers.valkey_pid):
        assert Path(f"/proc/{pid}").stat().st_uid == pwd.getpwnam(ORDINARY_USER).pw_uid
    assert [path for path in servers.data_dir.rglob("*") if path.stat().st_mode & 0o002] == []


@pytest.mark.slow
@needs_root
def test_programs_in_a_private_home_are_copied_for_the_ordinary_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with directory_of(OURSELVES) as cache:
        cache.chmod(0o755)
        monkeypatch.setattr(programs, "_CACHE", cache / "copies")
        monkeypatch.setattr(programs, "_open_to_others", lambda _program: False)
        with EmbeddedServers(tmp_path, durable=False) as servers:
            for pid in (servers.postgres_pid, servers.valkey_pid):
                assert Path(f"/proc/{pid}/exe").readlink().is_relative_to(cache)
        assert [path for path in cache.rglob("*") if path.stat().st_mode & 0o002] == []


@pytest.mark.parametrize("kind", ["postgres", "valkey"])
def test_killed_server_comes_back_on_the_same_port(servers: EmbeddedServers, kind: str) -> None:
    one = {"postgres": servers.postgres, "valkey": servers.valkey}[kind]
    before = one.pid, one.port
    os.kill(one.pid, signal.SIGKILL)
    one.restart()
    assert one.port == before[1]
    assert one.pid != before[0]


def test_process_id_in_a_stale_file_may_belong_to_somebody_else(servers: EmbeddedServers) -> None:
    servers.postgres.stop()
    stale = servers.postgres.directory / "cluster" / "postmaster.pid"
    owner = stale.parent.stat().st_uid
    with subprocess.Popen(["/bin/sleep", "60"], user=owner) as stranger:
        stale.write_text(f"{stranger.pid}\n{stale.parent}\n1\n{servers.postgres.port}\n\n127.0.0.1\n")
        os.chown(stale, owner, -1)
        servers.restart_postgres()
        stranger.kill()
    psycopg.connect(servers.database_url).close()


def test_taken_port_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        offered = iter([taken, free_port(), taken, free_port()])
        monkeypatch.setattr(server, "free_port", lambda: next(offered))
        with EmbeddedServers(tmp_path, durable=False) as servers:
            assert taken not in {servers.postgres.port, servers.valkey.port}
            psycopg.connect(servers.database_url).close()


def test_port_taken_by_somebody_else_meanwhile_is_an_error_that_says_so(servers: EmbeddedServers) -> None:
    servers.valkey.stop()
    with socket.create_server(("127.0.0.1", servers.valkey.port)), pytest.raises(EmbeddedServerError, match="in use"):
        servers.restart_valkey()


def test_free_port_is_free_and_not_one_of_those_for_outgoing_connections() -> None:
    first, last = (int(text) for text in Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    port = free_port()
    assert port_is_free(port)
    assert not first <= port <= last


def test_second_start_on_the_same_directory_is_refused(servers: EmbeddedServers, monkeypatch: Any) -> None:
    monkeypatch.setattr(server, "_LEFTOVERS_SECONDS", 0.1)
    with pytest.raises(EmbeddedServerError, match="in use by another"):
        EmbeddedServers(servers.data_dir, durable=False).start()
    psycopg.connect(servers.database_url).close()


def test_nobody_comes_in_without_the_password(servers: EmbeddedServers) -> None:
    wrong = servers.database_url.replace(urlsplit(servers.database_url).password or "?", "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    with redis.Redis(port=servers.valkey.port) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_passwords_are_neither_readable_by_others_nor_on_a_command_line(servers: EmbeddedServers) -> None:
    assert (servers.data_dir / "servers.json").stat().st_mode & 0o077 == 0
    for pid, url in ((servers.postgres_pid, servers.postgres.url()), (servers.valkey_pid, servers.redis_url)):
        assert (urlsplit(url).password or "?").encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_every_database_is_for_its_owner_only(servers: EmbeddedServers) -> None:
    orders = servers.create_database("orders", owner="orders")
    payments = servers.create_database("payments", owner="payments")
    assert servers.create_database("orders", owner="orders") == orders
    psycopg.connect(orders).close()
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(payments, dbname="orders")


def test_children_belong_to_the_main_thread(servers: EmbeddedServers) -> None:
    errors: list[BaseException] = []

    def restart() -> None:
        try:
            servers.restart_valkey()
        except EmbeddedServerError as error:
            errors.append(error)

    thread = threading.Thread(target=restart)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


@needs_root
def test_directory_of_another_user_is_refused() -> None:
    with directory_of(ORDINARY_USER) as directory, pytest.raises(EmbeddedServerError, match="belongs to another user"):
        EmbeddedServers(directory)
