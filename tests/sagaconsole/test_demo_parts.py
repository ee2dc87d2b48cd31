"""The parts of the demo, one by one: its options, its directory, its logs, and who is started again."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sagaconsole.demo import logs, main
from sagaconsole.demo.directory import MARKER, demo_directory
from sagaconsole.demo.errors import DemoError
from sagaconsole.demo.options import parse_options
from sagaconsole.demo.report import for_a_shell
from sagaconsole.demo.service import Service
from sagaconsole.demo.supervisor import run_together
from sagaconsole.demo.watch import Watch
from sagaconsole.embedded.secrets_file import SecretsFile
from tests.sagaconsole.processes import is_alive, wait_until

FOR_EVER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
A_CHILD = """
import subprocess, time
child = subprocess.Popen(["/bin/sleep", "600"], process_group=0)
print(child.pid, flush=True)
time.sleep(600)
"""
WITH_CHILD = [sys.executable, "-c", A_CHILD]


def service(log: Path, argv: list[str]) -> Service:
    return Service(name="one", argv=argv, environment=dict(os.environ), log=log)


def test_options_have_the_promised_defaults() -> None:
    options = parse_options([])
    assert (options.port, options.data_dir, options.fresh) == (8000, Path(".demo"), False)
    assert (options.workers, options.traffic) == (2, 0)


@pytest.mark.parametrize(
    "wrong", [["--port", "70000"], ["--port", "x"], ["--workers", "0"], ["--traffic", "-1"], ["what"]]
)
def test_wrong_options_are_refused_with_the_usage(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse_options(wrong)
    assert refused.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_taken_port_is_one_clear_line_and_nothing_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        assert main(["--port", port, "--data-dir", str(tmp_path / "data")]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"demo: port {port} is taken by another program: choose another --port, or 0 for a free one"
    ]
    assert not (tmp_path / "data").exists()


def test_directory_is_used_by_one_demo_at_a_time(tmp_path: Path) -> None:
    with (
        demo_directory(tmp_path / "data", fresh=False) as directory,
        pytest.raises(DemoError, match="another demo runs"),
        demo_directory(directory, fresh=True),
    ):
        pass


@pytest.mark.parametrize("fresh", [True, False])
def test_directory_that_no_demo_has_made_is_left_alone(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DemoError, match="left alone"), demo_directory(tmp_path, fresh=fresh):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_fresh_empties_the_directory_and_follows_no_link_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept.txt").touch()
    with demo_directory(tmp_path / "data", fresh=False) as directory:
        (directory / "postgres").mkdir()
        (directory / "postgres" / "rows").touch()
        (directory / "link").symlink_to(tmp_path / "elsewhere")
    with demo_directory(tmp_path / "data", fresh=True) as directory:
        assert [path.name for path in directory.iterdir()] == [MARKER]
    assert (tmp_path / "elsewhere" / "kept.txt").exists()


def test_without_fresh_the_data_stay(tmp_path: Path) -> None:
    with demo_directory(tmp_path / "data", fresh=False) as directory:
        (directory / "rows").touch()
    with demo_directory(tmp_path / "data", fresh=False) as directory:
        assert (directory / "rows").exists()
        assert directory.stat().st_mode & 0o077 == 0


def test_large_log_is_moved_aside_and_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_LARGEST_BYTES", 10)
    with (tmp_path / "web.log").open("a", buffering=1) as writer:
        writer.write("a long line\n")
        logs.keep_small(tmp_path)
        writer.write("more\n")
    assert (tmp_path / "web.log").read_text() == "more\n"
    assert (tmp_path / "web.log.1").read_text() == "a long line\n"


def test_secrets_stay_the_same_and_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = SecretsFile(path).get("one")
    assert SecretsFile(path).get("one") == first
    assert SecretsFile(path).get("two") != first
    assert path.stat().st_mode & 0o077 == 0


def test_service_that_dies_is_started_again(tmp_path: Path) -> None:
    one = service(tmp_path / "log", FOR_EVER)
    one.spawn()
    said: list[str] = []
    watch = Watch([one], say=said.append)
    first = one.pid
    assert not watch.look()
    os.kill(first, signal.SIGKILL)
    wait_until(watch.look)
    assert one.pid != first
    assert "SIGKILL" in said[0]
    one.wait(timeout_seconds=0)


def test_service_that_keeps_dying_is_said_once(tmp_path: Path) -> None:
    one = service(tmp_path / "log", [sys.executable, "-c", "import sys; sys.exit('no such setting')"])
    one.spawn()
    said: list[str] = []
    watch = Watch([one], say=said.append)
    for _ in range(3):
        wait_until(watch.look)
    assert len(said) == 1
    assert "no such setting" in one.end_of_log()
    one.wait(timeout_seconds=10)


def test_end_of_a_service_is_the_end_of_what_it_has_started(tmp_path: Path) -> None:
    one = service(tmp_path / "log", WITH_CHILD)
    one.spawn()
    wait_until(lambda: one.log.read_text().endswith("\n"))
    child = int(one.log.read_text())
    assert is_alive(child)
    one.ask_to_end()
    one.wait(timeout_seconds=30)
    wait_until(lambda: not is_alive(child))
    assert not is_alive(one.pid)


def test_command_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    good = service(tmp_path / "good", [sys.executable, "-c", "print('fine')"])
    bad = service(tmp_path / "bad", [sys.executable, "-c", "import sys; sys.exit('no such table')"])
    run_together([good])
    with pytest.raises(DemoError, match="no such table"):
        run_together([good, bad])


def test_a_shell_gets_the_brokers_address_too() -> None:
    """Without it `manage.py check_participant shipping-amqp` would not find the broker."""
    odd = "amqp://a:it's$x@127.0.0.1/"
    text = for_a_shell({"AMQP_URL": odd, "AMQP_PREFIX": "p", "SAGA_DEMO": "1", "HOME": "/root"})
    read = subprocess.run(
        ["/bin/sh", "-c", f"{text}\nprintf '%s|' \"$AMQP_URL\" \"$AMQP_PREFIX\" \"$SAGA_DEMO\" \"$HOME\""],
        env={"HOME": "mine"}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert read.stdout == f"{odd}|p|1|mine|"
