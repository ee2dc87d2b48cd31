"""Runs a demo from set-up to the end."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sagaconsole.demo import logs
from sagaconsole.demo.answers import answers
from sagaconsole.demo.directory import demo_directory
from sagaconsole.demo.errors import DemoError
from sagaconsole.demo.options import Options
from sagaconsole.demo.plan import Plan
from sagaconsole.demo.report import remove_demo_json, welcome, write_demo_json
from sagaconsole.demo.service import Service
from sagaconsole.demo.terminal import say
from sagaconsole.demo.watch import Watch
from sagaconsole.embedded import EmbeddedServers
from sagaconsole.embedded.children import adopt_orphans, follow_parent
from sagaconsole.embedded.ports import free_port, port_is_free

_LOOK_SECONDS = 0.2
_READY_SECONDS = 120.0
_SERVICES_GRACE_SECONDS = 4.5
_SERVERS_GRACE_SECONDS = 2.0


def run(options: Options) -> None:
    """Set everything up and keep it running until Stopped is raised. Raises DemoError or EmbeddedServerError."""
    port = _console_port(options.port)
    adopt_orphans()
    if "MAKELEVEL" in os.environ:  # a `make demo` that is killed takes the demo along
        follow_parent()
    with (
        demo_directory(options.data_dir, fresh=options.fresh) as directory,
        _everything(options, directory, port) as plan,
    ):
        _set_up(plan)
        watch = _start(plan)
        _wait_until_ready(plan, watch)
        write_demo_json(plan)
        say(welcome(plan))
        _keep_running(plan, watch)


def _console_port(wanted: int) -> int:
    if wanted and not port_is_free(wanted):
        raise DemoError(f"port {wanted} is taken by another program: choose another --port, or 0 for a free one")
    return wanted or free_port()


@contextlib.contextmanager
def _everything(options: Options, directory: Path, port: int) -> Iterator[Plan]:
    """The servers, running, and the plan of what runs on them; at the end all of it is stopped."""
    remove_demo_json(directory)
    logs.make_empty(directory / "logs")
    say("Starting PostgreSQL and Valkey")
    with EmbeddedServers(directory) as servers:
        plan = Plan(options, directory, port, servers)
        try:
            yield plan
        finally:
            say("Stopping")
            _stop(plan)


def _stop(plan: Plan) -> None:
    remove_demo_json(plan.directory)
    end_together(plan.services)
    plan.servers.stop(grace_seconds=_SERVERS_GRACE_SECONDS)


def _set_up(plan: Plan) -> None:
    say("Preparing the databases of the console and of four participants")
    prepare, seed = plan.set_up()
    run_together(prepare)
    say("Making users, participants and definitions")
    run_together(seed)


def _start(plan: Plan) -> Watch:
    consumer = "a consumer of RabbitMQ, " if plan.consumers else ""
    say(
        f"Starting the console, the gRPC server, {consumer}the dispatcher, "
        f"{len(plan.workers)} workers and four participants"
    )
    for service in plan.services:
        service.spawn()
    return Watch([plan.servers.postgres, plan.servers.valkey, *plan.services], say=say)


def _wait_until_ready(plan: Plan, watch: Watch) -> None:
    waiting = plan.signs_of_life
    deadline = time.monotonic() + _READY_SECONDS
    while waiting := {url: service for url, service in waiting.items() if not answers(url)}:
        watch.look()
        if time.monotonic() > deadline:
            url, service = waiting.popitem()
            raise DemoError(
                f"{url} is not answered with 200; the log of {service.name} ends with:\n{service.end_of_log()}"
            )
        time.sleep(_LOOK_SECONDS)


def _keep_running(plan: Plan, watch: Watch) -> None:
    is_outdated = False
    while True:
        is_outdated = watch.look() or is_outdated
        # A full disk must not end the demo: it is tried again until there is room.
        with contextlib.suppress(OSError):
            if is_outdated:
                write_demo_json(plan)
                is_outdated = False
            logs.keep_small(plan.directory / "logs")
        time.sleep(_LOOK_SECONDS)


def run_together(commands: Sequence[Service]) -> None:
    """Run commands side by side until all have ended well. Raises DemoError with the log of one that has not."""
    try:
        for command in commands:
            command.spawn()
        while any(command.is_running for command in commands):
            time.sleep(_LOOK_SECONDS / 4)
    finally:
        end_together(commands)
    for command in commands:
        if command.ended_how != "exit code 0":
            raise DemoError(f"{command.name} failed ({command.ended_how}):\n{command.end_of_log()}")


def end_together(services: Sequence[Service]) -> None:
    """Ask all to end, wait, and kill those that are still there when the time is up."""
    for service in services:
        service.ask_to_end()
    deadline = time.monotonic() + _SERVICES_GRACE_SECONDS
    for service in services:
        service.wait(timeout_seconds=deadline - time.monotonic())
