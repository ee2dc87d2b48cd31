"""Child processes that cannot outlive their parent, not even when the parent is killed with SIGKILL."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from sagaconsole.embedded.account import Account
from sagaconsole.embedded.errors import EmbeddedServerError

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    directory: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    account: Account | None = None,
    keep_open: Sequence[int] = (),
    stdin: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, its output appended to `log`.

    The kernel sends it `death_signal` when this process ends, however it ends. It does so when the *thread* that
    started the child ends, so only the main thread may call this. Raises EmbeddedServerError elsewhere, and when the
    program cannot be started.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedServerError("child processes live as long as the thread that starts them: use the main thread")
    try:
        with _append_to(log) as output:
            return subprocess.Popen(  # noqa: S603  the programs are ours
                argv,
                cwd=directory,
                env=dict(environment),
                stdin=stdin or subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=keep_open,
                preexec_fn=_die_with_parent(os.getpid(), death_signal),  # noqa: PLW1509  two system calls, no lock
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(f"cannot start {argv[0]}: {error}") from error


def end(process: subprocess.Popen[bytes], *, first: signal.Signals, grace_seconds: float) -> None:
    """Ask the process to end with `first`, and kill it after `grace_seconds`. A process that is gone is fine."""
    process.send_signal(first)
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def how_it_ended(process: subprocess.Popen[bytes] | None) -> str:
    """For a person: "exit code 1", "SIGKILL", or "still running"."""
    code = process.poll() if process else None
    if code is None:
        return "still running"
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def adopt_orphans() -> None:
    """From now on descendants whose parent has died become children of this process, which must collect them.

    Else they go to process 1, which in containers often collects nobody: they would be listed for ever.
    """
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def follow_parent() -> None:
    """Have the kernel send SIGTERM to this process when its own parent dies."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def kill_session(leader_pid: int) -> None:
    """Kill what is left of the session that a child from `spawn` led, now that it has ended: its children and theirs.

    While a session has members its number is given to no other process. So if there is a process of that number, the
    session had ended before, and the number belongs to a stranger.
    """
    if Path(f"/proc/{leader_pid}").exists():
        return
    for pid in _session_members(leader_pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _session_members(leader_pid: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # The name in parentheses may hold spaces; after it: state, parent, group, session.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader_pid and fields[0] != "Z":
                yield int(entry.name)


def _append_to(log: Path) -> IO[bytes]:
    return open(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab")


def _die_with_parent(parent_pid: int, death_signal: signal.Signals) -> Callable[[], None]:
    """What the child runs before its program. After setuid, because setuid clears the parent-death signal."""
    if sys.platform != "linux":
        raise EmbeddedServerError("the embedded servers need Linux: elsewhere children would outlive their parent")

    def in_child() -> None:
        if _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
            os._exit(126)
        if os.getppid() != parent_pid:  # the parent died between the fork and the line above
            os._exit(125)

    return in_child
