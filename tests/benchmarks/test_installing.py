"""The peers' environment: a peer that cannot be installed is left out, with the reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.peers import installing


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(installing, "HOME", tmp_path)
    installing.restate_server.cache_clear()
    yield tmp_path
    installing.restate_server.cache_clear()


def test_without_npm_restate_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(installing.LeftOut, match="npm is not installed"):
        installing.restate_server()


def test_an_installation_that_fails_leaves_the_peer_out_and_is_not_taken_for_done(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    npm = elsewhere / "npm-program"
    npm.mkdir()
    (npm / "npm").write_text("#!/bin/sh\necho 'no such package' >&2\nexit 1\n")
    (npm / "npm").chmod(0o700)
    monkeypatch.setenv("PATH", f"{npm}:/usr/bin:/bin")
    for _try in range(2):
        with pytest.raises(installing.LeftOut, match="no such package"):
            installing.restate_server()


def test_a_complete_installation_is_used_again(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = elsewhere / "npm"
    server = home / "node_modules/@restatedev/restate-server-linux-x64/bin/restate-server"
    server.parent.mkdir(parents=True)
    server.touch()
    installing._done(home, installing._stamp(installing.RESTATE_SERVER))
    monkeypatch.setenv("PATH", "")
    assert installing.restate_server() == str(server)
